//! The records by which the runtime's own parts speak: expectations, timers, cancellations, closings,
//! dead letters, inboxes that move.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// When a join has enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinPolicy {
    /// Every part, good or failed.
    All,
    /// `needed` good parts, or no more hope of them.
    Quorum,
    /// The first `needed` parts of either outcome.
    First,
}

/// One branch of a fork: its name and where its work lives, so that it can be cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedPart {
    /// The branch's name, unique in its fork.
    pub branch: String,
    /// The branch agent's inbox.
    pub topic: String,
    /// The partition its input went to.
    pub partition: i32,
    /// The part's work id.
    pub key: String,
}

/// Begins a join: how many, which, which policy, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The fork's position, `generation/partition/offset`.
    pub fork: String,
    /// The branches, in the fork's order.
    pub parts: Vec<ExpectedPart>,
    /// When it has enough.
    pub policy: JoinPolicy,
    /// For `quorum` and `first`: how many.
    pub needed: i32,
    /// When the join closes with what is there, in milliseconds since 1970.
    pub until: i64,
    /// A message from the forker to the gathering agent, framed; empty for none.
    pub context: Bytes,
}

impl Message for Expectation {
    const NAME: &'static str = "tributary.Expectation";
    const SCHEMA: &'static str = include_str!("../../avro/Expectation.avsc");
}

/// Stands in each partition of an inbox that moves to another partition count: behind it, what that partition
/// does not know belongs to the inbox's next generation. What it knows stays until it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draining {
    /// The next generation's topic.
    pub topic: String,
    /// The next generation.
    pub generation: i32,
    /// How many partitions it has.
    pub partitions: i32,
}

impl Message for Draining {
    const NAME: &'static str = "tributary.Draining";
    const SCHEMA: &'static str = include_str!("../../avro/Draining.avsc");
}

/// Asks the timer gateway for a record at a time; also what it sends back when the time has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// When, in milliseconds since 1970 by the broker's clock.
    pub due: i64,
    /// What the asker calls it.
    pub name: String,
}

impl Message for Timer {
    const NAME: &'static str = "tributary.Timer";
    const SCHEMA: &'static str = include_str!("../../avro/Timer.avsc");
}

/// Ends a work, a call or a timer early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Why, for people.
    pub reason: String,
    /// For a timer: when it would have fired, since its row lies under that time; 0 otherwise.
    pub due: i64,
}

impl Message for Cancellation {
    const NAME: &'static str = "tributary.Cancellation";
    const SCHEMA: &'static str = include_str!("../../avro/Cancellation.avsc");
}

/// How a task left the set of open ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingReason {
    /// A reason this version does not know.
    Unknown,
    /// It has a result.
    Result,
    /// It has a typed failure.
    Failure,
    /// It was the same task again.
    Duplicate,
    /// It was refused at its entry.
    Refused,
}

/// Tells intake that the task at `offset` of the task partition with this closing's partition is no
/// longer open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The task topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// How it ended.
    pub reason: ClosingReason,
}

impl Message for Closing {
    const NAME: &'static str = "tributary.Closing";
    const SCHEMA: &'static str = include_str!("../../avro/Closing.avsc");
}

/// A header of a dead record, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadHeader {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub value: Bytes,
}

/// A record that could not be handled, whole, with its origin, the reason and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Where it stood: topic.
    pub topic: String,
    /// Where it stood: partition.
    pub partition: i32,
    /// Where it stood: offset.
    pub offset: i64,
    /// When it was appended, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key, if it had one.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
    /// Its headers, in order.
    pub headers: Vec<DeadHeader>,
    /// Who could not handle it.
    pub handler: String,
    /// Why, for programs: a short word.
    pub code: String,
    /// Why, for people.
    pub message: String,
    /// What one can do.
    pub remedy: String,
}

impl Message for DeadLetter {
    const NAME: &'static str = "tributary.DeadLetter";
    const SCHEMA: &'static str = include_str!("../../avro/DeadLetter.avsc");
}
