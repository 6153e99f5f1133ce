//! The byte-level seam between the worker and whoever knows what a record means.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::Position;
use topics_catalog::Inbox;
use topics_log::{NewRecord, Record};
use topics_state::Version;

use crate::dead_letters::DeadReason;

/// One record, with the newest version of its key's state below it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The record.
    pub record: &'a Record,
    /// Where it stands.
    pub position: Position,
    /// The state, and where it was written; `None` if there is none.
    pub state: Option<&'a Version>,
    /// The inbox's other generations, while it moves; usually none.
    pub beside: Beside<'a>,
}

/// The generations of an inbox beside the one in which a record is stepped. A key lives in one of them: what is
/// not known where it arrives may be another's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The generation before this one, and the key's newest row there if it has one. A row that reads as no
    /// state is one.
    pub before: Option<(&'a Inbox, Option<&'a Version>)>,
    /// The generation that new keys belong to: this one drains, and begins nothing.
    pub next: Option<&'a Inbox>,
}

/// The key's state after a step. It is written at the record's position, always: also when nothing
/// changed, since an earlier owner may have left a row there that must lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewState {
    /// The key lives on.
    Value(Bytes),
    /// The key's life is over: a tombstone that is read for as long as `lives`, and goes only after all
    /// that lies below it is gone.
    Ended {
        /// What is read until then.
        value: Bytes,
        /// How long duplicates may come.
        lives: Duration,
    },
    /// There was nothing and there is nothing: a row that reads as no state.
    Absent {
        /// Bytes that the handler itself reads as no state.
        value: Bytes,
        /// Longer than any late write can take.
        lives: Duration,
    },
}

impl NewState {
    /// The bytes, whatever they mean.
    #[must_use]
    pub fn value(&self) -> &Bytes {
        match self {
            Self::Value(value) | Self::Ended { value, .. } | Self::Absent { value, .. } => value,
        }
    }
}

/// What a step decided. Nothing of it has happened yet; all of it happens in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The key's state from here on.
    pub state: NewState,
    /// Records to produce, in order.
    pub outputs: Vec<NewRecord>,
    /// If the record could not be handled: it goes to the dead letters as well.
    pub dead: Option<DeadReason>,
    /// Things worth counting, for example `late-answer`.
    pub notes: Vec<&'static str>,
}

/// The handler found what cannot be: the node stops rather than write on top of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// What was found, and what an operator can do.
    pub reason: String,
}

/// A pure function of a record and a state.
///
/// # Contract
/// - No I/O, no clock, no chance, no waiting, no memory of its own: the same input gives the same step,
///   byte for byte, in every process that runs the same code and configuration. The worker may call it
///   again for the same record after an abort, a crash or a takeover, and relies on this.
/// - It may be called from several threads at once, for different keys.
/// - A step of one key sees and writes that key's state only.
/// - It may panic: the worker then calls [`Handler::fail`] for the record, which must not.
///
/// ```
/// use std::time::Duration;
/// use topics_runtime::{DeadReason, Handler, Input, NewState, Step, Stopped};
///
/// /// Counts the records of each key.
/// struct Counter;
///
/// impl Handler for Counter {
///     fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
///         let before = input.state.map_or(0, |version| version.value[0]);
///         let state = NewState::Value(vec![before + 1].into());
///         Ok(Step { state, outputs: vec![], dead: None, notes: vec![] })
///     }
///
///     fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
///         let mut step = self.step(input)?;
///         step.dead = Some(reason.clone());
///         Ok(step)
///     }
/// }
/// ```
pub trait Handler: Send + Sync {
    /// Handles one record.
    ///
    /// # Errors
    /// [`Stopped`], if going on would do harm.
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped>;

    /// Handles a record whose step panicked or never returned: fails what it belonged to, if anything,
    /// and says so in `dead`.
    ///
    /// # Errors
    /// [`Stopped`], if going on would do harm.
    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped>;

    /// Records to produce for one that lies in the wrong partition. It is not stepped and writes no row:
    /// its key is another owner's. It goes to the dead letters in any case.
    fn misplaced(&self, _record: &Record) -> Vec<NewRecord> {
        Vec::new()
    }
}
