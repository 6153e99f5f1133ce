//! The embedded log: Kafka's rules in memory, small and exact, for one process without a server and for
//! simulation under virtual time.
//!
//! What it keeps of Kafka: offsets with gaps where transactions ended, the last stable offset, aborted
//! records that nobody reads, pending offsets, static members that come back with the same generation,
//! sessions and transactions that time out, outcomes that stay in doubt. It knows no replicas. Where its
//! rows lie is the [`storage`]'s: here in memory, where what was appended stays until its topic is removed,
//! or, in `topics-log-fjall`, on disk.
//!
//! It starts no task and draws no random number. Time-outs are looked at whenever somebody calls, and
//! whoever waits, waits no longer than to the next of them; so the same calls in the same order give the
//! same results, and a paused tokio runtime drives everything.

mod assignor;
mod consumer;
mod control;
mod faults;
mod group;
mod offsets;
mod publisher;
mod reader;
mod shared;
mod state;
pub mod storage;
mod topic;
mod transaction;
mod transactor;
mod vectors;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::control::{Control, Size};
pub use self::faults::{Door, Fate, Faults, NoFaults, Operation, Strike};
use self::shared::Shared;
use self::storage::{Contents, Storage};
use self::vectors::Vectors;
use crate::clock::Clock;
use crate::error::{Error, Remedy};
use crate::record::TopicPartition;
use crate::seam::{Consumer, Group, Log, NewTopic, Publisher, Reader, Start, TopicDescription};

/// Longest note beside a committed offset, in characters: the broker's default.
pub const METADATA_CHARS_MAX: usize = 4096;

/// What an operator would configure on a broker and its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a silent member keeps its partitions. 10 s, as the Kafka door has it.
    pub session_timeout: Duration,
    /// How long a transaction may stay open. 10 s, as the Kafka door has it.
    pub transaction_timeout: Duration,
    /// How long a member may go without polling before it counts as silent for good. 5 min, as Kafka has it.
    pub poll_interval_max: Duration,
    /// Largest record in bytes, as [`NewRecord::wire_bytes_max`](crate::NewRecord::wire_bytes_max) counts
    /// them. 1,000,000, as Kafka's client has it (`message.max.bytes`); the broker's own is higher.
    pub record_bytes_max: usize,
    /// How partitions change hands.
    pub rebalance: Rebalance,
}

/// How partitions change hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Only what moves is revoked.
    Cooperative,
    /// Everything is revoked and assigned again.
    Eager,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(10),
            poll_interval_max: Duration::from_secs(300),
            record_bytes_max: 1_000_000,
            rebalance: Rebalance::Cooperative,
        }
    }
}

/// The embedded log. Clones are handles to the same log.
#[derive(Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

impl MemoryLog {
    /// An empty log whose append times come from `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::kept_in(Box::<Vectors>::default(), Contents::default(), clock)
    }

    /// The same rules over another storage, with what it holds.
    #[must_use]
    pub fn kept_in(storage: Box<dyn Storage>, contents: Contents, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared::new(clock, storage, contents)) }
    }

    /// The same log under other settings; meant for before its first use.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        self.shared.change(|state| state.settings = settings);
        self
    }

    /// The same log with faults; may also be called in the middle of a test.
    #[must_use]
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Self {
        self.shared.change(|state| state.faults = faults);
        self
    }

    /// The handle with which tests and simulation do to the log what an operator or fate would.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn join(&self, group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        consumer::join(&self.shared, group, topics).await
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        Ok(publisher::open(&self.shared))
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        self.shared.strike(&ADMIN).await?;
        reader::open(&self.shared, from)
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        self.shared.strike(&ADMIN).await?;
        let state = self.shared.state();
        Ok(state.topics.describe(state.storage.identity(), prefix))
    }

    async fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        self.shared.strike(&ADMIN).await?;
        self.shared.change(|state| {
            let refused = topics.iter().filter_map(|new| state.create_topic(new).err());
            all_or_stop("create topics", refused.collect())
        })
    }

    async fn remove(&self, topics: &[String]) -> Result<(), Error> {
        self.shared.strike(&ADMIN).await?;
        self.shared.change(|state| {
            let refused = topics.iter().filter_map(|name| state.remove_topic(name).err());
            all_or_stop("remove topics", refused.collect())
        })
    }
}

/// The door of calls that concern no group and no transaction.
const ADMIN: Door<'static> = Door { operation: Operation::Admin, group: "", instance: "", transactor: "" };

/// As Kafka does: what can be done is done, and what was refused is told in one error.
fn all_or_stop(attempted: &str, refused: Vec<String>) -> Result<(), Error> {
    if refused.is_empty() {
        return Ok(());
    }
    Err(Error::new(Remedy::Stop, attempted, refused.join("; ")))
}
