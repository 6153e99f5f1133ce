//! A record's headers: a short ordered list of names and bytes, and the names this runtime uses.
//!
//! What every hop must know stands here, readable with any Kafka tool without decoding the value.

use std::fmt;
use std::io::Write as _;

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
/// Which process made the record: the group's instance. For people; nothing is decided by it.
pub const INSTANCE: &str = "instance";

/// Where the record stood before the inbox's other generation passed it on: `topic/partition/offset`. It was
/// not stepped there. The last one counts.
pub const MOVED_FROM: &str = "moved-from";

/// The names above, each by its place: a record has most of them, and none is allocated for.
const KNOWN: [&str; 20] = [
    TASK_ID,
    WORK_PATH,
    REPLY_TO,
    CALL_ID,
    KIND,
    OUTCOME,
    TRACEPARENT,
    DEADLINE,
    BUDGET,
    PRIORITY,
    TENANT,
    AGENT_VERSION,
    ORIGIN,
    ACCEPTED_AT,
    ASKED_AT,
    DEPTH,
    HOPS,
    BRANCH,
    INSTANCE,
    MOVED_FROM,
];

/// The headers of one record, in order. Names may repeat in Kafka; the last one counts.
///
/// All values lie in one buffer: a record's headers are many and short, and come and go with every hop.
#[derive(Clone, Default)]
pub struct Headers {
    entries: Vec<Entry>,
    values: Vec<u8>,
}

#[derive(Clone)]
struct Entry {
    name: Name,
    /// Where the value ends in the buffer; it begins where the one before it ends.
    end: usize,
}

#[derive(Clone, PartialEq, Eq)]
enum Name {
    /// A place in [`KNOWN`].
    Known(u8),
    Other(Box<str>),
}

impl Name {
    fn of(name: &str) -> Self {
        match KNOWN.iter().position(|known| *known == name) {
            Some(place) => Self::Known(u8::try_from(place).unwrap_or(u8::MAX)),
            None => Self::Other(name.into()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Known(place) => KNOWN[usize::from(*place)],
            Self::Other(name) => name,
        }
    }
}

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), values: Vec::new() }
    }

    /// No headers yet, and room for so many, with so many bytes of values.
    #[must_use]
    pub fn with_capacity(headers: usize, bytes: usize) -> Self {
        Self { entries: Vec::with_capacity(headers), values: Vec::with_capacity(bytes) }
    }

    /// Appends one header.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.values.extend_from_slice(value.as_ref());
        self.entries.push(Entry { name: Name::of(name), end: self.values.len() });
    }

    /// Appends one header with a value's text.
    pub fn push_text(&mut self, name: &str, value: &impl fmt::Display) {
        // A vector takes whatever is written to it.
        let _ = write!(self.values, "{value}");
        self.entries.push(Entry { name: Name::of(name), end: self.values.len() });
    }

    /// The last value under `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let known = KNOWN.iter().position(|known| *known == name);
        let is_it = |entry: &Entry| match (&entry.name, known) {
            (Name::Known(place), Some(known)) => usize::from(*place) == known,
            (Name::Other(other), None) => **other == *name,
            _ => false,
        };
        self.entries.iter().rposition(is_it).map(|at| self.value(at))
    }

    /// The last value under `name`, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// All headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries.iter().enumerate().map(|(at, entry)| (entry.name.as_str(), self.value(at)))
    }

    fn value(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end };
        &self.values[start..self.entries[at].end]
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all names and values.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.values.len() + self.entries.iter().map(|entry| entry.name.as_str().len()).sum::<usize>()
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, value.escape_ascii().to_string())))
            .finish()
    }
}

#[cfg(test)]
mod tests;
