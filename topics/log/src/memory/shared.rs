//! The one lock around the log, the bell that rings when something changed, and how to wait.
//!
//! Everything happens under the lock: that is what makes revoking a token and checking it exclude each
//! other. Nothing is awaited under it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::faults::{Door, Fate, Strike};
use super::state::State;
use super::storage::{Contents, Storage};
use crate::clock::Clock;
use crate::error::{Error, Remedy};

/// What all handles share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Arc<Notify>,
}

impl Shared {
    pub fn new(clock: Arc<dyn Clock>, storage: Box<dyn Storage>, contents: Contents) -> Self {
        let changed = Arc::new(Notify::new());
        let state = State::new(clock, Arc::clone(&changed), storage, contents);
        Self { state: Mutex::new(state), changed }
    }

    /// The log as of now: whatever was due has happened.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(Instant::now());
        state
    }

    /// Changes the log and wakes whoever waits.
    pub fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = act(&mut state);
        state.announce();
        result
    }

    /// Tries at once and after every change until something is found or `deadline` has passed.
    ///
    /// Without a deadline only for what ends by a time-out of the log itself.
    pub async fn until<T>(
        &self,
        deadline: Option<Instant>,
        mut attempt: impl FnMut(&mut State) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        loop {
            // Made before the attempt: it hears of every change from here on, also before it is awaited.
            let changed = self.changed.notified();
            let due = {
                let mut state = self.state();
                if let Some(found) = attempt(&mut state)? {
                    return Ok(Some(found));
                }
                state.next_due()
            };
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(None);
            }
            match due.into_iter().chain(deadline).min() {
                Some(wake) => drop(tokio::time::timeout_at(wake, changed).await),
                None => changed.await,
            }
        }
    }

    /// Waits while the storage is behind, so that the change that follows does not stop the thread that
    /// other tasks share. Never waits for one that lies in memory.
    pub async fn give_way(&self) {
        for _ in 0..PAUSES_MAX {
            if !self.state().storage.is_behind() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets the faults strike at a call. What comes back is the fate of its answer, if that is lost.
    pub async fn strike(&self, door: &Door<'_>) -> Result<Option<Fate>, Error> {
        // A loop that never waits would otherwise keep all other tasks of its thread from running.
        tokio::task::coop::consume_budget().await;
        let faults = Arc::clone(&self.state().faults);
        match faults.strike(door) {
            Strike::None => Ok(None),
            Strike::Delay(duration) => {
                tokio::time::sleep(duration).await;
                Ok(None)
            }
            Strike::Fail(remedy) => Err(Error::new(remedy, door.to_string(), INJECTED)),
            Strike::Unknown(fate) => Ok(Some(fate)),
        }
    }

    /// The same for a call whose answer cannot be lost with an effect.
    pub async fn strike_plainly(&self, door: &Door<'_>) -> Result<(), Error> {
        match self.strike(door).await? {
            None => Ok(()),
            Some(_) => Err(Error::new(Remedy::Unknown, door.to_string(), INJECTED)),
        }
    }
}

/// How often a change that waits for the storage looks again.
const PAUSE: Duration = Duration::from_millis(5);

/// How often at most: ten seconds. After that it stops its thread for as long as it takes; by then the
/// disk is the news.
const PAUSES_MAX: usize = 2000;

/// A wait that is as good as for ever, and that every clock can still add.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment so long after another; whoever says "for ever" gets [`FOR_EVER`].
pub(super) fn later(at: Instant, by: Duration) -> Instant {
    at + by.min(FOR_EVER)
}

/// The cause in errors that faults made.
pub(super) const INJECTED: &str = "a fault was injected here";

/// Why the log refused something; with the door it becomes an [`Error`].
#[derive(Debug)]
pub(super) struct Refusal {
    pub remedy: Remedy,
    pub cause: String,
}

impl Refusal {
    pub fn new(remedy: Remedy, cause: impl Into<String>) -> Self {
        Self { remedy, cause: cause.into() }
    }

    /// What only an operator or a programmer can mend.
    pub fn stop(cause: impl Into<String>) -> Self {
        Self::new(Remedy::Stop, cause)
    }

    pub fn at(self, door: &Door<'_>) -> Error {
        Error::new(self.remedy, door.to_string(), self.cause)
    }
}

impl From<Error> for Refusal {
    /// What the storage refused; the door says what was attempted.
    fn from(error: Error) -> Self {
        Self::new(error.remedy, error.cause)
    }
}
