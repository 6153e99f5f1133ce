//! Addresses: where a record goes, and who is owed an answer.

use std::fmt;

use crate::ids::{CallId, Key};

/// Where a record goes: a topic, a key, and a partition if the sender knows it.
///
/// Without a partition the key decides by `murmur2`; with one it is an echo of an address that was
/// already resolved (a reply, a cancellation), which must reach the same partition as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The topic's full name.
    pub topic: String,
    /// The partition, where it is known.
    pub partition: Option<i32>,
    /// The record's key.
    pub key: Key,
}

/// A resolved address: topic, partition and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The topic's full name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The record's key there.
    pub key: Key,
}

impl Address {
    /// The address as a destination.
    #[must_use]
    pub fn to_destination(&self) -> Destination {
        Destination { topic: self.topic.clone(), partition: Some(self.partition), key: self.key.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.topic, self.partition, self.key)
    }
}

/// What an answer is to the one who is owed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// The answer to a call.
    Answer,
    /// One branch of a fork, for its join.
    Part,
    /// The task's result, for its producer.
    Result,
}

impl ReplyKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Part => "part",
            Self::Result => "result",
        }
    }
}

/// The right to reply, written down: to whom, as what, under which call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// What the answer will be there.
    pub kind: ReplyKind,
    /// Where it goes.
    pub address: Address,
    /// The call it answers; for a task's result its entry work's id.
    pub call: CallId,
}

impl ReplyTo {
    /// Reads `kind|topic|partition|call|key`.
    ///
    /// # Errors
    /// A sentence, if a field is missing or not of its form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("reply-to {text:?} is not of the form kind|topic|partition|call|key");
        let mut fields = text.splitn(5, '|');
        let mut next = || fields.next().filter(|field| !field.is_empty()).ok_or_else(wrong);
        let kind = match next()? {
            "answer" => ReplyKind::Answer,
            "part" => ReplyKind::Part,
            "result" => ReplyKind::Result,
            _ => return Err(wrong()),
        };
        let topic = next()?.to_owned();
        let partition = next()?.parse().map_err(|_| wrong())?;
        let call = CallId::parse(next()?.as_bytes()).ok_or_else(wrong)?;
        let key = Key::new(next()?.as_bytes());
        Ok(Self { kind, address: Address { topic, partition, key }, call })
    }
}

impl fmt::Display for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { topic, partition, key } = &self.address;
        write!(f, "{}|{topic}|{partition}|{}|{key}", self.kind.as_str(), self.call)
    }
}
