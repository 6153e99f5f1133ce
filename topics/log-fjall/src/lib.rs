//! The log on disk: Kafka's rules in one process, without a server, in a folder that outlives it.
//!
//! Its rules are those of [`topics_log::memory`], unchanged; this room gives them rows in a fjall database,
//! one atomic batch for whatever is decided at once. The database may be the stores' too, so that a node
//! has one folder, one holder and one journal. It knows no replicas, and compacts no topic.
//!
//! What was acknowledged survives `kill -9`, and with [`Durability::Machine`] the machine's death too. What
//! was open is aborted when the log is opened again, and nobody is a member any more: committed offsets stay.

mod layout;
mod retention;
mod rows;
mod sweep;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use topics_log::memory::MemoryLog;
pub use topics_log::memory::{Rebalance, Settings};
use topics_log::{
    Clock, Consumer, Error, Group, Log, NewTopic, Publisher, Reader, Remedy, Start, TopicDescription,
    TopicPartition,
};
pub use topics_state::fjall::{Disk, Durability, Hold};

use self::rows::Rows;

/// Longest name of a topic, in bytes, as Kafka has it.
pub const TOPIC_BYTES_MAX: usize = 249;

/// Most partitions of a topic: each stands in memory, and a thousand are more than one process can use.
pub const PARTITIONS_MAX: i32 = 1000;

/// Longest name of a group, in bytes: it stands in the key of each of its offsets.
pub const GROUP_BYTES_MAX: usize = 1024;

/// The log on disk. Clones are handles to the same log; the files are released when the last handle,
/// consumer, transactor, publisher and reader is gone.
///
/// # What it costs
/// Calls do their work inline, under one lock: about 10 microseconds for a small transaction, 3 for each
/// further record. While the disk cannot keep up, changes wait beforehand without stopping their thread.
/// Memory holds topics, committed offsets and the records of open transactions; those that were decided
/// lie on disk, however many there are.
///
/// # Errors
/// A disk that fails or is full is `Stop`, and so is every change from then on: what had been acknowledged
/// stays and is readable. Whether the change that failed holds is known once the log is opened again.
#[derive(Clone)]
pub struct FjallLog {
    rules: MemoryLog,
}

impl FjallLog {
    /// Opens the log in a folder of its own, made if it is not there. Blocks for as long as reading the
    /// journal takes: under a second.
    ///
    /// # Errors
    /// `Stop` if another process holds it, if its format is another version's, if it is damaged, or if the
    /// disk fails; the cause names the path.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let disk = Disk::open(path, clock.now(), Durability::default()).map_err(rows::from_disk)?;
        Self::on(disk, clock)
    }

    /// The log in a database that others, such as the stores, use too.
    ///
    /// # Errors
    /// `Stop` if its rows have another version's format, or cannot be read.
    pub fn on(disk: Disk, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let (rows, contents) = Rows::open(disk, Arc::clone(&clock))?;
        Ok(Self { rules: MemoryLog::kept_in(Box::new(rows), contents, clock) })
    }

    /// The same log under other settings; meant for before its first use.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { rules: self.rules.with_settings(settings) }
    }
}

#[async_trait]
impl Log for FjallLog {
    async fn join(&self, group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        if group.id.len() > GROUP_BYTES_MAX {
            let cause =
                format!("its name has {} bytes, at most {GROUP_BYTES_MAX} are allowed", group.id.len());
            return Err(Error::new(Remedy::Stop, "join a group", cause));
        }
        self.rules.join(group, topics).await
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        self.rules.publisher().await
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        self.rules.reader(from).await
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        self.rules.topics(prefix).await
    }

    async fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        self.rules.create(topics).await
    }

    async fn remove(&self, topics: &[String]) -> Result<(), Error> {
        self.rules.remove(topics).await
    }
}
