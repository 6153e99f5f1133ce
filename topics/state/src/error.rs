//! What can go wrong with a store, by what is to be done about it.

use std::fmt;

/// What whoever meets an error does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing is known to have happened; the same call may be made again, every write being
    /// idempotent under its epoch.
    Retry,
    /// A later owner has registered: abort, forget the partition.
    Lost,
    /// Configuration, authorization, a full disk, another version's files: stop and tell the operator.
    Stop,
}

/// What was attempted, what came back, what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What to do about it.
    pub remedy: Remedy,
    /// What was attempted.
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
