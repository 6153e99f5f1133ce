//! One case's own corner of a log: names, topics, readers, records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use topics_log::{
    Error, Group, Headers, Key, Log, NewRecord, NewTopic, Reader, Record, Start, TopicPartition,
};

use super::Timing;

/// What a case is given.
#[derive(Clone)]
pub struct Scene {
    /// The log under test.
    pub log: Arc<dyn Log>,
    /// How fast it is.
    pub timing: Timing,
    /// What every name of this case begins with.
    prefix: String,
}

impl Scene {
    /// A corner whose names begin with `prefix`.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, prefix: String, timing: Timing) -> Self {
        Self { log, timing, prefix }
    }

    /// A name of this case's own, for topics, groups and transactions.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// A member's names in this case's one group.
    #[must_use]
    pub fn group(&self, instance: &str) -> Group {
        Group { id: self.name("group"), instance: instance.into() }
    }

    /// A topic as it would be created, with the log's append time.
    #[must_use]
    pub fn new_topic(&self, name: &str, partitions: i32) -> NewTopic {
        let config = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
        NewTopic { name: self.name(name), partitions, replication: 1, config }
    }

    /// Creates a topic and returns its full name.
    ///
    /// # Errors
    /// The log's.
    pub async fn topic(&self, name: &str, partitions: i32) -> Result<String, Error> {
        let new = self.new_topic(name, partitions);
        self.log.create(std::slice::from_ref(&new)).await?;
        Ok(new.name)
    }

    /// A reader of every partition of a topic.
    ///
    /// # Errors
    /// The log's.
    pub async fn reader(&self, topic: &str, partitions: i32, start: Start) -> Result<Box<dyn Reader>, Error> {
        let from: Vec<_> = (0..partitions).map(|p| (TopicPartition::new(topic, p), start)).collect();
        self.open(&from).await
    }

    /// A reader.
    ///
    /// # Errors
    /// The log's.
    pub async fn open(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        let patience = self.timing.patience();
        loop {
            let opened = self.log.reader(from).await;
            if !patience.again(opened.as_ref().err()).await {
                return opened;
            }
        }
    }

    /// Appends a range of numbers to one partition without a transaction.
    ///
    /// # Errors
    /// The log's.
    pub async fn publish(
        &self,
        topic: &str,
        partition: i32,
        values: std::ops::Range<usize>,
    ) -> Result<(), Error> {
        let records = values.map(|value| record(topic, partition, &value.to_string())).collect();
        self.log.publisher().await?.publish(records).await.map(|_| ())
    }

    /// Everything that can be seen of a topic from its beginning, read until nothing comes any more.
    ///
    /// # Errors
    /// The log's.
    pub async fn everything(&self, topic: &str, partitions: i32) -> Result<Vec<Record>, Error> {
        let mut reader = self.reader(topic, partitions, Start::Beginning).await?;
        self.rest(&mut *reader).await
    }

    /// Everything a reader can still see, read until nothing comes any more.
    ///
    /// # Errors
    /// The log's.
    pub async fn rest(&self, reader: &mut dyn Reader) -> Result<Vec<Record>, Error> {
        let mut all = Vec::new();
        loop {
            let records = reader.read(1000, self.timing.quiet).await?;
            if records.is_empty() {
                return Ok(all);
            }
            all.extend(records);
        }
    }

    /// Exactly `count` records from a reader; fewer if they do not come in time.
    ///
    /// # Errors
    /// The log's.
    pub async fn read(&self, reader: &mut dyn Reader, count: usize) -> Result<Vec<Record>, Error> {
        let deadline = Instant::now() + self.timing.settle;
        let mut all = Vec::new();
        while all.len() < count && Instant::now() < deadline {
            all.extend(reader.read(count - all.len(), Duration::from_millis(100)).await?);
        }
        Ok(all)
    }

    /// Removes what this case created.
    ///
    /// # Errors
    /// The log's.
    pub async fn tidy(&self) -> Result<(), Error> {
        let own = self.log.topics(&self.name("")).await?;
        let names: Vec<String> = own.into_iter().map(|topic| topic.name).collect();
        if names.is_empty() { Ok(()) } else { self.log.remove(&names).await }
    }
}

/// A record for one partition.
#[must_use]
pub fn record(topic: &str, partition: i32, value: &str) -> NewRecord {
    keyed(topic, Some(partition), "key", value)
}

/// A record with a key; without a partition the key decides.
#[must_use]
pub fn keyed(topic: &str, partition: Option<i32>, key: &str, value: &str) -> NewRecord {
    let value = Bytes::copy_from_slice(value.as_bytes());
    NewRecord {
        topic: topic.into(),
        partition,
        key: Key::new(key.as_bytes()),
        value,
        headers: Headers::new(),
    }
}

/// The values of records as text, in the order of the records.
#[must_use]
pub fn values(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
}

/// The values that [`Scene::publish`] writes for a range.
#[must_use]
pub fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}
