//! What may be used within a day: so many tokens, or so much money. Days begin with the server, and at a day's
//! end all comes back at once. It does not know what it counts, nor how much of it is allowed.

use std::time::Duration;

/// How long a day is; simulated.
const DAY: Duration = Duration::from_secs(86_400);

/// What was used today.
#[derive(Debug, Default)]
pub struct Day {
    number: u64,
    used: u64,
}

impl Day {
    /// Which day it is; the first is 0.
    #[must_use]
    pub const fn number(now: Duration) -> u64 {
        now.as_secs() / DAY.as_secs()
    }

    /// How long today lasts from now on.
    #[must_use]
    pub fn left(now: Duration) -> Duration {
        DAY.saturating_sub(now.saturating_sub(Duration::from_secs(Self::number(now) * DAY.as_secs())))
    }

    /// What was used today.
    pub fn used(&mut self, now: Duration) -> u64 {
        let today = Self::number(now);
        if today > self.number {
            (self.number, self.used) = (today, 0);
        }
        self.used
    }

    /// How long until so much may be used where `most` is a day's limit, zero if it may be; `None` if it is
    /// more than a day's limit.
    pub fn wait(&mut self, now: Duration, most: u64, count: u64) -> Option<Duration> {
        let fits = self.used(now).saturating_add(count) <= most;
        let wait = if fits { Duration::ZERO } else { Self::left(now) };
        (count <= most).then_some(wait)
    }

    /// Uses so much, also what is not there.
    pub fn charge(&mut self, now: Duration, count: u64) {
        self.used = self.used(now).saturating_add(count);
    }

    /// Gives back what was taken on a day. If that is over, today gets nothing for it.
    pub fn give_back(&mut self, now: Duration, taken_on: u64, count: u64) {
        let used = self.used(now);
        if taken_on == self.number {
            self.used = used.saturating_sub(count);
        }
    }
}
