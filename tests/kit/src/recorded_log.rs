//! A log of given records, to be read and nothing else: a log from a test's hands, with whatever is wrong in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use topics_log::{
    Consumer, Error, Group, Log, NewTopic, Publisher, Reader, Record, Remedy, Start, TopicDescription,
    TopicPartition,
};

/// The log.
#[derive(Clone)]
pub struct RecordedLog {
    topics: Arc<[TopicDescription]>,
    /// Each partition's, in the order of their offsets.
    records: Arc<BTreeMap<TopicPartition, Vec<Record>>>,
}

impl RecordedLog {
    /// A log of these records, in whatever order they come, in topics with so many partitions.
    #[must_use]
    pub fn new(records: Vec<Record>, partitions: &BTreeMap<String, i32>) -> Self {
        let mut sorted: BTreeMap<TopicPartition, Vec<Record>> = BTreeMap::new();
        for record in records {
            sorted.entry(record.topic_partition.clone()).or_default().push(record);
        }
        sorted.values_mut().for_each(|records| records.sort_by_key(|record| record.offset));
        let topic = |(name, partitions): (&String, &i32)| TopicDescription {
            name: name.clone(),
            id: name.clone(),
            partitions: *partitions,
        };
        Self { topics: partitions.iter().map(topic).collect(), records: Arc::new(sorted) }
    }
}

fn unused<T>(attempted: &str) -> Result<T, Error> {
    Err(Error::new(Remedy::Stop, attempted, "a recorded log is only read"))
}

#[async_trait]
impl Log for RecordedLog {
    async fn join(&self, _: Group, _: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        unused("join a group")
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        unused("publish")
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        let places = from.iter().map(|(at, start)| {
            let next = match start {
                Start::Beginning => 0,
                Start::At(offset) => *offset,
                Start::End => i64::MAX,
            };
            (at.clone(), next)
        });
        Ok(Box::new(RecordedReader { log: self.clone(), places: places.collect() }))
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        Ok(self.topics.iter().filter(|topic| topic.name.starts_with(prefix)).cloned().collect())
    }

    async fn create(&self, _: &[NewTopic]) -> Result<(), Error> {
        unused("create topics")
    }

    async fn remove(&self, _: &[String]) -> Result<(), Error> {
        unused("remove topics")
    }
}

struct RecordedReader {
    log: RecordedLog,
    places: Vec<(TopicPartition, i64)>,
}

#[async_trait]
impl Reader for RecordedReader {
    async fn read(&mut self, max: usize, wait: Duration) -> Result<Vec<Record>, Error> {
        let mut read = Vec::new();
        for (at, next) in &mut self.places {
            let records = self.log.records.get(at).map(Vec::as_slice).unwrap_or_default();
            let behind = records.iter().filter(|record| record.offset >= *next);
            read.extend(behind.take(max - read.len()).cloned());
            if let Some(last) = read.last().filter(|last| last.topic_partition == *at) {
                *next = last.offset + 1;
            }
        }
        if read.is_empty() {
            tokio::time::sleep(wait).await; // virtual clock
        }
        Ok(read)
    }

    async fn ends(&mut self) -> Result<Vec<i64>, Error> {
        let end = |at: &TopicPartition| {
            let last = self.log.records.get(at).and_then(|records| records.last());
            last.map_or(0, |last| last.offset + 1)
        };
        Ok(self.places.iter().map(|(at, _)| end(at)).collect())
    }
}
