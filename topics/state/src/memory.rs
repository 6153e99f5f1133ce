//! Both stores in memory, with the weakest behaviour that the contract allows, which is CQL's: lower
//! epochs are not refused, they lose; several rows are not written at once; and with [`Faults`] calls are
//! late, fail, or happen after they failed.
//!
//! For tests, simulation and demonstrations. Nothing survives the process.

mod faults;
mod keyed;
mod state;
mod values;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas_records::Timestamp;
use topics_log::Clock;

pub use self::faults::{Door, Faults, Strike};
use self::values::{Schedule, Values};
use self::versions::Versions;
use crate::error::{Error, Remedy};
use crate::identity;
pub use crate::state::LATE_WRITE_MAX;
use crate::state::{Owner, Slot};

/// Both stores in memory. A clone is the same store.
#[derive(Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    clock: Arc<dyn Clock>,
    faults: Option<Arc<dyn Faults>>,
    identity: Arc<str>,
}

/// How many rows a store holds and how many bytes of names, keys and values they have; what the maps
/// around them take is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Versions of states, expired ones that still beat late writes included.
    pub state_rows: usize,
    /// Their bytes.
    pub state_bytes: usize,
    /// Values by key.
    pub value_rows: usize,
    /// Their bytes.
    pub value_bytes: usize,
    /// Rows by due time.
    pub due_rows: usize,
    /// Their bytes.
    pub due_bytes: usize,
}

/// All there is.
#[derive(Default)]
struct Tables {
    owners: BTreeMap<Slot, Owner>,
    versions: Versions,
    values: Values,
    schedule: Schedule,
    /// Agents' and spaces' names, shared by all rows.
    names: BTreeSet<Arc<str>>,
    /// Changes that were sent and have not arrived, by arrival and order of sending.
    under_way: BTreeMap<(Timestamp, u64), Change>,
    /// How many were ever sent late.
    sent_late: u64,
}

/// A change on its way.
type Change = Box<dyn FnOnce(&mut Tables, Timestamp) + Send>;

impl MemoryStore {
    /// An empty store with an id of its own.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let identity = identity::draw(clock.now()).into();
        Self { tables: Arc::default(), clock, faults: None, identity }
    }

    /// The same store under a chosen id, where a run must repeat byte for byte.
    #[must_use]
    pub fn with_identity(mut self, identity: &str) -> Self {
        self.identity = identity.into();
        self
    }

    /// The same store seen through trouble. Clones made before are not troubled.
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Counts the rows; walks all of them.
    #[must_use]
    pub fn count(&self) -> Count {
        let (tables, _) = self.now();
        let (state_rows, state_bytes) = tables.versions.count();
        let (value_rows, value_bytes) = tables.values.count();
        let (due_rows, due_bytes) = tables.schedule.count();
        Count { state_rows, state_bytes, value_rows, value_bytes, due_rows, due_bytes }
    }

    /// The tables as they stand now, with all that has arrived by now.
    fn now(&self) -> (MutexGuard<'_, Tables>, Timestamp) {
        let now = self.clock.now();
        // A panic under this lock cannot leave a table half changed that anyone would read: every change
        // is one insertion or removal in one map.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.arrive(now);
        (tables, now)
    }

    /// Makes a change, or asks something, as the trouble of this call allows.
    async fn call<T, F>(&self, door: Door, attempted: impl Fn() -> String, change: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tables, Timestamp) -> Result<T, Error> + Send + 'static,
    {
        let strike = self.faults.as_ref().map_or(Strike::None, |faults| faults.strike(door));
        let happen = |change: F| {
            let (mut tables, now) = self.now();
            change(&mut tables, now)
        };
        match strike {
            Strike::None => happen(change),
            Strike::Delay(time) => {
                tokio::time::sleep(time / 2).await;
                let outcome = happen(change);
                tokio::time::sleep(time / 2).await;
                outcome
            }
            Strike::Fail(remedy) => Err(Error::new(remedy, attempted(), "a simulated failure")),
            Strike::FailWritten => {
                happen(change)?;
                Err(Error::new(Remedy::Retry, attempted(), "a simulated loss of the answer"))
            }
            Strike::Late(time) => {
                let (mut tables, now) = self.now();
                let discard = |tables: &mut Tables, now| drop(change(tables, now));
                tables.send_late(now.plus(time), Box::new(discard));
                Err(Error::new(Remedy::Retry, attempted(), "a simulated time-out"))
            }
        }
    }
}

impl Tables {
    /// Lets arrive what is due, each at its own time, then forgets what no longer matters.
    fn arrive(&mut self, now: Timestamp) {
        while let Some(entry) = self.under_way.first_entry() {
            let at = entry.key().0;
            if at > now {
                break;
            }
            let change = entry.remove();
            change(self, at);
        }
        self.versions.forget(now);
        self.values.forget(now);
    }

    /// Sends a change that arrives later.
    fn send_late(&mut self, arrives: Timestamp, change: Change) {
        self.sent_late += 1;
        self.under_way.insert((arrives, self.sent_late), change);
    }

    /// A name, shared.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(shared) = self.names.get(name) {
            return shared.clone();
        }
        let shared: Arc<str> = name.into();
        self.names.insert(shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests;
