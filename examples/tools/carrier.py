"""A tool that is served from outside: agents ask over Kafka where a parcel is, and are answered over Kafka.

python carrier.py BROKERS NAMESPACE PARCELS.json
"""

import json
import sys

from confluent_kafka import Consumer, KafkaException, Producer

brokers, namespace, parcels = sys.argv[1:4]
requests = f"{namespace}.parcels.tool.carrier.requests"


def carrier(arguments):
    with open(parcels) as file:
        found = json.load(file).get(arguments["parcel"])
    if found is None:
        raise LookupError(f"there is no parcel {arguments['parcel']}")
    return found


def delivered(error, _):
    if error:
        raise KafkaException(error)


client = {"bootstrap.servers": brokers}
group = {"group.id": requests, "auto.offset.reset": "earliest", "session.timeout.ms": 10_000}
committed = {"isolation.level": "read_committed", "enable.auto.commit": False}
consumer, producer = Consumer({**client, **group, **committed}), Producer(client)
consumer.subscribe([requests])
while True:
    request = consumer.poll(1)
    if request is None or request.error():
        continue
    headers = dict(request.headers())
    if headers["kind"] == b"input":  # a cancellation, the other kind, may be passed over
        try:
            outcome, value = "ok", carrier(json.loads(request.value()))
        except Exception as error:
            outcome, value = "failed", {"message": str(error)}
        _, topic, partition, _, key = headers.pop("reply-to").decode().split("|", 4)
        headers |= {"kind": "answer", "outcome": outcome, "agent-version": "carrier-1", "instance": "carrier"}
        producer.produce(topic, json.dumps(value), key, int(partition), headers=headers, on_delivery=delivered)
        producer.flush()
    consumer.commit(request)  # last: whoever dies before it is asked again
