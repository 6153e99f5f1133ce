//! The seam for agents' state: versions by position, written under epochs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::{Key, Position};

use crate::error::Error;

/// Longest time that a write or delete of a lost owner may still arrive after it was sent: client
/// time-outs with their retries end well below it.
pub const LATE_WRITE_MAX: Duration = Duration::from_secs(600);

/// Which ownership of a slot is writing. Later owners have higher ones; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

/// What is owned: one partition of one generation of one agent type's inbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The agent type's full name, with namespace and team.
    pub agent: Arc<str>,
    /// The inbox generation.
    pub generation: i32,
    /// The partition.
    pub partition: i32,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} generation {} partition {}", self.agent, self.generation, self.partition)
    }
}

/// The owner's row of a slot. Written at assignment, at shutdown and around suspicious steps, never per
/// commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The ownership that wrote it last.
    pub epoch: Epoch,
    /// Kafka's id of the inbox topic: another one means that the topic was made anew.
    pub topic_id: String,
    /// The committed offset as the owner knew it; `None` until its first asking was committed.
    pub committed: Option<i64>,
    /// The offset of a step that was begun and, as far as this row knows, never returned.
    pub stepping: Option<i64>,
    /// How many owners died between a mark at that offset and the step's return, counting whoever wrote
    /// this one.
    pub deaths: u32,
    /// Whether the owner left in good order.
    pub closed: bool,
}

/// A version of a key's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The record it was written at.
    pub position: Position,
    /// The bytes.
    pub value: Bytes,
}

/// A version to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The record's key.
    pub key: Key,
    /// The record's position.
    pub position: Position,
    /// The bytes: what reads as a deletion is a value too.
    pub value: Bytes,
    /// How long the version lives from now; `None` for ever. Stores may round up to whole seconds.
    /// Writing the same version again under the same epoch gives it a life or prolongs the one it has; a
    /// life can be shortened or taken back only by a higher epoch.
    pub lives: Option<Duration>,
}

/// State as a function of position.
///
/// A row is `(agent, key, generation, offset) -> bytes`. The step of the record at offset `o` reads the
/// newest version below `o`, and its own version is written at `o`, always. The partition is not part of
/// a row, as a key has one partition in a generation: reads return the one they were asked with.
///
/// # What it promises
/// - **The highest epoch wins**, cell by cell, whatever the order in which writes and deletes arrive:
///   each carries its owner's epoch as its timestamp. At equal epochs what expires beats what does not,
///   the later end of life the earlier one, and at equal lives the larger value the smaller; equal bytes
///   under one epoch are the same write made again. A deletion beats a version of its own or a lower
///   epoch that lies below it, and an expired version one of a lower epoch in its place, also if those
///   arrive later, for at least the longest time a late write can take ([`LATE_WRITE_MAX`]).
/// - **Expired is unseen**, at once. A version below, if one was left, is then the newest: so delete
///   below first, and let expire once that is acknowledged.
/// - **Acknowledged is durable** against the death of this process (and, where the implementation says
///   so, of the machine), and visible to every later read by anyone.
/// - **Registration is a compare-and-set**: of two that register one slot at once, one gets `e` and the
///   other `e + 1`.
///
/// # What it does not promise
/// - To refuse a write of a lower epoch. An earlier owner's late write may well land; it loses as soon as
///   the same position is written by a later owner, and nobody reads it before that.
/// - To write several rows at once: some may be written and seen, and others not, above all when the
///   call failed or was dropped. Rows of one call are settled as if they came one by one, in any order.
///
/// # Cancellation
/// A dropped future may or may not have written, and may still write later.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// Names this store: a random id made with it. Committed offsets carry it, so that an owner with
    /// another store refuses to go on.
    async fn identity(&self) -> Result<String, Error>;

    /// The owner's row as it stands.
    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error>;

    /// Takes a new epoch for the slot, one above what stands (1 if nothing stands), and marks the row
    /// not closed. Returns the row as it stood before, and the new epoch.
    ///
    /// # Errors
    /// `Stop` if the row is of another topic id: the topic was made anew under the same name, and
    /// positions start again; the cause says how an operator adopts or drops the old state. `Retry` may
    /// have taken an epoch: asking again takes the next one.
    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error>;

    /// Writes the owner's row, if its epoch is still the one that stands. Another topic id is taken as
    /// it is: that is how state is adopted for a topic that was made anew.
    ///
    /// # Errors
    /// `Lost` if a later owner has registered.
    async fn note(&self, slot: &Slot, owner: &Owner) -> Result<(), Error>;

    /// For each key the newest version below the position, within the position's generation; in the
    /// order of the questions.
    async fn read(&self, agent: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error>;

    /// Writes versions under an epoch; returns when all are acknowledged.
    async fn write(&self, agent: &str, epoch: Epoch, rows: Vec<Row>) -> Result<(), Error>;

    /// Deletes, for each key, all versions below the position, under an epoch. The version at the
    /// position stays.
    async fn prune(&self, agent: &str, epoch: Epoch, below: &[(Key, Position)]) -> Result<(), Error>;
}
