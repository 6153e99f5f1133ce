//! All there is at one moment: the log, the store, the processes.

use crate::log::Log;
use crate::owner::{Known, Owner};
use crate::plan::{OWNERS_MAX, Plan};
use crate::store::Store;

/// A state of the world. Equal states are one state, however they came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The log and its coordinator.
    pub log: Log,
    /// The store, and what is on its way to it.
    pub store: Store,
    /// The processes, in the order in which they start.
    pub owners: [Owner; OWNERS_MAX],
}

impl State {
    /// The newest version of a key below an offset, as the store shows it.
    #[must_use]
    pub fn read(&self, plan: &Plan, key: u8, offset: u8) -> Option<Known> {
        plan.below(key, offset).find_map(|at| {
            let version = self.store.cells[usize::from(at)].version?;
            Some(Known { offset: at, value: version.value })
        })
    }
}
