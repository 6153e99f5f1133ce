//! What can go wrong in a loop, by what is to be done about it.

use std::fmt;

/// What the loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Make the same call again after a pause.
    Retry,
    /// Abort the open transaction, drop the cache, go back to the committed offsets.
    Abort,
    /// The same, and forget the partitions that are no longer ours.
    Lost,
    /// The outcome of a commit is not known: make the transactor again, read the offsets back.
    Unknown,
    /// Somebody else runs under our name: stop this loop.
    Fenced,
    /// Only an operator can mend it: stop the node and say so.
    Stop,
}

/// What was attempted, what came back, what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What the loop does about it.
    pub remedy: Remedy,
    /// What was attempted.
    pub attempted: String,
    /// What came back, with a hint where there is one.
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

impl From<topics_log::Error> for Error {
    fn from(error: topics_log::Error) -> Self {
        let remedy = match error.remedy {
            topics_log::Remedy::Retry => Remedy::Retry,
            topics_log::Remedy::Abort => Remedy::Abort,
            topics_log::Remedy::Lost => Remedy::Lost,
            topics_log::Remedy::Unknown => Remedy::Unknown,
            topics_log::Remedy::Fenced => Remedy::Fenced,
            topics_log::Remedy::Stop => Remedy::Stop,
        };
        Self { remedy, attempted: error.attempted, cause: error.cause }
    }
}

impl From<topics_state::Error> for Error {
    fn from(error: topics_state::Error) -> Self {
        let remedy = match error.remedy {
            topics_state::Remedy::Retry => Remedy::Retry,
            topics_state::Remedy::Lost => Remedy::Lost,
            topics_state::Remedy::Stop => Remedy::Stop,
        };
        Self { remedy, attempted: error.attempted, cause: error.cause }
    }
}
