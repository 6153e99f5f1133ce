//! Faults for simulation: asked at every call what shall go wrong with it.
//!
//! A fault strikes before the call does anything, except where a [`Strike`] says otherwise. What is
//! struck is decided by whoever implements [`Faults`], usually from a seed; nothing here is random.

use std::fmt;
use std::time::Duration;

use crate::error::Remedy;

/// Decides what goes wrong. Called once at each call, in the order of the calls.
pub trait Faults: Send + Sync {
    /// What happens to the call that stands at this door.
    fn strike(&self, door: &Door<'_>) -> Strike;
}

/// Nothing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn strike(&self, _: &Door<'_>) -> Strike {
        Strike::None
    }
}

/// Which call it is, and whose, so that a test can aim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door<'a> {
    /// The call.
    pub operation: Operation,
    /// The consumer group; empty where there is none.
    pub group: &'a str,
    /// The member's instance; empty where there is none.
    pub instance: &'a str,
    /// The transactional name; empty outside transactions.
    pub transactor: &'a str,
}

impl fmt::Display for Door<'_> {
    /// What is attempted, as it stands in an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation.as_str())?;
        if !self.transactor.is_empty() {
            write!(f, " of {}", self.transactor)?;
        }
        if !self.group.is_empty() {
            write!(f, " as {} of group {}", self.instance, self.group)?;
        }
        Ok(())
    }
}

/// The calls of the seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `Log::join`.
    Join,
    /// `Consumer::poll`.
    Poll,
    /// `Consumer::committed`.
    Committed,
    /// `Consumer::read_from`.
    ReadFrom,
    /// `Consumer::commit`, outside transactions.
    CommitOffsets,
    /// `Consumer::transactor`.
    MakeTransactor,
    /// `Transactor::begin`.
    Begin,
    /// `Transactor::produce`.
    Produce,
    /// `Transactor::send_offsets`.
    SendOffsets,
    /// `Transactor::commit`.
    Commit,
    /// `Transactor::abort`.
    Abort,
    /// `Publisher::publish`.
    Publish,
    /// `Reader::read` and `Reader::ends`.
    Read,
    /// Listing, creating and removing topics, opening a reader.
    Admin,
}

impl Operation {
    /// The call in words that follow "could not".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Poll => "poll",
            Self::Committed => "read committed offsets",
            Self::ReadFrom => "begin to read",
            Self::CommitOffsets => "commit offsets",
            Self::MakeTransactor => "make the transactor",
            Self::Begin => "begin the transaction",
            Self::Produce => "produce in the transaction",
            Self::SendOffsets => "send offsets in the transaction",
            Self::Commit => "commit the transaction",
            Self::Abort => "abort the transaction",
            Self::Publish => "publish",
            Self::Read => "read",
            Self::Admin => "look after topics",
        }
    }
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// Nothing.
    None,
    /// The call begins only after this time.
    Delay(Duration),
    /// The call does nothing and fails so.
    Fail(Remedy),
    /// Its answer is lost. A commit fails as [`Remedy::Unknown`], a publish as [`Remedy::Retry`]; at
    /// every other door the call does nothing and fails as [`Remedy::Unknown`].
    Unknown(Fate),
}

/// What became of a call whose answer was lost. For a publish whatever is not [`Fate::Never`] is
/// [`Fate::Happened`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It took effect.
    Happened,
    /// It never took effect: the transaction stays open until it times out or its name is taken again.
    Never,
    /// The coordinator has decided to commit, and the effect shows after this time, or at once when a
    /// transactor is made again under the name.
    Late(Duration),
    /// The request is under way for this time. A transactor made again under the name, or the
    /// transaction's time-out, comes before it: then it arrives too late and the transaction is aborted.
    UnderWay(Duration),
}
