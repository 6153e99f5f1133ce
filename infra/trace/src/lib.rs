//! What happened to one task, told from the log alone: who worked on it, whom they asked, what a join
//! waited for, and where the time went.
//!
//! [`Trace::of`] turns the task's records into a tree of works; [`draw`] shows it to people. Nothing here
//! reads a log or knows a broker: whoever asks brings the records (those whose `task-id` is the task's)
//! and says what each topic is. All times are the broker's append times.

pub mod draw;
mod found;

use std::collections::BTreeMap;

use schemas_codec::Codec;
use schemas_records::Timestamp;
use serde::{Deserialize, Serialize};
use topics_log::Record;

/// What a topic is to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// What an agent type reads.
    Inbox(String),
    /// What a gateway reads; its short name.
    Gateway(String),
    /// What producers wait for.
    Results,
    /// Where dead letters go.
    DeadLetters,
}

/// What each topic is, by its full name. A topic that is not here is passed over.
pub type Places = BTreeMap<String, Place>;

/// One task, from its acceptance to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The task's id.
    pub task: String,
    /// Its record in the task topic: `topic/partition/offset`.
    pub origin: String,
    /// When intake took it, in milliseconds since 1970.
    pub accepted_at: Timestamp,
    /// Its works, each behind the one it belongs to; `level` says how deep.
    pub works: Vec<Work>,
    /// How it ended, if it has.
    pub ended: Option<Ended>,
    /// Its records that went to the dead letters: who could not handle which, and why.
    pub dead_letters: Vec<Dead>,
    /// How many records it took.
    pub records: usize,
}

/// The end of a task, a work or a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why not well, if not.
    pub failure: Option<String>,
}

/// One work of one agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The agent type.
    pub agent: String,
    /// The readable way to it.
    pub path: String,
    /// 0 for the task's entry.
    pub level: usize,
    /// Where its first record stands: `topic/partition/offset`.
    pub record: String,
    /// Who made the records it sent, if that was noted: `group/instance`.
    pub instances: Vec<String>,
    /// When its first record was appended.
    pub began_at: Timestamp,
    /// When it answered, failed, or handed the right to reply on.
    pub ended: Option<Ended>,
    /// Who holds the right to reply since then, if it handed it on.
    pub handed_to: Option<String>,
    /// What it gathered, if it began as the end of a fork.
    pub join: Option<Join>,
    /// What it asked gateways for, in order.
    pub calls: Vec<Call>,
}

/// A join: which parts, and when each came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// `all`, `quorum(2)`, `first(1)`.
    pub policy: String,
    /// The parts in the fork's order.
    pub parts: Vec<Part>,
}

/// One part of a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The branch.
    pub branch: String,
    /// When it came, and whether it was well; `None` if it has not.
    pub came: Option<Ended>,
}

/// One thing asked of a gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The gateway.
    pub gateway: String,
    /// The call's id.
    pub call: String,
    /// When the request was appended.
    pub asked_at: Timestamp,
    /// When the answer was, and whether it is one.
    pub answered: Option<Ended>,
    /// Whether the request was cancelled.
    pub is_cancelled: bool,
    /// What the answer says of how it was made.
    pub ledger: Option<Ledger>,
}

/// What a model's answer says of how it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The model, as the provider names it.
    pub model: String,
    /// Tokens of the prompt.
    pub input_tokens: i32,
    /// Tokens of the answer.
    pub output_tokens: i32,
    /// Requests sent for it.
    pub attempts: i32,
    /// Milliseconds of the last attempt: the rest of the call's time it waited.
    pub latency_ms: i64,
}

/// A record of the task that nobody could handle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dead {
    /// `topic/partition/offset`.
    pub record: String,
    /// Who could not handle it.
    pub handler: String,
    /// A short word.
    pub code: String,
    /// Why.
    pub message: String,
}

impl Trace {
    /// The trace of a task from its records, in any order; `None` if none of them is of its works.
    #[must_use]
    pub fn of(task: &str, records: &[Record], places: &Places, codec: &Codec) -> Option<Self> {
        found::Found::new(task, records, places, codec).trace()
    }

    /// How long the task took, or has taken so far.
    #[must_use]
    pub fn took_ms(&self) -> u128 {
        let last = self.works.iter().flat_map(Work::times).max().unwrap_or(self.accepted_at);
        self.ended.as_ref().map_or(last, |ended| ended.at).since(self.accepted_at).as_millis()
    }
}

impl Work {
    /// Every time that stands in it.
    fn times(&self) -> impl Iterator<Item = Timestamp> {
        let calls = self
            .calls
            .iter()
            .flat_map(|call| [Some(call.asked_at), call.answered.as_ref().map(|answered| answered.at)]);
        let ends = [Some(self.began_at), self.ended.as_ref().map(|ended| ended.at)];
        calls.chain(ends).flatten()
    }

    /// When the last part that its join waited for came.
    #[must_use]
    pub fn gathered_at(&self) -> Option<Timestamp> {
        let parts = &self.join.as_ref()?.parts;
        let last = parts.iter().filter_map(|part| part.came.as_ref()).map(|came| came.at).max();
        // A part that came before its expectation was waited for by nobody.
        Some(last?.max(self.began_at))
    }

    /// Milliseconds in which it had nothing to wait for: in its inbox, in steps, in commits.
    #[must_use]
    pub fn busy_ms(&self) -> Option<u128> {
        let ended = self.ended.as_ref()?.at;
        let mut waits: Vec<(Timestamp, Timestamp)> = self
            .calls
            .iter()
            .filter_map(|call| Some((call.asked_at, call.answered.as_ref()?.at.min(ended))))
            .collect();
        waits.extend(self.gathered_at().map(|gathered| (self.began_at, gathered.min(ended))));
        waits.sort();
        let (mut waited, mut until) = (0, self.began_at);
        for (from, to) in waits {
            let from = from.max(until);
            waited += to.since(from).as_millis();
            until = until.max(to);
        }
        Some(ended.since(self.began_at).as_millis().saturating_sub(waited))
    }
}

#[cfg(test)]
mod tests;
