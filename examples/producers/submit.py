"""One question to the briefing team, and its brief, with confluent-kafka: Avro by the schema registry.

python submit.py BROKERS NAMESPACE REGISTRY [TASK-ID]
"""

import sys
import time
import uuid

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, namespace, registry = sys.argv[1:4]
task_id = sys.argv[4] if len(sys.argv) > 4 else f"python-{uuid.uuid4()}"
tasks, results = f"{namespace}.briefing.tasks", f"{namespace}.briefing.results"
value_of = lambda topic: SerializationContext(topic, MessageField.VALUE)

schemas = SchemaRegistryClient({"url": registry})
schema = schemas.get_latest_version(f"{tasks}-tributary.briefing.Question").schema
subjects = {"auto.register.schemas": False, "subject.name.strategy": topic_record_subject_name_strategy}
serialize = AvroSerializer(schemas, schema, conf=subjects)
deserialize = AvroDeserializer(schemas)

question = {"question": "Should we take on twelve analysts?", "sector": "construction", "month": "2014-03", "plan": None}
producer = Producer({"bootstrap.servers": brokers})
producer.produce(tasks, serialize(question, value_of(tasks)), key=task_id, headers={"task-id": task_id})
if producer.flush(30) > 0:
    sys.exit(f"no broker took the task within 30 s: {brokers}")

group = {"group.id": f"{results}.{task_id}", "auto.offset.reset": "earliest", "enable.auto.commit": False}
consumer = Consumer({"bootstrap.servers": brokers, "isolation.level": "read_committed", **group})
consumer.subscribe([results])
deadline = time.monotonic() + 120
while time.monotonic() < deadline:
    record = consumer.poll(1)
    if record is None or record.error() or dict(record.headers() or []).get("task-id") != task_id.encode():
        continue
    outcome = dict(record.headers())["outcome"].decode()
    print(task_id, outcome, deserialize(record.value(), value_of(results)))
    consumer.close()
    sys.exit(outcome != "ok")
sys.exit(f"no result of {task_id} within 120 s: is a node running?")
