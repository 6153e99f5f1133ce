//! A load that does not wait for whoever bears it: record `i` is due at `start + i * every`, and its
//! latency counts from then, also if it could only be sent later (no coordinated omission).

use std::thread;
use std::time::{Duration, Instant};

/// When records are due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// When the first one is.
    pub start: Instant,
    /// The time between two.
    pub every: Duration,
}

impl Schedule {
    /// A schedule of so many records a second, from now on.
    #[must_use]
    pub fn per_second(rate: u32) -> Self {
        Self { start: Instant::now(), every: Duration::from_secs(1) / rate }
    }

    /// When a record is due.
    #[must_use]
    pub fn due(&self, number: u64) -> Instant {
        self.start + self.every * u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// The first record that is due at a time or after it.
    #[must_use]
    pub fn first_from(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start).as_nanos();
        u64::try_from(since.div_ceil(self.every.as_nanos().max(1))).unwrap_or(u64::MAX)
    }

    /// Calls `send` for each number when it is due, or as soon as it can, while it returns true. Blocks.
    pub fn run(&self, mut send: impl FnMut(u64) -> bool) {
        for number in 0.. {
            let due = self.due(number);
            loop {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                thread::park_timeout(left);
            }
            if !send(number) {
                return;
            }
        }
    }
}

/// Looks every now and then whether something has come about, within a bound.
pub async fn wait_until(bound: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + bound;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await; // paces load
    }
    true
}

#[cfg(test)]
mod tests {
    //! The schedule is where it says.

    use std::time::{Duration, Instant};

    use super::Schedule;

    /// The first record from a time on is the one that is due then or next; sending keeps the order.
    #[test]
    fn knows_who_is_due() {
        let schedule = Schedule { start: Instant::now(), every: Duration::from_millis(5) };
        for (after_ms, expected) in [(0, 0), (1, 1), (5, 1), (6, 2), (1_000, 200)] {
            assert_eq!(schedule.first_from(schedule.start + Duration::from_millis(after_ms)), expected);
        }
        let mut sent = Vec::new();
        schedule.run(|number| {
            assert!(Instant::now() >= schedule.due(number));
            sent.push(number);
            number < 3
        });
        assert_eq!(sent, [0, 1, 2, 3]);
    }
}
