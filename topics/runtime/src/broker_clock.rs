//! The broker's clock, as a gateway knows it: what the log said of its own time, and the time since.
//!
//! It is a lower bound. A delivery report tells an append time that had passed when the report came, and so
//! does a record that was read; from then on this machine's monotonic clock counts, a little too slowly, so
//! that a fast one is not early. It never reads this machine's date.
//!
//! What it cannot know: that the broker's clock has stepped back since the last report. A report that says
//! so is believed at once. Between brokers it trusts that their clocks agree.

use std::time::Duration;

use schemas_records::Timestamp;
use tokio::time::Instant;

/// One part in so many is taken off the time that passes here: NTP lets a clock run wrong by 500 parts in
/// a million at most, and the broker's and ours may both.
const DRIFT: u128 = 1_000;

/// The oldest report that timers are fired by: at this age the allowance for drift is 10 ms, and a
/// broker's clock that stepped back longer ago has been noticed.
pub const REPORT_AGE_MAX: Duration = Duration::from_secs(10);

/// The broker's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokerClock {
    /// The best that was ever told; none before anything was.
    known: Option<Bound>,
    /// When the last delivery report came.
    reported: Option<Instant>,
    /// What the clock showed when it was found to have stepped back: append times up to here may be from
    /// before that step, and prove nothing.
    doubted: Option<Timestamp>,
}

/// The broker's time was at least `time` at the instant `at`.
#[derive(Clone, Copy, Debug)]
struct Bound {
    time: Timestamp,
    at: Instant,
}

impl BrokerClock {
    /// Learns from a delivery report that came just now: what was sent at `sent` was appended at
    /// `appended`. Returns whether the broker's clock was behind what was known.
    ///
    /// What was sent before the best bound was known cannot contradict it, and counts as something read: so
    /// reports may overlap.
    pub fn learn(&mut self, sent: Instant, appended: Timestamp) -> bool {
        let now = Instant::now();
        self.reported = Some(now);
        let Some(known) = self.known.filter(|known| sent >= known.at) else {
            self.learn_read(appended);
            return false;
        };
        let is_behind = appended < known.time_at(sent);
        if is_behind {
            self.doubted = self.doubted.max(self.now());
        }
        // A report that took long to come says little; what was known may be the better bound.
        if is_behind || appended > known.time_at(now) {
            self.known = Some(Bound { time: appended, at: now });
        }
        is_behind
    }

    /// Learns from a record that was read: its append time has passed, however long ago.
    pub fn learn_read(&mut self, appended: Timestamp) {
        let is_news = self.now().is_none_or(|now| appended > now);
        if is_news && self.doubted.is_none_or(|doubted| appended > doubted) {
            self.known = Some(Bound { time: appended, at: Instant::now() });
        }
    }

    /// The broker's time, or a little less; `None` before anything was learnt.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.known.map(|known| known.time_at(Instant::now()))
    }

    /// Whether the last delivery report is recent enough to fire by.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.reported.is_some_and(|reported| reported.elapsed() <= REPORT_AGE_MAX)
    }

    /// The first instant at which [`Self::now`] shows `time`, if nothing more is learnt; `None` before
    /// anything was learnt, or if that is too far away for this machine to say.
    #[must_use]
    pub fn instant_of(&self, time: Timestamp) -> Option<Instant> {
        let known = self.known?;
        let nanos = time.since(known.time).as_nanos();
        let wait = (nanos * DRIFT).div_ceil(DRIFT - 1);
        known.at.checked_add(Duration::from_nanos(u64::try_from(wait).ok()?))
    }
}

impl Bound {
    /// The least that the broker's time can be at an instant.
    fn time_at(self, instant: Instant) -> Timestamp {
        self.time.plus(slowed(instant.saturating_duration_since(self.at)))
    }
}

/// The time that has passed for certain.
fn slowed(passed: Duration) -> Duration {
    let nanos = passed.as_nanos() * (DRIFT - 1) / DRIFT;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
