//! Where both sides meet: the comparison under a lock, and who may go on. Either side waits for the other where it
//! is ahead in the log's time, so that little waits in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas_records::Timestamp;
use tokio::sync::Notify;

use super::compare::Comparison;

/// From so many waiting records on the side that is ahead waits: a few megabytes, and far more than one
/// transaction holds.
const AHEAD_MAX: usize = 20_000;

/// How long a side waits before it looks again by itself.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Both sides and how far they are.
pub(super) struct Table {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    comparison: Comparison,
    /// When the next record of each agent was appended that has any left.
    making: BTreeMap<Arc<str>, Timestamp>,
    /// Up to when was found; none when all was.
    finding: Option<Timestamp>,
    /// Why it ends early.
    ended: Option<String>,
}

impl Table {
    pub fn new(comparison: Comparison, agents: impl Iterator<Item = Arc<str>>) -> Self {
        let begin = Timestamp(i64::MIN);
        let making = agents.map(|agent| (agent, begin)).collect();
        let state = State { comparison, making, finding: Some(begin), ended: None };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to one of the sides.
    pub fn meet(&self, add: impl FnOnce(&mut Comparison)) {
        let mut state = self.state();
        add(&mut state.comparison);
        if state.ended.is_none() {
            state.ended = state.comparison.is_beyond();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Asks something of what was met.
    pub fn ask<T>(&self, question: impl FnOnce(&Comparison) -> T) -> T {
        question(&self.state().comparison)
    }

    /// Why it ends early, if it does.
    pub fn ended(&self) -> Option<String> {
        self.state().ended.clone()
    }

    /// Waits until an agent's next record, appended then, may be stepped. False if all is over.
    pub async fn may_make(&self, agent: &Arc<str>, next: Timestamp) -> bool {
        if self.state().making.insert(Arc::clone(agent), next) != Some(next) {
            self.changed.notify_waiters();
        }
        let may = |state: &State| {
            state.comparison.waits_made < AHEAD_MAX || state.finding.is_none_or(|found| next <= found)
        };
        self.wait(may).await
    }

    /// Waits until more may be found, of what was appended from then on. False if all is over.
    pub async fn may_find(&self, from: Timestamp) -> bool {
        if self.state().finding.replace(from) != Some(from) {
            self.changed.notify_waiters();
        }
        let may = |state: &State| {
            let made = state.making.values().min();
            state.comparison.waits_found < AHEAD_MAX || made.is_none_or(|made| from <= *made)
        };
        self.wait(may).await
    }

    /// An agent has nothing more to step.
    pub fn has_made(&self, agent: &Arc<str>) {
        let mut state = self.state();
        state.making.remove(agent);
        state.comparison.is_all_made = state.making.is_empty();
        drop(state);
        self.changed.notify_waiters();
    }

    /// All that there was is found.
    pub fn has_found(&self) {
        self.state().finding = None;
        self.changed.notify_waiters();
    }

    /// Waits until every agent has made all it has. False if all is over.
    pub async fn all_made(&self) -> bool {
        self.wait(|state| state.making.is_empty()).await
    }

    async fn wait(&self, may: impl Fn(&State) -> bool) -> bool {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if state.ended.is_some() {
                    return false;
                }
                if may(&state) {
                    return true;
                }
            }
            // Looked at again in any case; a change only makes it sooner.
            let _ = tokio::time::timeout(LOOK_EVERY, changed).await;
        }
    }

    /// What was met, once nobody adds to it any more.
    pub fn into_comparison(self) -> Comparison {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).comparison
    }
}
