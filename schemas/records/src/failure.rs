//! A typed failure: what a task, a call or a part ends with when it does not end well.

use serde::{Deserialize, Serialize};

use crate::message::Message;

/// Why. The symbols are Avro's and stay for ever; `unknown` is what an older reader makes of a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// A code that this version does not know.
    Unknown,
    /// The input could not be read or was not allowed.
    BadInput,
    /// The task was refused at entry.
    Refused,
    /// The deadline passed: its timer fired, or a gateway saw it pass by the broker's time.
    DeadlineExceeded,
    /// Calls ran out.
    OutOfBudget,
    /// A cancellation arrived.
    Cancelled,
    /// The agent returned a fault.
    AgentFailed,
    /// The agent panicked or never returned.
    AgentPanicked,
    /// The agent asked for what it did not declare, or for more than a bound allows.
    NotAllowed,
    /// Too few parts for the join's policy.
    JoinFailed,
    /// The model gave no usable answer.
    ModelFailed,
    /// A call's outcome cannot be known and the call must not be repeated.
    OutcomeUnknown,
    /// An answer or part could not be decoded.
    BadAnswer,
    /// A tool or a knowledge base gave no usable answer (since version 2).
    ToolFailed,
}

/// Longest text of a failure or of a dead letter's reason: enough to say what was found, and far from any
/// record's limit whatever was found.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;

/// Cuts a text at [`TEXT_BYTES_MAX`], between characters, and shows that it did.
#[must_use]
pub fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        let mut end = TEXT_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(" ...");
    }
    text
}

/// The value of a failed answer, part or result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why, for programs.
    pub code: FailureCode,
    /// Why, for people: what was attempted.
    pub message: String,
    /// What the reader can do.
    pub remedy: String,
    /// The path of the work that failed.
    pub path: String,
    /// Calls this work had used when it failed.
    pub calls_spent: i32,
}

impl Failure {
    /// A failure that says what was attempted and what one can do.
    ///
    /// Texts are cut at [`TEXT_BYTES_MAX`]: they often quote what somebody else wrote, and travel on.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code,
            message: cut(message.into()),
            remedy: cut(remedy.into()),
            path: String::new(),
            calls_spent: 0,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.remedy)
    }
}

impl Message for Failure {
    const NAME: &'static str = "tributary.Failure";
    const SCHEMA: &'static str = include_str!("../../avro/Failure.avsc");
}
