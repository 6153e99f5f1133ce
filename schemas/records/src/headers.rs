//! A record's headers: a short ordered list of names and bytes, and the names this runtime uses.
//!
//! What every hop must know stands here, readable with any Kafka tool without decoding the value.

use std::borrow::Cow;

use bytes::Bytes;

/// The task's id.
pub const TASK_ID: &str = "task-id";
/// The readable path of the work a record is addressed to.
pub const WORK_PATH: &str = "work-path";
/// Where the answer goes: `kind|topic|partition|key|call`.
pub const REPLY_TO: &str = "reply-to";
/// The call this record makes, answers or cancels.
pub const CALL_ID: &str = "call-id";
/// What the record is: see [`crate::Kind`].
pub const KIND: &str = "kind";
/// `ok` or `failed`, on answers, parts and results.
pub const OUTCOME: &str = "outcome";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// Milliseconds since 1970 after which the task is closed by a timer's record.
pub const DEADLINE: &str = "deadline";
/// What the work may still spend, for example `calls=12`.
pub const BUDGET: &str = "budget";
/// 0 (later) to 9 (sooner).
pub const PRIORITY: &str = "priority";
/// Who is charged; from the task topic, never from the producer.
pub const TENANT: &str = "tenant";
/// A hash of what made the record: code, manifest, prompts, schemas.
pub const AGENT_VERSION: &str = "agent-version";
/// The task's record: `topic/partition/offset`.
pub const ORIGIN: &str = "origin";
/// When intake took the task, in milliseconds since 1970.
pub const ACCEPTED_AT: &str = "accepted-at";
/// The position and time of the step that asked, echoed: `generation/partition/offset@millis`.
pub const ASKED_AT: &str = "asked-at";
/// How deep in calls and forks the work lies.
pub const DEPTH: &str = "depth";
/// How many records led here.
pub const HOPS: &str = "hops";
/// Names the branch on a part.
pub const BRANCH: &str = "branch";

/// The headers of one record, in order. Names may repeat in Kafka; the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Cow<'static, str>, Bytes)>);

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends one header.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Bytes>) {
        self.0.push((name.into(), value.into()));
    }

    /// The last value under `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// The last value under `name`, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// All headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all names and values.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}
