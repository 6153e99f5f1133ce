//! What must never be seen, and the one look at a state that needs no event.

use std::fmt;

use crate::plan::{Life, Plan, key_name};
use crate::state::State;
use crate::value::Value;

/// What broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Something behind a record is committed, and nothing of the record.
    Passed {
        /// The record.
        offset: u8,
    },
    /// A record's outputs are committed twice.
    Twice {
        /// The record.
        offset: u8,
    },
    /// The committed offset stands before a record that is done: it will be done again.
    Back {
        /// The record.
        offset: u8,
    },
    /// A record's outputs are not those of one owner alone.
    Wrong {
        /// The record.
        offset: u8,
        /// What its committed step says.
        said: Value,
        /// What the step before it said of its key.
        before: Value,
    },
    /// Whoever reads next reads something else than what the committed steps said.
    Misread {
        /// Which key.
        key: u8,
        /// What is read.
        reads: Value,
        /// What was said.
        said: Value,
    },
}

/// State is a function of position: who reads a key at the committed offset reads what its last committed
/// step said, or nothing, if that may have expired.
pub(crate) fn look(plan: &Plan, state: &State) -> Option<Violation> {
    let committed = state.log.committed;
    for key in 0..crate::plan::KEYS_MAX as u8 {
        let Some(newest) = plan.below(key, committed).next() else { continue };
        let said = state.log.expected(plan, key, committed);
        let reads = state.read(plan, key, committed).map_or(Value::NONE, |known| known.value);
        let may_be_gone = plan.life(newest, said) != Life::Value;
        if reads != said && !(may_be_gone && reads == Value::NONE) {
            return Some(Violation::Misread { key, reads, said });
        }
    }
    None
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Passed { offset } => {
                write!(f, "lost or out of order: record {offset} is passed, and nothing of it is there")
            }
            Self::Twice { offset } => write!(f, "doubled: record {offset} is committed a second time"),
            Self::Back { offset } => {
                write!(f, "doubled: record {offset} is committed, and the offset is back before it")
            }
            Self::Wrong { offset, said, before } => write!(
                f,
                "wrong state: record {offset} says {said}, but the step before it had said {before} of its key"
            ),
            Self::Misread { key, reads, said } => write!(
                f,
                "wrong state: whoever reads {} now reads {reads}, but the committed step said {said}",
                key_name(key)
            ),
        }
    }
}
