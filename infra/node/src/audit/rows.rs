//! The states of the works that are being made again: in memory, of each key the newest version, within a bound.
//!
//! It is a [`StateStore`] for one agent in one process, who steps records one after the other. What has ended is
//! kept for a while, as records that come late must find it so; what is forgotten is noted, and what comes for it
//! later is not stepped.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use schemas_records::{Key, Position};
use topics_state::{Epoch, Error, Owner, Row, Slot, StateStore, Version};

/// Most bytes of states of open works, of one agent: a hundred thousand works with two kilobytes each. Beyond it no
/// work is begun again until others have ended.
pub(super) const OPEN_BYTES_MAX: usize = 256 << 20;

/// Most ended works that are remembered, of one agent: half a kilobyte each. Late records mostly come within
/// seconds.
pub(super) const ENDED_MAX: usize = 100_000;

/// The states of one agent's works.
pub(super) struct Rows {
    held: Mutex<Held>,
    bounds: Bounds,
}

/// What it may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub open_bytes_max: usize,
    pub ended_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { open_bytes_max: OPEN_BYTES_MAX, ended_max: ENDED_MAX }
    }
}

#[derive(Default)]
struct Held {
    /// A key's state in each generation of the inbox: usually there is one.
    states: HashMap<Key, Vec<State>>,
    /// Ended works, the oldest first, each with the number under which it ended.
    ended: VecDeque<(u64, Key)>,
    last_number: u64,
    open_bytes: usize,
    has_forgotten: bool,
    owners: BTreeMap<Slot, Owner>,
}

struct State {
    newest: Version,
    /// The one below it, in case the newest is written again.
    before: Option<Version>,
    /// The number under which it ended.
    ended: Option<u64>,
}

impl State {
    fn open_bytes(&self) -> usize {
        if self.ended.is_some() { 0 } else { self.newest.value.len() }
    }
}

impl Rows {
    pub fn new(bounds: Bounds) -> Self {
        Self { held: Mutex::default(), bounds }
    }

    /// Whether there is any state of a key.
    pub fn knows(&self, key: &Key) -> bool {
        self.held().states.contains_key(key)
    }

    /// Whether no more works may be begun for now.
    pub fn is_full(&self) -> bool {
        self.held().open_bytes > self.bounds.open_bytes_max
    }

    /// Works that have not ended.
    pub fn open(&self) -> usize {
        let held = self.held();
        held.states.values().filter(|states| states.iter().any(|state| state.ended.is_none())).count()
    }

    /// Whether there were works that are not remembered any more.
    pub fn has_forgotten(&self) -> bool {
        self.held().has_forgotten
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing in here panics between two changes that belong together.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn write(&mut self, row: Row, ended_max: usize) {
        let Row { key, position, value, lives } = row;
        self.last_number += 1;
        let number = self.last_number;
        let states = self.states.entry(key.clone()).or_default();
        let version = Version { position, value };
        let of_generation = |state: &&mut State| state.newest.position.generation == position.generation;
        let state = match states.iter_mut().find(of_generation) {
            Some(state) => {
                self.open_bytes -= state.open_bytes();
                if state.newest.position.offset < position.offset {
                    state.before = Some(std::mem::replace(&mut state.newest, version));
                } else {
                    state.newest = version;
                }
                state
            }
            None => {
                states.push(State { newest: version, before: None, ended: None });
                let last = states.len() - 1;
                &mut states[last]
            }
        };
        state.ended = lives.map(|_| number);
        self.open_bytes += state.open_bytes();
        if lives.is_some() {
            self.ended.push_back((number, key));
        }
        while self.ended.len() > ended_max {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((number, key)) = self.ended.pop_front() else { return };
        let Some(states) = self.states.get_mut(&key) else { return };
        let known = states.len();
        states.retain(|state| state.ended != Some(number));
        self.has_forgotten |= states.len() < known;
        if states.is_empty() {
            self.states.remove(&key);
        }
    }

    fn read(&self, key: &Key, below: Position) -> Option<Version> {
        let states = self.states.get(key)?;
        let state = states.iter().find(|state| state.newest.position.generation == below.generation)?;
        let versions = [Some(&state.newest), state.before.as_ref()];
        let mut found = versions.into_iter().flatten().find(|it| it.position.offset < below.offset)?.clone();
        found.position.partition = below.partition;
        Some(found)
    }
}

#[async_trait]
impl StateStore for Rows {
    async fn identity(&self) -> Result<String, Error> {
        Ok("replay".to_owned())
    }

    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        Ok(self.held().owners.get(slot).cloned())
    }

    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        let mut held = self.held();
        let before = held.owners.get(slot).cloned();
        let epoch = Epoch(before.as_ref().map_or(0, |owner| owner.epoch.0) + 1);
        let owner = Owner {
            epoch,
            topic_id: topic_id.to_owned(),
            committed: before.as_ref().and_then(|owner| owner.committed),
            stepping: None,
            deaths: 0,
            closed: false,
        };
        held.owners.insert(slot.clone(), owner);
        Ok((before, epoch))
    }

    async fn note(&self, slot: &Slot, owner: &Owner) -> Result<(), Error> {
        self.held().owners.insert(slot.clone(), owner.clone());
        Ok(())
    }

    async fn read(&self, _: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error> {
        let held = self.held();
        Ok(below.iter().map(|(key, position)| held.read(key, *position)).collect())
    }

    async fn write(&self, _: &str, _: Epoch, rows: Vec<Row>) -> Result<(), Error> {
        let mut held = self.held();
        rows.into_iter().for_each(|row| held.write(row, self.bounds.ended_max));
        Ok(())
    }

    async fn prune(&self, _: &str, _: Epoch, _: &[(Key, Position)]) -> Result<(), Error> {
        // No more than two versions of a key are ever held.
        Ok(())
    }
}

#[cfg(test)]
mod tests;
