//! The row of one work: what its agent must know when the next record for its key comes.
//!
//! It is the protocol's memory (who is owed, what is pending, what is left) around the agent's own
//! bytes. Rows are versions by position; this file says what a version holds, not how versions are kept.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::protocol::JoinPolicy;

/// Where a work stands in its one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A record found no work and made none; reads as no state.
    Absent,
    /// The work runs and holds the right to reply.
    Open,
    /// Tombstone: it replied.
    Replied,
    /// Tombstone: it failed.
    Failed,
    /// Tombstone: it handed its right to reply to another work.
    Delegated,
}

/// What a pending entry waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// An answer from a gateway or an agent.
    Answer,
    /// A timer the agent asked for.
    Timer,
    /// The task's deadline.
    Deadline,
    /// The end of a join's patience.
    Until,
}

/// One thing a work waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The call's id.
    pub call: String,
    /// What the agent calls it.
    pub name: String,
    /// What it is.
    pub awaited: Awaited,
    /// Where the request went, so that its cancellation can follow it.
    pub topic: String,
    /// The partition it went to.
    pub partition: i32,
    /// The key it went under.
    pub key: String,
    /// For timers: when they fire, in milliseconds since 1970; else 0.
    pub due: i64,
    /// Calls it may spend, taken out of this work's budget.
    pub allotment: i32,
}

/// How far one branch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartStatus {
    /// Not heard of yet.
    Waiting,
    /// Its value is there.
    Arrived,
    /// Its value is a failure.
    Failed,
}

/// One branch as its join sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinPart {
    /// The branch's name.
    pub branch: String,
    /// The branch agent's inbox.
    pub topic: String,
    /// The partition its input went to.
    pub partition: i32,
    /// The part's work id.
    pub key: String,
    /// How far it is.
    pub status: PartStatus,
    /// What it said, framed; empty while waiting.
    pub value: Bytes,
}

/// A join that has not closed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRow {
    /// The fork's position.
    pub fork: String,
    /// When it has enough.
    pub policy: JoinPolicy,
    /// For `quorum` and `first`: how many.
    pub needed: i32,
    /// The forker's message to the gathering agent, framed; empty for none.
    pub context: Bytes,
    /// The branches, in the fork's order.
    pub parts: Vec<JoinPart>,
}

/// Where a delegated right went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegate {
    /// The delegate's inbox.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The delegate's work id.
    pub key: String,
}

/// One version of a work's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkRow {
    /// Where it stands.
    pub status: Status,
    /// The task.
    pub task: String,
    /// The readable path.
    pub path: String,
    /// The task record's place.
    pub origin: String,
    /// Hash of the input that began the work: the same task again, or another under its id?
    pub content: String,
    /// When intake took the task, in milliseconds since 1970.
    pub accepted_at: i64,
    /// Who is owed the answer; empty for nobody.
    pub reply_to: String,
    /// The step that asked, as the answer echoes it; empty for none.
    pub asked_at: String,
    /// The task's deadline, in milliseconds since 1970.
    pub deadline: i64,
    /// Calls left.
    pub budget_calls: i32,
    /// Priority.
    pub priority: i32,
    /// Who is charged.
    pub tenant: String,
    /// Depth in calls and forks.
    pub depth: i32,
    /// Records that led here.
    pub hops: i32,
    /// W3C trace context; empty for none.
    pub traceparent: String,
    /// The time of the last event, so that a broker's clock that steps back does not show.
    pub last_at: i64,
    /// What it waits for, oldest first.
    pub pending: Vec<Pending>,
    /// The join, until it closes.
    pub join: Option<JoinRow>,
    /// For a delegation: to whom.
    pub delegate: Option<Delegate>,
    /// The agent's own state; empty before its first step and after the end.
    pub state: Bytes,
    /// Calls answered to this work so far (since version 2; 0 before).
    pub calls_spent: i32,
    /// Steps this work took (since version 2; 0 before).
    pub steps: i32,
}

impl Message for WorkRow {
    const NAME: &'static str = "tributary.WorkRow";
    const SCHEMA: &'static str = include_str!("../../avro/WorkRow.avsc");
}
