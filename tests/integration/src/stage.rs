//! A corner of a real broker for one test: topics, members, records, readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use topics_log::{
    Assignment, Consumer, Error, Group, Headers, Key, Log, NewRecord, NewTopic, OffsetCommit, Polled, Record,
    Remedy, Start, TopicPartition,
};
use topics_log_kafka::Settings;

use crate::{SETTLE, connect, settings};

/// A log and a prefix of its own.
#[derive(Clone)]
pub struct Stage {
    /// The log.
    pub log: Arc<dyn Log>,
    /// What every name of this test begins with.
    pub prefix: String,
}

impl Stage {
    /// A corner of the broker under test.
    pub async fn new(test: &str) -> Self {
        Self::with(test, settings()).await
    }

    /// A corner of the broker these settings name.
    #[allow(clippy::disallowed_methods, reason = "a name, not a decision, comes of this time")]
    pub async fn with(test: &str, settings: Settings) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let prefix = format!("it-{test}-{}-{}", now.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { log: Arc::new(connect(settings).await), prefix }
    }

    /// A name of this test's own.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// Creates a topic with the broker's append time and returns its full name.
    ///
    /// # Panics
    /// If it cannot be created.
    pub async fn topic(&self, name: &str, partitions: i32) -> String {
        let config = [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into();
        let new = NewTopic { name: self.name(name), partitions, replication: 1, config };
        self.log.create(std::slice::from_ref(&new)).await.expect("create a topic");
        new.name
    }

    /// Appends the numbers of a range, each to the partition it leaves over.
    ///
    /// # Panics
    /// If it cannot.
    pub async fn publish(&self, topic: &str, partitions: usize, numbers: std::ops::Range<usize>) {
        let partition = |number: usize| i32::try_from(number % partitions).unwrap_or(0);
        let records = numbers.map(|number| record(topic, partition(number), &number.to_string())).collect();
        let publisher = self.log.publisher().await.expect("a publisher");
        publisher.publish(records).await.expect("publish");
    }

    /// A member of this test's one group, joined but not yet polled.
    ///
    /// # Panics
    /// If it cannot join.
    pub async fn member(&self, instance: &str, topic: &str) -> Member {
        let group = Group { id: self.name("group"), instance: instance.into() };
        let consumer = self.log.join(group, &[topic]).await.expect("join");
        Member { consumer, owned: Vec::new(), unread: Vec::new() }
    }

    /// A member that owns so many partitions and reads them from their beginning.
    ///
    /// # Panics
    /// If it does not get them in time.
    pub async fn owning(&self, instance: &str, topic: &str, partitions: usize) -> Member {
        let mut member = self.member(instance, topic).await;
        let deadline = Instant::now() + SETTLE;
        while member.owned.len() < partitions {
            assert!(Instant::now() < deadline, "{instance} owns {:?}", member.owned);
            member.turn(0).await.expect("poll");
        }
        member.read_unread().await.expect("a place to read from");
        member
    }

    /// The values of all records that can be seen, each partition in order, when no more come.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn everything(&self, topic: &str, partitions: i32) -> Vec<String> {
        let from: Vec<_> =
            (0..partitions).map(|p| (TopicPartition::new(topic, p), Start::Beginning)).collect();
        let mut reader = self.log.reader(&from).await.expect("a reader");
        let ends: i64 = reader.ends().await.expect("ends").iter().sum();
        let (mut all, mut next) = (Vec::new(), vec![0; from.len()]);
        let deadline = Instant::now() + SETTLE;
        while next.iter().sum::<i64>() < ends {
            assert!(Instant::now() < deadline, "read to {next:?} of {ends} offsets");
            for record in reader.read(10_000, Duration::from_millis(100)).await.expect("read") {
                next[usize::try_from(record.topic_partition.partition).unwrap_or(0)] = record.offset + 1;
                all.push(record);
            }
        }
        all.sort_by_key(|record: &Record| (record.topic_partition.partition, record.offset));
        all.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
    }
}

/// A member and what it owns.
pub struct Member {
    /// The member.
    pub consumer: Box<dyn Consumer>,
    /// What it owns as far as it knows.
    pub owned: Vec<Assignment>,
    /// Those of them that it does not read yet.
    unread: Vec<Assignment>,
}

impl Member {
    /// One poll. With the next, new partitions are read from their committed offsets, or from their
    /// beginning.
    ///
    /// # Errors
    /// The log's.
    pub async fn turn(&mut self, max: usize) -> Result<Vec<Record>, Error> {
        match self.read_unread().await {
            // Polling on mends these.
            Err(error) if !matches!(error.remedy, Remedy::Retry | Remedy::Lost) => return Err(error),
            _ => {}
        }
        match self.consumer.poll(max, Duration::from_millis(100)).await? {
            Polled::Records(records) => return Ok(records),
            Polled::Assigned(assigned) => {
                self.owned.extend(assigned.iter().cloned());
                self.unread.extend(assigned);
            }
            Polled::Revoked(_) => {
                self.owned.retain(|own| own.token.is_alive());
                self.unread.retain(|own| own.token.is_alive());
            }
        }
        Ok(Vec::new())
    }

    /// Begins to read what was assigned and is not read yet.
    async fn read_unread(&mut self) -> Result<(), Error> {
        if !self.unread.is_empty() {
            self.read_on(&self.unread.clone()).await?;
            self.unread.clear();
        }
        Ok(())
    }

    /// Reads partitions on from their committed offsets, or from their beginning.
    ///
    /// # Errors
    /// The log's.
    pub async fn read_on(&mut self, of: &[Assignment]) -> Result<(), Error> {
        let committed = self.consumer.committed(of).await?;
        let starts = committed
            .into_iter()
            .map(|found| found.map_or(Start::Beginning, |found| Start::At(found.offset)));
        let places: Vec<_> = of.iter().cloned().zip(starts).collect();
        self.consumer.read_from(&places).await
    }

    /// Exactly so many records.
    ///
    /// # Panics
    /// If they do not come in time.
    pub async fn records(&mut self, count: usize) -> Vec<Record> {
        let (mut all, deadline) = (Vec::new(), Instant::now() + SETTLE);
        while all.len() < count {
            assert!(Instant::now() < deadline, "{} records of {count}", all.len());
            all.extend(self.turn(count - all.len()).await.expect("poll"));
        }
        all
    }

    /// The committed offset of one of its partitions.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn committed(&mut self, of: &Assignment) -> Option<i64> {
        let found = self.consumer.committed(std::slice::from_ref(of)).await.expect("committed offsets");
        found.into_iter().next().flatten().map(|found| found.offset)
    }
}

/// A record for one partition.
#[must_use]
pub fn record(topic: &str, partition: i32, value: &str) -> NewRecord {
    let value = Bytes::copy_from_slice(value.as_bytes());
    NewRecord {
        topic: topic.into(),
        partition: Some(partition),
        key: Key::new(b"key"),
        value,
        headers: Headers::new(),
    }
}

/// An offset to be committed.
#[must_use]
pub fn offset(of: &Assignment, next: i64) -> OffsetCommit {
    OffsetCommit { assignment: of.clone(), next, metadata: "note".into() }
}

/// The middle of some durations.
#[must_use]
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
