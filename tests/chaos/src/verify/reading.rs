//! Reads everything that is committed off the brokers and puts it on a shelf. A client like any other: it uses
//! librdkafka and nothing of the runtime that it looks at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message};
use rdkafka::{Offset, TopicPartitionList};
use schemas_codec::Codec;
use schemas_records::protocol::DeadLetter;
use schemas_records::{Headers, Key, TaskId, Timestamp, headers};
use topics_catalog::Kind;
use topics_log::{Record, TopicPartition};

use super::shelf::{Contents, Filling, Shelf, Topic};
use super::subject::Subject;

/// How long a broker may take to answer, also when the machine is busy, or has just lost another broker.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long one read waits for more.
const POLL: Duration = Duration::from_millis(100);

/// Reads a team's topics, from the beginning to the end of what can be read now, into a folder. What goes on
/// meanwhile is read in part, so nothing should.
///
/// # Errors
/// Brokers that do not answer, and a disk that is full.
pub fn read(brokers: &str, subject: &Subject, folder: &Path) -> anyhow::Result<Shelf> {
    let reader = client(brokers, "tests-chaos.verifier")?;
    let partitions = partitions(&reader)?;
    let mut topics = Vec::new();
    for (name, group) in subject.topics() {
        let Some(partitions) = partitions.get(&name).copied() else { continue };
        let stepped = group.map(|group| committed(brokers, &group, &name, partitions)).transpose()?;
        topics.push(Topic { name, partitions, stepped });
    }
    let tasks = subject.names.topic(Kind::Tasks);
    let count = topics.iter().filter(|topic| topic.name == tasks);
    let mut most = 0;
    for (topic, partition) in count.flat_map(|topic| (0..topic.partitions).map(move |p| (topic, p))) {
        let (low, high) = reader.fetch_watermarks(&topic.name, partition, ANSWER_MAX)?;
        most += u64::try_from(high - low).unwrap_or(0);
    }
    anyhow::ensure!(most > 0, "there is no task in {tasks}: nothing to judge");
    let contents = Contents {
        namespace: subject.names.namespace().to_owned(),
        team: subject.team.name().to_owned(),
        slices: 0,
        topics,
    };
    let filling = Filling::begin(folder, contents.clone(), most)?;
    fill(&reader, &contents.topics, &subject.codec, filling)
}

/// Those of these topics that exist.
///
/// # Errors
/// Brokers that do not answer.
pub fn existing(brokers: &str, names: &[String]) -> anyhow::Result<Vec<String>> {
    let known = partitions(&client(brokers, "tests-chaos.verifier")?)?;
    Ok(names.iter().filter(|name| known.contains_key(*name)).cloned().collect())
}

/// How far a group has committed each partition of a topic; 0 where it has not.
///
/// # Errors
/// Brokers that do not answer.
pub fn committed(brokers: &str, group: &str, topic: &str, partitions: i32) -> anyhow::Result<Vec<i64>> {
    let client = client(brokers, group)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let found = client.committed_offsets(list, ANSWER_MAX);
    let found = found.with_context(|| format!("ask how far {group} is"))?;
    let offset = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
    Ok(found.elements().iter().map(|element| offset(element.offset())).collect())
}

/// Where each partition of a topic ends for a reader of what is committed, markers at the end left out.
///
/// # Errors
/// Brokers that do not answer.
pub fn ends(brokers: &str, topic: &str, from: &[i64]) -> anyhow::Result<Vec<i64>> {
    let reader = client(brokers, "tests-chaos.verifier")?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in (0..).zip(from) {
        list.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
    }
    reader.assign(&list)?;
    let mut ends = from.to_vec();
    drain(&reader, from.len(), |message| {
        if let Some(end) = usize::try_from(message.partition()).ok().and_then(|at| ends.get_mut(at)) {
            *end = message.offset() + 1;
        }
        Ok(())
    })?;
    Ok(ends)
}

fn client(brokers: &str, group: &str) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "tests-chaos")
        // It joins no group; librdkafka wants a name all the same, and offsets are asked for by it.
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true");
    config.create().context("make a reader")
}

/// How many partitions each topic has.
fn partitions(reader: &BaseConsumer) -> anyhow::Result<BTreeMap<String, i32>> {
    let metadata =
        reader.fetch_metadata(None, ANSWER_MAX).context("ask for the topics; do the brokers run?")?;
    let count =
        |topic: &rdkafka::metadata::MetadataTopic| i32::try_from(topic.partitions().len()).unwrap_or(0);
    Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic))).collect())
}

fn fill(
    reader: &BaseConsumer,
    topics: &[Topic],
    codec: &Codec,
    mut filling: Filling,
) -> anyhow::Result<Shelf> {
    let mut list = TopicPartitionList::new();
    for topic in topics {
        for partition in 0..topic.partitions {
            list.add_partition_offset(&topic.name, partition, Offset::Beginning)?;
        }
    }
    reader.assign(&list)?;
    let names: BTreeMap<&str, Arc<str>> =
        topics.iter().map(|topic| (topic.name.as_str(), topic.name.as_str().into())).collect();
    drain(reader, list.count(), |message| {
        let record = record(message, &names)?;
        filling.put(&task_of(&record, codec), &record)
    })?;
    filling.done()
}

/// Everything up to the end of each of so many partitions.
fn drain(
    reader: &BaseConsumer,
    mut open: usize,
    mut see: impl FnMut(&BorrowedMessage<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut heard = Instant::now();
    while open > 0 {
        match reader.poll(POLL) {
            Some(Ok(message)) => {
                see(&message)?;
                heard = Instant::now();
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                open -= 1;
                heard = Instant::now();
            }
            Some(Err(_)) | None => anyhow::ensure!(
                heard.elapsed() < ANSWER_MAX,
                "{open} partitions could not be read to their end: nothing came for {ANSWER_MAX:?}"
            ),
        }
    }
    Ok(())
}

fn record(message: &BorrowedMessage<'_>, names: &BTreeMap<&str, Arc<str>>) -> anyhow::Result<Record> {
    let topic = names.get(message.topic()).context("a record of a topic that was not asked for")?;
    let mut headers = Headers::new();
    for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
        headers.push(header.key, header.value.unwrap_or_default());
    }
    Ok(Record {
        topic_partition: TopicPartition::new(Arc::clone(topic), message.partition()),
        offset: message.offset(),
        timestamp: Timestamp(message.timestamp().to_millis().unwrap_or_default()),
        key: Key::new(message.key().unwrap_or_default()),
        value: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
        headers,
    })
}

/// The task that a record belongs to, by which it is filed: as its header says, and a dead letter's as the record's
/// did that it is about. What has none is its own.
#[must_use]
pub fn task_of(record: &Record, codec: &Codec) -> String {
    let place = |topic: &str, partition, offset| TaskId::of_origin(topic, partition, offset).to_string();
    let named = |text: &str| TaskId::new(text).ok().map(|task| task.to_string());
    if let Some(task) = record.headers.text(headers::TASK_ID).and_then(named) {
        return task;
    }
    let at = &record.topic_partition;
    let own = || place(&at.topic, at.partition, record.offset);
    let Ok(letter) = codec.decode::<DeadLetter>(&record.value) else { return own() };
    let id = letter.headers.iter().rev().find(|header| header.name == headers::TASK_ID);
    let id = id.and_then(|header| std::str::from_utf8(&header.value).ok().and_then(named));
    id.unwrap_or_else(|| place(&letter.topic, letter.partition, letter.offset))
}
