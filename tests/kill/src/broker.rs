//! What this program itself has to do with the broker: topics, sending tasks, reading results, and how far a
//! group is. A Kafka client like any other: it uses nothing of the runtime that it measures.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use schemas_records::headers;
use tokio::sync::mpsc;

use crate::tasks::Task;

/// Partitions of every topic, on both sides.
pub const PARTITIONS: i32 = 4;

/// How long a broker on this machine may take to answer, also when the machine is busy.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// How long a read waits for more.
const POLL: Duration = Duration::from_millis(100);

/// The end of a task, read from a results topic.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The topic.
    pub topic: String,
    /// The task's id.
    pub task: String,
    /// Whether it is a result and no failure.
    pub is_ok: bool,
}

fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("client.id", "tests-kill");
    config
}

/// Makes topics.
pub async fn make_topics(brokers: &str, names: &[&str]) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = client(brokers).create()?;
    let topics: Vec<NewTopic<'_>> =
        names.iter().map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1))).collect();
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_MAX)).request_timeout(Some(ANSWER_MAX));
    for made in admin.create_topics(&topics, &options).await.context("make topics; does the broker run?")? {
        made.map_err(|(name, code)| {
            anyhow::anyhow!("make topic {name}: {code}; or name another --namespace")
        })?;
    }
    Ok(())
}

/// Sends tasks.
pub struct Sender(ThreadedProducer<DefaultProducerContext>);

impl Sender {
    /// A producer with librdkafka's defaults.
    pub fn new(brokers: &str) -> anyhow::Result<Self> {
        Ok(Self(client(brokers).create().context("make a producer")?))
    }

    /// Sends a task to a topic.
    pub fn send(&self, topic: &str, task: &Task) -> anyhow::Result<()> {
        let id = Header { key: headers::TASK_ID, value: Some(&task.id) };
        let record = BaseRecord::to(topic)
            .key(&task.id)
            .payload(&task.json)
            .headers(OwnedHeaders::new_with_capacity(1).insert(id));
        self.0.send(record).map_err(|(error, _)| error).with_context(|| format!("send {}", task.id))
    }
}

fn reader(brokers: &str, topics: &[String]) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = client(brokers)
        // It joins no group; librdkafka wants a name all the same.
        .set("group.id", "tests-kill.reader")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .context("make a reader of the results")?;
    let mut list = TopicPartitionList::new();
    for topic in topics {
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
    }
    consumer.assign(&list).context("read the results")?;
    Ok(consumer)
}

fn ending(message: &BorrowedMessage<'_>) -> Ending {
    let header = |name: &str| {
        let found = message.headers()?.iter().find(|header| header.key == name)?;
        Some(String::from_utf8_lossy(found.value?).into_owned())
    };
    let key = || String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
    Ending {
        topic: message.topic().to_owned(),
        task: header(headers::TASK_ID).unwrap_or_else(key),
        // The naive side writes no such headers, and no failures.
        is_ok: header(headers::KIND).is_none_or(|kind| kind == "result")
            && header(headers::OUTCOME).is_none_or(|outcome| outcome == "ok"),
    }
}

/// Reads results as they come, on a thread of its own, until nobody takes them any more.
pub fn follow(brokers: &str, topics: &[String]) -> anyhow::Result<mpsc::UnboundedReceiver<Ending>> {
    let consumer = reader(brokers, topics)?;
    // Unbounded: a few hundred small records at most, one or two for each task.
    let (tx, rx) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while !tx.is_closed() {
            if let Some(Ok(message)) = consumer.poll(POLL) {
                // Then it ends at the next look.
                let _ = tx.send(ending(&message));
            }
        }
    });
    Ok(rx)
}

/// All results that stand there now, read anew from the beginning to the end of each partition.
pub fn read_all(brokers: &str, topics: &[String]) -> anyhow::Result<Vec<Ending>> {
    let consumer = reader(brokers, topics)?;
    let until = Instant::now() + ANSWER_MAX;
    let mut open = topics.len() * usize::try_from(PARTITIONS)?;
    let mut all = Vec::new();
    while open > 0 {
        anyhow::ensure!(
            Instant::now() < until,
            "count the results: {open} partitions could not be read to their end within {ANSWER_MAX:?}"
        );
        match consumer.poll(POLL) {
            Some(Ok(message)) => all.push(ending(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(_)) | None => {}
        }
    }
    Ok(all)
}

/// Records of a topic that its group has not committed. Only for topics without transactions, whose markers
/// are records that nobody commits.
pub fn lag(brokers: &str, group: &str, topic: &str) -> anyhow::Result<i64> {
    let consumer: BaseConsumer = client(brokers).set("group.id", group).create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, PARTITIONS - 1);
    let committed = consumer.committed_offsets(list, ANSWER_MAX).context("ask how far the naive group is")?;
    let committed: BTreeMap<i32, i64> = committed
        .elements()
        .iter()
        .filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        })
        .collect();
    let mut lag = 0;
    for partition in 0..PARTITIONS {
        let (_, end) = consumer.fetch_watermarks(topic, partition, ANSWER_MAX)?;
        lag += end - committed.get(&partition).copied().unwrap_or(0);
    }
    Ok(lag)
}
