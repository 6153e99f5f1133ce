//! The watchdog: ends the process when a step does not return.
//!
//! A step is synchronous code that nobody can interrupt. After a bound the watchdog writes the offset
//! into the owner's row and has the process ended; whoever takes the partition over counts the deaths
//! and makes the record a dead letter when they are too many.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use topics_state::{Owner, Slot, StateStore};

/// A step that did not return in time.
#[derive(Clone, Debug)]
pub struct Death {
    /// Whose.
    pub slot: Slot,
    /// The record's offset.
    pub offset: i64,
    /// How long it had been stepping.
    pub after: Duration,
}

/// Watches the steps of one worker. Share it between the worker's parts and the thread that calls
/// [`Watchdog::watch`].
pub struct Watchdog {
    step_time_max: Duration,
    began: Instant,
    /// Milliseconds since `began` at which the step began, plus one; 0 while no step runs.
    since: AtomicU64,
    partition: AtomicI64,
    offset: AtomicI64,
    owners: Mutex<BTreeMap<i32, (Slot, Owner)>>,
}

impl Watchdog {
    /// A watchdog that lets a step take `step_time_max`. Steps are pure computation of microseconds to
    /// milliseconds: half a minute is far beyond any honest one.
    #[must_use]
    pub fn new(step_time_max: Duration) -> Arc<Self> {
        Arc::new(Self {
            step_time_max,
            began: Instant::now(),
            since: AtomicU64::new(0),
            partition: AtomicI64::new(0),
            offset: AtomicI64::new(0),
            owners: Mutex::new(BTreeMap::new()),
        })
    }

    /// A step begins.
    pub(super) fn begin(&self, partition: i32, offset: i64) {
        self.partition.store(i64::from(partition), Ordering::Relaxed);
        self.offset.store(offset, Ordering::Relaxed);
        self.since.store(self.elapsed_ms() + 1, Ordering::Release);
    }

    /// It has returned.
    pub(super) fn end(&self) {
        self.since.store(0, Ordering::Release);
    }

    pub(super) fn own(&self, slot: Slot, owner: Owner) {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).insert(slot.partition, (slot, owner));
    }

    pub(super) fn disown(&self, partition: i32) {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    /// Looks once: if a step is past its time, writes that into the owner's row and returns it; the
    /// caller then ends the process.
    pub async fn watch(&self, store: &dyn StateStore) -> Option<Death> {
        let since = self.since.load(Ordering::Acquire).checked_sub(1)?;
        let after = Duration::from_millis(self.elapsed_ms().saturating_sub(since));
        if after < self.step_time_max {
            return None;
        }
        let offset = self.offset.load(Ordering::Relaxed);
        let partition = i32::try_from(self.partition.load(Ordering::Relaxed)).ok()?;
        let owned = self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).cloned();
        let (slot, mut owner) = owned?;
        if owner.stepping != Some(offset) {
            owner.deaths = 0;
        }
        owner.stepping = Some(offset);
        owner.deaths += 1;
        // If the note cannot be written the process ends all the same: the next owner then finds no
        // progress, marks each step, and the count begins there.
        if let Err(error) = store.note(&slot, &owner).await {
            tracing::error!(%slot, offset, %error, "could not note a step that does not return");
        }
        Some(Death { slot, offset, after })
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}
