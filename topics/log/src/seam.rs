//! The traits. Read [`Log`] first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use schemas_records::headers::INSTANCE;

use crate::error::Error;
use crate::record::{Appended, NewRecord, Record, TopicPartition};

/// A partitioned, durable, ordered log with groups and transactions: Kafka's contract.
///
/// # What it promises
/// - **Order.** Records of one partition are read in the order of their offsets. Readers see only what
///   was committed (`read_committed`): nothing of an open or aborted transaction, and nothing behind an
///   open one in the same partition.
/// - **Groups.** Each partition of a subscribed topic is assigned to at most one member of the group
///   *as the log sees it*. A member that is cut off may not know yet: that is why commits are fenced by
///   membership and why [`Token`]s exist.
/// - **One atomic commit.** What a [`Transactor`] produced and the offsets it sent become visible all
///   or none. A transactor made again under the same name ends its predecessor's open transaction and
///   fences the predecessor off.
/// - **Stable offsets.** [`Consumer::committed`] waits for transactions that hold offsets of the
///   partition; what it returns cannot change but by a later commit.
/// - **Append time.** Topics configured so carry the log's own append time.
///
/// # What it does not promise
/// That an assigned partition is still yours (ask when committing), that a failed commit did not happen
/// ([`crate::Remedy::Unknown`]), or that time does not step back.
///
/// # Cancellation
/// Every future here may be dropped at any await, as a crash would: what was sent may or may not have
/// arrived, and the contract above still holds for whoever comes next.
#[async_trait]
pub trait Log: Send + Sync {
    /// Joins a group and subscribes to topics. Partitions arrive through [`Consumer::poll`]; a topic that
    /// does not exist is an error with remedy `Stop` that names it, here or at a poll.
    async fn join(&self, group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error>;

    /// An idempotent producer without transactions, for gateways' answers and for producers of tasks.
    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error>;

    /// Reads partitions without a group. [`Start::End`] means the end at the time of this call.
    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error>;

    /// The topics whose names begin with `prefix`, sorted by name.
    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error>;

    /// Creates topics; one that exists already is an error with remedy `Stop` that names it.
    async fn create(&self, topics: &[NewTopic]) -> Result<(), Error>;

    /// Removes topics and all that is in them.
    async fn remove(&self, topics: &[String]) -> Result<(), Error>;
}

/// A member's names. Both are stable over restarts: a member that returns under its instance name gets
/// its partitions back without a rebalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The consumer group.
    pub id: String,
    /// This instance, unique in the group.
    pub instance: String,
}

impl Group {
    /// Notes in records that this instance made them, for whoever looks for a task's way later.
    pub fn sign(&self, records: &mut [NewRecord]) {
        for record in records {
            record.headers.push(INSTANCE, &self.instance);
        }
    }
}

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record there is.
    Beginning,
    /// Behind the newest record there is.
    End,
    /// At this offset.
    At(i64),
}

/// One ownership of one partition: made when the partition is assigned, dead from the moment it is
/// revoked or lost, and never alive again: the same partition assigned later comes with another token.
///
/// The implementation checks it under the lock that revocation takes, in [`Transactor::send_offsets`].
#[derive(Clone, Debug, Default)]
pub struct Token(Arc<AtomicBool>);

impl Token {
    /// A living token. Only implementations of the seam make them.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Whether the partition had not been revoked when this was asked.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Ends the ownership, for every clone.
    pub fn revoke(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A partition that was assigned to this member, with the token of this very assignment.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The partition.
    pub topic_partition: TopicPartition,
    /// The ownership.
    pub token: Token,
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled {
    /// Records of assigned partitions, each partition's in order; none if the wait ran out.
    Records(Vec<Record>),
    /// New partitions. Nothing is read from them until [`Consumer::read_from`] says where to begin; all
    /// partitions of one such answer are started by one call.
    Assigned(Vec<Assignment>),
    /// Partitions that are no longer this member's; their tokens are dead already.
    Revoked(Vec<Assignment>),
}

/// A committed offset: the next record to handle, and what was noted with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The offset of the next record to handle.
    pub offset: i64,
    /// ASCII, at most 4,096 characters (the broker's default).
    pub metadata: String,
}

/// An offset to be committed.
#[derive(Clone, Debug)]
pub struct OffsetCommit {
    /// Whose.
    pub assignment: Assignment,
    /// The offset of the next record to handle.
    pub next: i64,
    /// What to note with it: ASCII, at most 4,096 characters.
    pub metadata: String,
}

/// A member of a group.
///
/// The owner polls it often (at least every few seconds); rebalances are only acted upon inside
/// [`Consumer::poll`], so between two polls the assignment one knows does not change, although it may
/// have become worthless.
#[async_trait]
pub trait Consumer: Send {
    /// Waits until there is something, at most `wait`. Returns at most `max` records, and none behind the one
    /// with which they reach [`crate::POLL_BYTES_MAX`].
    ///
    /// # Errors
    /// `Retry` for passing trouble; `Fenced` if another member took this instance's name; `Stop` for
    /// what only an operator can mend.
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error>;

    /// The committed offset of each assignment, stable (see [`Log`]); `None` where there is none. Waits for
    /// the end of open transactions that hold offsets of these partitions: at most their time-out.
    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error>;

    /// Begins, or goes back or forward, to read each partition at the given place. Records of these
    /// partitions that were fetched but not yet returned are forgotten.
    ///
    /// # Errors
    /// `Lost` if a token is dead; `Stop` for an offset outside the log, here or at a poll: it never falls
    /// back to another place in silence.
    async fn read_from(&mut self, at: &[(Assignment, Start)]) -> Result<(), Error>;

    /// Commits offsets outside a transaction, for gateways.
    ///
    /// # Errors
    /// `Lost` if a token is dead or the group has moved on; `Fenced` if another member took this
    /// instance's name; `Stop` for a note that is too long or not ASCII.
    async fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error>;

    /// A transactional producer whose transactions commit this member's offsets. Making it ends any open
    /// transaction of an earlier one with the same `name` and fences that one off. It commits no offsets any
    /// more once this member is closed or dropped.
    async fn transactor(&mut self, name: &str) -> Result<Box<dyn Transactor>, Error>;

    /// Leaves the way a static member does: keeps its partitions until the session times out, so that a
    /// restart under the same name is no rebalance.
    async fn close(self: Box<Self>);
}

/// Transactions, one at a time: begin, produce, send offsets, commit or abort.
#[async_trait]
pub trait Transactor: Send {
    /// Opens a transaction.
    async fn begin(&mut self) -> Result<(), Error>;

    /// Appends records to the open transaction and returns when all are acknowledged. May be called
    /// more than once; with no records it does nothing.
    ///
    /// # Errors
    /// `Stop` for a topic that does not exist or a record above the log's limit (the transaction is still
    /// open: abort it); `Abort` if the transaction has timed out; `Fenced`; `Unknown`.
    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error>;

    /// Adds offsets to the open transaction, under this member's *current* membership. Checking every
    /// token and sending share one lock with revocation.
    ///
    /// # Errors
    /// `Lost` if a token is dead, the membership is not (or no longer) valid, or the coordinator
    /// refuses it: abort, then poll. It may be that only the group's generation has risen: a partition
    /// whose token lives through that poll is still this member's, to be read again from its committed
    /// offset. `Fenced` if another member took this instance's name, or another transactor this one's.
    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error>;

    /// Commits.
    ///
    /// # Errors
    /// `Abort`, `Fenced`, or `Unknown`: then drop this transactor and make it again.
    async fn commit(&mut self) -> Result<(), Error>;

    /// Aborts. On an error drop this transactor and make it again.
    async fn abort(&mut self) -> Result<(), Error>;
}

/// Appends without transactions; each record once, also when the client had to send it twice.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Appends records and returns, in their order, where they went, once all are acknowledged.
    ///
    /// # Errors
    /// `Retry` if any may be missing: all may be published again, so readers must bear duplicates.
    async fn publish(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Error>;
}

/// Reads partitions without a group: committed records only, from where it was told.
#[async_trait]
pub trait Reader: Send {
    /// The next records, bounded as those of [`Consumer::poll`], after at most `wait`; none if there were none.
    async fn read(&mut self, max: usize, wait: Duration) -> Result<Vec<Record>, Error>;

    /// For each partition, in the order they were given: the offset behind the last record that a
    /// reader of committed records can see now; markers and aborted records behind it do not count, so
    /// whoever has read that record has read everything. 0 where there is none.
    async fn ends(&mut self) -> Result<Vec<i64>, Error>;
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its full name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// Copies of each; 0 for as many as the cluster can keep, 3 at most.
    pub replication: i32,
    /// Kafka's own topic configuration.
    pub config: BTreeMap<String, String>,
}

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its full name.
    pub name: String,
    /// Kafka's id of it: another one if the topic was removed and made anew.
    pub id: String,
    /// How many partitions.
    pub partitions: i32,
}
