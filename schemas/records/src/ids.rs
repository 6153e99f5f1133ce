//! Ids and positions: who a record is about and where it stood.
//!
//! Every id but a task's is a hash of where it was made, so that a step run twice makes the same ids:
//! that is what lets a duplicate be recognised and the log be replayed byte for byte.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest task id a producer may choose, in bytes. Ids stand in every header of every hop; 256 leaves
/// room for a URL-like id and keeps a record's headers under a kilobyte.
pub const TASK_ID_BYTES_MAX: usize = 256;

/// A producer's name for a task: its `task-id` header, or `topic/partition/offset` of its record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// Takes an id as a producer wrote it.
    ///
    /// # Errors
    /// A sentence, if it is empty, longer than [`TASK_ID_BYTES_MAX`] or holds control characters.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("task id is empty: leave the header out to be given one".into());
        }
        if text.len() > TASK_ID_BYTES_MAX {
            return Err(format!("task id has {} bytes, at most {TASK_ID_BYTES_MAX} are allowed", text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err("task id holds control characters: use printable text".into());
        }
        Ok(Self(text.into()))
    }

    /// The id of a task that came without one: where its record stands is unique and stable.
    #[must_use]
    pub fn of_origin(topic: &str, partition: i32, offset: i64) -> Self {
        Self(format!("{topic}/{partition}/{offset}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 128 bits of BLAKE3, shown as 32 hexadecimal digits: wide enough that a producer cannot aim at
/// somebody else's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Digest([u8; 16]);

impl Digest {
    /// Hashes a domain and its parts; each part is preceded by its length, so `ab|c` is not `a|bc`.
    fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        for part in parts {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let mut out = [0; 16];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(out)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        let mut out = [0; 16];
        for (byte, pair) in out.iter_mut().zip(text.chunks(2)) {
            let digit = |c: u8| match c {
                b'0'..=b'9' => Some(c - b'0'),
                b'a'..=b'f' => Some(c - b'a' + 10),
                _ => None,
            };
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(out))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Declares a newtype over [`Digest`]; the two ids differ in meaning, not in shape.
macro_rules! digest_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Digest);

        impl $name {
            /// Reads 32 lower-case hexadecimal digits; `None` for anything else.
            #[must_use]
            pub fn parse(text: &[u8]) -> Option<Self> {
                Digest::parse(text).map(Self)
            }

            /// The record key: the id as text, so that every Kafka tool can show it.
            #[must_use]
            pub fn key(&self) -> Key {
                Key::new(self.0.to_string().as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(text.as_bytes())
                    .ok_or_else(|| format!("{text:?} is not 32 lower-case hexadecimal digits"))
            }
        }
    };
}

digest_id!(WorkId, "One agent's share of a task: the key of its records and of its state.");
digest_id!(CallId, "One request to a gateway or to another agent; the answer carries it back.");

impl WorkId {
    /// The work a task begins with, at its entry agent.
    #[must_use]
    pub fn of_task(task_topic: &str, task: &TaskId) -> Self {
        Self(Digest::of("task", &[task_topic.as_bytes(), task.as_str().as_bytes()]))
    }

    /// The work of one branch of a fork.
    #[must_use]
    pub fn of_part(parent: WorkId, fork: Position, branch: &str) -> Self {
        Self(Digest::of("part", &[&parent.0.0, &fork.to_bytes(), branch.as_bytes()]))
    }

    /// The work that gathers a fork's parts.
    #[must_use]
    pub fn of_join(parent: WorkId, fork: Position) -> Self {
        Self(Digest::of("join", &[&parent.0.0, &fork.to_bytes()]))
    }

    /// The work of an agent that was called: the call's own id.
    #[must_use]
    pub fn of_call(call: CallId) -> Self {
        Self(call.0)
    }
}

impl CallId {
    /// The `index`-th call of the step that `agent` made for `work` at `position`.
    #[must_use]
    pub fn of(agent: &str, work: WorkId, position: Position, index: u32) -> Self {
        Self(Digest::of("call", &[agent.as_bytes(), &work.0.0, &position.to_bytes(), &index.to_be_bytes()]))
    }

    /// The call under which a fork's branch reports to its join: the part's work id, since a branch is
    /// asked exactly once.
    #[must_use]
    pub fn of_part(part: WorkId) -> Self {
        Self(part.0)
    }
}

/// A span's id in its trace: a hash of where the span was made, so that replay makes the same. Never zero,
/// which W3C's trace context keeps for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// Of the step of the record at this position of the inbox `topic`: a position alone is found in every
    /// inbox, and the inboxes of a team meet in one trace.
    #[must_use]
    pub fn of_step(topic: &str, position: Position) -> Self {
        Self::of(Digest::of("span-step", &[topic.as_bytes(), &position.to_bytes()]))
    }

    /// Of what a gateway does for a call.
    #[must_use]
    pub fn of_call(call: CallId) -> Self {
        Self::of(Digest::of("span-call", &[&call.0.0]))
    }

    /// Of what happens to the record that stands there before it belongs to a work.
    #[must_use]
    pub fn of_record(topic: &str, partition: i32, offset: i64) -> Self {
        let place = [topic.as_bytes(), &partition.to_be_bytes(), &offset.to_be_bytes()];
        Self::of(Digest::of("span-record", &place))
    }

    /// Of a part of this span, by its name there.
    #[must_use]
    pub fn within(self, name: &str) -> Self {
        Self::of(Digest::of("span-part", &[&self.0.get().to_be_bytes(), name.as_bytes()]))
    }

    /// Reads 16 lowercase hexadecimal digits, not all of them zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 16 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
        NonZeroU64::new(number).map(Self)
    }

    fn of(digest: Digest) -> Self {
        let number = u128::from_be_bytes(digest.0) >> 64;
        Self(u64::try_from(number).ok().and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MIN))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// 32 hexadecimal digits that name some content: two equal contents have equal hashes.
#[must_use]
pub fn content_hash(parts: &[&[u8]]) -> String {
    Digest::of("content", parts).to_string()
}

/// A record's key, as bytes: what the partitioner hashes and the state store files under.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(bytes::Bytes);

impl Key {
    /// Copies a key.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes::Bytes::copy_from_slice(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, shared.
    #[must_use]
    pub fn to_bytes(&self) -> bytes::Bytes {
        self.0.clone()
    }
}

impl From<bytes::Bytes> for Key {
    fn from(bytes: bytes::Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Where a record stood when it was handled: which generation of the inbox, which partition, which
/// offset. Within one key the order of positions is the order of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The inbox generation: rises when the inbox gets another partition count.
    pub generation: i32,
    /// The partition within the generation.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
}

impl Position {
    /// The bytes that ids are made of.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..4].copy_from_slice(&self.generation.to_be_bytes());
        out[4..8].copy_from_slice(&self.partition.to_be_bytes());
        out[8..].copy_from_slice(&self.offset.to_be_bytes());
        out
    }

    /// Reads `generation/partition/offset`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let position = Self {
            generation: parts.next()?.parse().ok()?,
            partition: parts.next()?.parse().ok()?,
            offset: parts.next()?.parse().ok()?,
        };
        Some(position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.generation, self.partition, self.offset)
    }
}

/// Longest readable path, in bytes: depth is bounded, and a branch's name too.
pub const WORK_PATH_BYTES_MAX: usize = 1024;

/// The readable way to a work, for people: `planner`, `planner/data-analyst`, ... It decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkPath(String);

impl WorkPath {
    /// The path of a task's first work: its entry agent's name.
    #[must_use]
    pub fn root(agent: &str) -> Self {
        Self(agent.to_owned())
    }

    /// The path of a branch or callee below this one; cut at [`WORK_PATH_BYTES_MAX`].
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut path = format!("{}/{name}", self.0);
        while path.len() > WORK_PATH_BYTES_MAX {
            path.pop();
        }
        Self(path)
    }

    /// Takes a path as it came in a header.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
