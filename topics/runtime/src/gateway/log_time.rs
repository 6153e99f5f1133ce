//! What the log's time is at least, shared by all that waits in one gateway's loop.
//!
//! It is learnt from each record that is read and from each delivery report. It is never ahead but for a
//! broker's clock that steps back, so what it says has passed has passed; it may be far behind after a
//! start on old records, until the first report. It asks nobody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas_records::Timestamp;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;
use topics_log::{Appended, Record};

use crate::broker_clock::BrokerClock;

/// By how much what is known must jump ahead until those who wait are woken: each of them sleeps until its
/// deadline by what was known, so all that a smaller jump costs is that it notices so much too late. Half
/// a second is nothing to a deadline, and wakes nobody for the milliseconds that reports differ by.
pub(super) const JUMP_MIN: Duration = Duration::from_millis(500);

/// The log's time, or a little less.
#[derive(Debug, Default)]
pub(super) struct LogTime {
    state: Mutex<State>,
    /// Told when the clock has jumped. Not a `watch`, which wakes in an order that no seed decides.
    jumped: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    clock: BrokerClock,
    /// The clock that those who wait know.
    announced: BrokerClock,
}

impl LogTime {
    /// Records were read: the time of the newest has passed.
    pub(super) fn read(&self, records: &[Record]) {
        if let Some(newest) = records.iter().map(|record| record.timestamp).max() {
            let mut state = self.lock();
            state.clock.learn_read(newest);
            self.announce(&mut state);
        }
    }

    /// What was sent at `sent` was appended. Returns whether the broker's clock was behind what was known.
    pub(super) fn appended(&self, sent: Instant, appended: &[Appended]) -> bool {
        // The earliest of them: between brokers the slower clock is the safe one.
        let Some(time) = appended.iter().map(|appended| appended.timestamp).min() else { return false };
        let mut state = self.lock();
        let is_behind = state.clock.learn(sent, time);
        if is_behind {
            // Who waits by the faster clock wakes too early, and looks again.
            state.announced = state.clock;
        }
        self.announce(&mut state);
        is_behind
    }

    /// Whether a time has passed for certain.
    pub(super) fn is_past(&self, time: Timestamp) -> bool {
        self.lock().clock.now().is_some_and(|now| now >= time)
    }

    /// Waits until a deadline has passed for certain; for ever if that cannot be known.
    pub(super) async fn passes(&self, deadline: Timestamp) {
        loop {
            let (jumped, wake) = {
                let state = self.lock();
                if state.clock.now().is_some_and(|now| now >= deadline) {
                    return;
                }
                // Made under the lock, so that no jump is missed.
                (self.jumped(), state.clock.instant_of(deadline))
            };
            match wake {
                // Looked at again afterwards: the broker's clock may have stepped back.
                Some(wake) => {
                    let _ = tokio::time::timeout_at(wake, jumped).await;
                }
                None => jumped.await,
            }
        }
    }

    fn jumped(&self) -> OwnedNotified {
        Arc::clone(&self.jumped).notified_owned()
    }

    /// Wakes who waits, if what they know is too far behind.
    fn announce(&self, state: &mut State) {
        let Some(now) = state.clock.now() else { return };
        let known = state.announced.now();
        if known.is_none_or(|known| now.since(known) >= JUMP_MIN) {
            state.announced = state.clock;
            self.jumped.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No change can panic half way: a poisoned lock may be used on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
