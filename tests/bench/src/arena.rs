//! A corner of a log for one measurement: an inbox, an outbox, names that no other measurement has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use topics_catalog::{Directory, Peer};
use topics_log::memory::MemoryLog;
use topics_log::{Group, Log, NewRecord, NewTopic, Start, SystemClock, TopicPartition};
use topics_log_kafka::{KafkaLog, Settings};

/// Partitions of every topic here: what the development stack has.
pub const PARTITIONS: i32 = 4;

/// The agent under test.
pub const AGENT: &str = "agent";

/// Records that are published at once while a topic is filled.
const CHUNK: usize = 10_000;

/// A log with two topics to measure on.
#[derive(Clone)]
pub struct Arena {
    /// The log.
    pub log: Arc<dyn Log>,
    /// What is read.
    pub inbox: String,
    /// Where outputs of every kind go.
    pub outbox: String,
    /// Where dead letters go: there should be none.
    pub dead_letters: String,
    /// What every name here begins with; also the group's.
    pub prefix: String,
}

impl Arena {
    /// Makes the topics. Their append times are the log's, as everywhere in the runtime.
    ///
    /// # Errors
    /// The log's own.
    pub async fn open(log: Arc<dyn Log>) -> anyhow::Result<Self> {
        let arena = Self::named(log);
        let config = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
        let new = |name: &String| NewTopic {
            name: name.clone(),
            partitions: PARTITIONS,
            replication: 0,
            config: config.clone(),
        };
        arena.log.create(&[&arena.inbox, &arena.outbox, &arena.dead_letters].map(new)).await?;
        Ok(arena)
    }

    /// The names of an arena on a log, without its topics.
    #[must_use]
    pub fn named(log: Arc<dyn Log>) -> Self {
        let prefix = new_name();
        let name = |what: &str| format!("{prefix}.{what}");
        Self {
            log,
            inbox: name("inbox.g1"),
            outbox: name("outbox"),
            dead_letters: name("dead-letters"),
            prefix: prefix.clone(),
        }
    }

    /// An arena in this process's memory.
    ///
    /// # Errors
    /// None that a sound log has.
    pub async fn in_memory() -> anyhow::Result<Self> {
        Self::open(Arc::new(MemoryLog::new(Arc::new(SystemClock)))).await
    }

    /// An arena on a broker.
    ///
    /// # Errors
    /// A broker that cannot be reached.
    pub async fn on_kafka(brokers: &str) -> anyhow::Result<Self> {
        Self::open(connect(brokers).await?).await
    }

    /// The member under test.
    #[must_use]
    pub fn group(&self) -> Group {
        Group { id: format!("{}.{AGENT}", self.prefix), instance: "node-1".into() }
    }

    /// Whom the agent under test can reach: all roads lead to the outbox.
    #[must_use]
    pub fn directory(&self) -> Directory {
        let mut directory = Directory::default();
        directory.insert(AGENT, &self.inbox, PARTITIONS, Peer::Agent);
        directory.insert("model", &self.outbox, PARTITIONS, Peer::Gateway);
        for name in ["results", "closings", "timers"] {
            directory.insert(name, &self.outbox, PARTITIONS, Peer::Runtime);
        }
        directory.insert("dead-letters", &self.dead_letters, PARTITIONS, Peer::Runtime);
        directory
    }

    /// Fills the inbox with `count` records.
    ///
    /// # Errors
    /// The log's own.
    pub async fn fill(
        &self,
        count: u64,
        mut make: impl FnMut(u64) -> anyhow::Result<NewRecord>,
    ) -> anyhow::Result<()> {
        let publisher = self.log.publisher().await?;
        let mut chunk = Vec::with_capacity(CHUNK);
        for number in 0..count {
            chunk.push(make(number)?);
            if chunk.len() == CHUNK || number + 1 == count {
                publisher.publish(std::mem::take(&mut chunk)).await.context("could not fill the inbox")?;
            }
        }
        Ok(())
    }

    /// Fails unless at least so many records stand in the outbox and none among the dead letters.
    ///
    /// # Errors
    /// A sentence with both numbers.
    pub async fn check(&self, wanted: u64) -> anyhow::Result<()> {
        let (outputs, dead) = (self.ends(&self.outbox).await?, self.ends(&self.dead_letters).await?);
        anyhow::ensure!(
            outputs >= wanted && dead == 0,
            "{outputs} offsets of outputs where {wanted} records were due, {dead} of dead letters: this measurement is void"
        );
        Ok(())
    }

    async fn ends(&self, topic: &str) -> anyhow::Result<u64> {
        let from: Vec<_> = (0..PARTITIONS)
            .map(|partition| (TopicPartition::new(topic, partition), Start::Beginning))
            .collect();
        let ends = self.log.reader(&from).await?.ends().await?;
        Ok(ends.iter().sum::<i64>().cast_unsigned())
    }

    /// Removes the topics.
    ///
    /// # Errors
    /// The log's own.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.log.remove(&[self.inbox, self.outbox, self.dead_letters]).await?)
    }
}

/// A log on a broker, with the settings a node has.
///
/// # Errors
/// A broker that cannot be reached.
pub async fn connect(brokers: &str) -> anyhow::Result<Arc<dyn Log>> {
    let settings = Settings { brokers: brokers.to_owned(), ..Settings::default() };
    Ok(Arc::new(KafkaLog::connect(settings).await?))
}

/// A name that nothing else on this broker has: it can be a namespace too.
#[must_use]
pub fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
