// One question to the briefing team, and its brief, with @platformatic/kafka: JSON in, Avro by the registry out.
//
// node submit.mjs BROKERS NAMESPACE REGISTRY [TASK-ID]
import { randomUUID } from 'node:crypto'
import { Consumer, FetchIsolationLevels, Producer, stringDeserializer, stringSerializers } from '@platformatic/kafka'
import avro from 'avsc'

const [brokers, namespace, registry, taskId = `node-${randomUUID()}`] = process.argv.slice(2)
const [tasks, results] = [`${namespace}.briefing.tasks`, `${namespace}.briefing.results`]
const client = { clientId: 'submit', bootstrapBrokers: brokers.split(',') }

// First: the client's own calls may wait without end, too.
const patience = setTimeout(() => {
  console.error(`no result of ${taskId} within 120 s: is a node running?`)
  process.exit(1)
}, 120_000)

const question = { question: 'Should we take on twelve analysts?', sector: 'construction', month: '2014-03', plan: null }
const producer = new Producer({ ...client, serializers: stringSerializers })
const headers = { 'task-id': taskId }
await producer.send({ messages: [{ topic: tasks, key: taskId, value: JSON.stringify(question), headers }] })
await producer.close()

async function decode(value) { // a zero, the schema's id in four bytes, Avro
  const answer = await fetch(`${registry}/schemas/ids/${value.readUInt32BE(1)}`)
  return avro.Type.forSchema(JSON.parse((await answer.json()).schema)).fromBuffer(value.subarray(5))
}

const deserializers = { headerKey: stringDeserializer, headerValue: stringDeserializer }
const isolationLevel = FetchIsolationLevels.READ_COMMITTED
const consumer = new Consumer({ ...client, groupId: `${results}.${taskId}`, isolationLevel, deserializers })
const stream = await consumer.consume({ topics: [results], mode: 'earliest', autocommit: false })
for await (const record of stream) {
  if (record.headers.get('task-id') !== taskId) continue
  clearTimeout(patience)
  const outcome = record.headers.get('outcome')
  console.log(taskId, outcome, JSON.stringify(await decode(record.value)))
  process.exitCode = outcome === 'ok' ? 0 : 1
  break
}
await consumer.close(true)
