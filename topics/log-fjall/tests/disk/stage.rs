//! A log in a folder, and everything that can be seen of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use topics_log::{
    Assignment, Clock, Committed, Consumer, Error, Group, Headers, Key, Log, NewRecord, NewTopic,
    OffsetCommit, Polled, Record, Start, SystemClock, TopicDescription, TopicPartition,
};
use topics_log_fjall::FjallLog;

/// Longest wait for what is there already.
pub const SOON: Duration = Duration::from_secs(10);

/// Opens the log.
pub fn open(folder: &Path) -> Result<FjallLog, Error> {
    FjallLog::open(folder, Arc::new(SystemClock))
}

/// Opens it under a clock.
pub fn open_at(folder: &Path, clock: &Arc<dyn Clock>) -> FjallLog {
    FjallLog::open(folder, Arc::clone(clock)).unwrap()
}

/// A topic to be created.
pub fn topic(name: &str, partitions: i32, config: &[(&str, &str)]) -> NewTopic {
    let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    NewTopic { name: name.to_owned(), partitions, replication: 1, config }
}

/// A record for a partition.
pub fn record(topic: &str, partition: i32, value: &str) -> NewRecord {
    let mut headers = Headers::new();
    headers.push("header", value);
    NewRecord {
        topic: topic.into(),
        partition: Some(partition),
        key: Key::new(b"key"),
        value: Bytes::copy_from_slice(value.as_bytes()),
        headers,
    }
}

/// A group's member and what it was assigned.
pub struct Member {
    pub consumer: Box<dyn Consumer>,
    pub assigned: Vec<Assignment>,
}

impl Member {
    /// Joins as the group's only member.
    pub async fn join(log: &dyn Log, group: &str, topic: &str) -> Self {
        let group = Group { id: group.to_owned(), instance: "one".to_owned() };
        let mut consumer = log.join(group, &[topic]).await.unwrap();
        match consumer.poll(1, SOON).await.unwrap() {
            Polled::Assigned(assigned) => Self { consumer, assigned },
            other => panic!("expected partitions, got {other:?}"),
        }
    }

    /// The offset behind what was handled of a partition.
    pub fn offset(&self, partition: usize, next: i64, metadata: &str) -> OffsetCommit {
        OffsetCommit { assignment: self.assigned[partition].clone(), next, metadata: metadata.to_owned() }
    }

    /// What is committed of each partition.
    pub async fn committed(&mut self) -> Vec<Option<Committed>> {
        self.consumer.committed(&self.assigned).await.unwrap()
    }
}

/// Everything that can be seen of a log.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    pub topics: Vec<TopicDescription>,
    pub records: Vec<Vec<Record>>,
    pub ends: Vec<i64>,
    pub committed: Vec<Vec<Option<Committed>>>,
}

/// Looks at all topics, and at what these groups have committed in each.
pub async fn view(log: &dyn Log, groups: &[&str]) -> View {
    let topics = log.topics("").await.unwrap();
    let (mut records, mut ends, mut committed) = (Vec::new(), Vec::new(), Vec::new());
    for topic in &topics {
        for partition in 0..topic.partitions {
            let (found, end) = read(log, &topic.name, partition).await.unwrap();
            records.push(found);
            ends.push(end);
        }
        for group in groups {
            committed.push(Member::join(log, group, &topic.name).await.committed().await);
        }
    }
    View { topics, records, ends, committed }
}

/// All that can be read of a partition, and the end it tells.
pub async fn read(log: &dyn Log, topic: &str, partition: i32) -> Result<(Vec<Record>, i64), Error> {
    let at = TopicPartition::new(topic, partition);
    let mut reader = log.reader(&[(at, Start::Beginning)]).await?;
    let end = reader.ends().await?[0];
    let mut records: Vec<Record> = Vec::new();
    while records.last().map_or(0, |last| last.offset + 1) < end {
        records.extend(reader.read(10_000, SOON).await?);
    }
    Ok((records, end))
}

/// The values of records as text.
pub fn values(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
}
