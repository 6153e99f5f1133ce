//! The agent as the protocol sees it: bytes in, bytes and effects out.

use bytes::Bytes;
use schemas_records::{Failure, FailureCode};

use crate::effects::Effects;
use crate::event::Event;

/// Why a step could not decide: the work fails with it, and nothing else of the step counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the one who is owed the answer gets.
    pub failure: Failure,
    /// Whether the record itself is to blame: then it goes to the dead letters as well.
    pub is_bad_record: bool,
}

impl Fault {
    /// The agent could not do its work.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        let remedy = "look at the agent's code and at this record";
        Self { failure: Failure::new(FailureCode::AgentFailed, message, remedy), is_bad_record: false }
    }

    /// The input could not be read.
    #[must_use]
    pub fn bad_input(message: impl Into<String>) -> Self {
        let remedy = "send a message of the schema that this agent reads";
        Self { failure: Failure::new(FailureCode::BadInput, message, remedy), is_bad_record: true }
    }
}

impl From<Failure> for Fault {
    /// A failure that came in as an answer goes out as this work's own; what could not be read is a dead
    /// letter too.
    fn from(failure: Failure) -> Self {
        let is_bad_record = failure.code == FailureCode::BadAnswer;
        Self { failure, is_bad_record }
    }
}

/// An agent type, byte by byte. The typed `Agent` adapts to it; so will manifests.
///
/// # Contract
/// A pure function: no I/O, no clock but `event.at`, no chance, no memory but `state`. The same event and
/// state give the same bytes and effects in every process that runs the same [`Logic::version`]. It may
/// panic: the work then fails, once, and the record is a dead letter.
pub trait Logic: Send + Sync {
    /// One step: the work's new state and what is to be done. `state` is empty at the first step.
    ///
    /// # Errors
    /// A [`Fault`], which fails the work.
    fn step(&self, event: &Event, state: &Bytes) -> Result<(Bytes, Effects), Fault>;

    /// Names code and configuration: what changes a step's bytes changes it.
    fn version(&self) -> String;
}
