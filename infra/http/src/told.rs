//! What is asked and told at the desk: plain data, the same in a process and over the admin door.

use std::time::Duration;

use infra_trace::Trace;
use schemas_records::{Failure, Timestamp};
use serde::{Deserialize, Serialize};

/// How far an answer looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Records that were looked at.
    pub records: usize,
    /// Whether these were all there are; otherwise they are the newest.
    pub is_all: bool,
}

impl Looked {
    /// What has to be said of it: nothing, if everything was looked at.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        (!self.is_all).then(|| format!("looked at the newest {} records", thousands(self.records)))
    }

    /// What two looks saw together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { records: self.records + other.records, is_all: self.is_all && other.is_all }
    }
}

/// A number as people read it: `100,000`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// On the task topic; intake has not taken it yet.
    Waiting,
    /// Taken, and not ended.
    Open,
    /// Ended with a result.
    Done,
    /// Ended with a typed failure.
    Failed,
    /// Not taken, and its producer was told why.
    Refused,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Whether nothing more comes.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Refused)
    }
}

/// One task in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub task: String,
    /// How it stands.
    pub state: State,
    /// Its record: `topic/partition/offset`.
    pub origin: String,
    /// When it was accepted; before that, when it was appended. Milliseconds since 1970.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed or was refused.
    pub failure: Option<Failure>,
}

/// Which tasks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WhichTasks {
    /// Only ended ones, or only those that are not; all if it is not said.
    pub ended: Option<bool>,
    /// Most that are told of.
    pub most: usize,
}

/// Some tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tasks {
    /// The newest first.
    pub tasks: Vec<Task>,
    /// How many there are, of those asked for.
    pub found: usize,
    /// How far was looked.
    pub looked: Looked,
}

/// A task's id, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskId {
    /// The id.
    pub task: String,
}

/// A task's way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Traced {
    /// The way.
    pub trace: Trace,
    /// How far was looked for its records.
    pub looked: Looked,
}

/// Which task to end, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cancel {
    /// The id.
    pub task: String,
    /// Why; stands in the task's failure.
    pub reason: String,
}

/// A task to be done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Submission {
    /// One JSON object of the team's input schema.
    pub json: String,
    /// The producer's id for it; without one it is called after its place on the task topic.
    pub task: Option<String>,
    /// As the header of a record has it: `30s`, or milliseconds since 1970.
    pub deadline: Option<String>,
    /// As the header of a record has it: `calls=12`.
    pub budget: Option<String>,
    /// As the header of a record has it: 0 (later) to 9 (sooner).
    pub priority: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// A task that was put on the task topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Submitted {
    /// Its id.
    pub task: String,
    /// Whether it is new; otherwise the same task was there already, and nothing was appended.
    pub is_new: bool,
}

/// Which task's end is waited for, and how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wait {
    /// The id.
    pub task: String,
    /// How long; zero for not at all.
    pub wait: Duration,
}

/// How a task stands, with its result if it has one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// Its result, fields in their schema's order.
    pub result: Option<serde_json::Value>,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WhichLetters {
    /// Only those with this code.
    pub code: Option<String>,
    /// Most that are told of.
    pub most: usize,
}

/// A dead letter's place in its topic: `partition/offset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterId {
    /// The place.
    pub letter: String,
}

/// One dead letter in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLine {
    /// Its place in its topic: `partition/offset`.
    pub letter: String,
    /// When it was written, in milliseconds since 1970.
    pub at: Timestamp,
    /// Where the record stood: `topic/partition/offset`.
    pub origin: String,
    /// The task it belongs to, if its headers say so.
    pub task: Option<String>,
    /// Who could not handle it.
    pub handler: String,
    /// Why, in a short word.
    pub code: String,
    /// Why.
    pub message: String,
    /// What one can do.
    pub remedy: String,
}

/// Some dead letters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letters {
    /// The newest first.
    pub letters: Vec<LetterLine>,
    /// How many there are, of those asked for.
    pub found: usize,
    /// How many of each code, of all that were looked at.
    pub codes: Vec<(String, usize)>,
    /// How far was looked.
    pub looked: Looked,
}

/// Bytes as people can read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// They are UTF-8 text.
    Text(String),
    /// They are Avro of a known schema: its record's name, and its fields.
    Avro(String, serde_json::Value),
    /// They are neither: hexadecimal digits.
    Hex(String),
}

/// One dead letter, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What stands in the list.
    #[serde(flatten)]
    pub line: LetterLine,
    /// The record's key.
    pub key: Shown,
    /// The record's headers, in order.
    pub headers: Vec<(String, Shown)>,
    /// The record's value.
    pub value: Shown,
    /// How many bytes of value the letter holds.
    pub value_bytes: usize,
}

/// What became of a letter that was put back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutBack {
    /// Where the record stands now: `topic/partition/offset`.
    pub record: String,
    /// The id of the task it begins, if it was a task.
    pub task: Option<String>,
}

/// A topic that the team needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// Its full name.
    pub name: String,
    /// How many partitions it has, or would get.
    pub partitions: i32,
    /// Whether it is there.
    pub is_there: bool,
}

/// The team's topics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topics {
    /// By name.
    pub topics: Vec<Topic>,
}

/// A role of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The agent's or gateway's short name.
    pub name: String,
    /// `running`, `starting again`, `ended`.
    pub state: String,
    /// How often it was started again.
    pub restarts: u32,
    /// Why it was, the last time.
    pub trouble: Option<String>,
}

/// Requests to one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// The gateway.
    pub gateway: String,
    /// Requests that have no answer yet: in flight there, or waiting for it.
    pub unanswered: usize,
    /// When the oldest of them was asked.
    pub oldest_at: Option<Timestamp>,
}

/// How a node and its team stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The namespace.
    pub namespace: String,
    /// The team.
    pub team: String,
    /// The instance that answers, if it runs roles.
    pub instance: Option<String>,
    /// Its process.
    pub process: u32,
    /// Its version.
    pub version: String,
    /// Its roles; none if the one that answers runs none.
    pub roles: Vec<Role>,
    /// Tasks on the task topic that were not taken yet.
    pub waiting: usize,
    /// Tasks taken and not ended.
    pub open: usize,
    /// Tasks with a result.
    pub done: usize,
    /// Tasks with a failure.
    pub failed: usize,
    /// Tasks that were refused.
    pub refused: usize,
    /// Requests to gateways.
    pub calls: Vec<Calls>,
    /// Dead letters.
    pub dead_letters: usize,
    /// How far was looked.
    pub looked: Looked,
}
