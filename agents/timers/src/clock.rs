//! The broker's clock, as the timer gateway knows it: what delivery reports said, and the time since.
//!
//! It is a lower bound. A report tells an append time that had passed when the report came; from then on
//! this machine's monotonic clock counts, a little too slowly, so that a fast one is not early. It never
//! reads this machine's date.
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
    report: Option<Report>,
}

/// The broker's time was at least `time` at the instant `at`.
#[derive(Clone, Copy, Debug)]
struct Report {
    time: Timestamp,
    at: Instant,
}

impl BrokerClock {
    /// Learns from a delivery report that came just now: what was sent at `sent` was appended at
    /// `appended`. Returns whether the broker's clock was behind what was known.
    pub fn learn(&mut self, sent: Instant, appended: Timestamp) -> bool {
        let now = Instant::now();
        let promised = self.report.map(|report| report.time_at(sent));
        let is_behind = promised.is_some_and(|promised| appended < promised);
        // A report that took long to come says little; what was known may be the better bound.
        let known = self.now().filter(|_| !is_behind);
        let time = known.map_or(appended, |known| known.max(appended));
        self.report = Some(Report { time, at: now });
        is_behind
    }

    /// The broker's time, or a little less; `None` before the first report.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.report.map(|report| report.time_at(Instant::now()))
    }

    /// Whether the last report is recent enough to fire by.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.report.is_some_and(|report| report.at.elapsed() <= REPORT_AGE_MAX)
    }

    /// The first instant at which [`Self::now`] shows `time`; `None` before the first report, or if that
    /// is too far away for this machine to say.
    #[must_use]
    pub fn instant_of(&self, time: Timestamp) -> Option<Instant> {
        let report = self.report?;
        let nanos = time.since(report.time).as_nanos();
        let wait = (nanos * DRIFT).div_ceil(DRIFT - 1);
        report.at.checked_add(Duration::from_nanos(u64::try_from(wait).ok()?))
    }
}

impl Report {
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
