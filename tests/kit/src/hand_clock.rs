//! A clock that a test moves by hand.
//!
//! For what asks a clock but never waits, so that a test of lives and ends needs no paused runtime and
//! may run on several threads.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use topics_log::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn showing(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves it forward.
    pub fn advance(&self, time: Duration) {
        let now = self.now().plus(time);
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
