//! What can go wrong with the log, by what is to be done about it.

use std::fmt;

/// What whoever meets an error does next. There are no other kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing happened; the same call may be made again after a pause.
    Retry,
    /// The open transaction cannot be committed: abort it, go back to the committed offsets.
    Abort,
    /// The partition belongs to somebody else by now: abort, forget it, poll.
    Lost,
    /// Nobody knows whether the transaction was committed: drop the transactor, make it again under the
    /// same name (which ends the old transaction), read the committed offsets back. Never guess.
    Unknown,
    /// Another producer took this transactional name, or another member this instance's: stop this one.
    Fenced,
    /// Configuration, authorization, a missing topic: stop and tell the operator.
    Stop,
}

/// What was attempted, what came back, what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What to do about it.
    pub remedy: Remedy,
    /// What was attempted, for example `commit the transaction of briefing.planner`.
    pub attempted: String,
    /// What came back, with a hint an operator can act on where there is one.
    pub cause: String,
}

impl Error {
    /// An error with its remedy.
    pub fn new(remedy: Remedy, attempted: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { remedy, attempted: attempted.into(), cause: cause.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.attempted, self.cause)
    }
}
