//! A token bucket that is refilled all the time, in whole numbers: nothing is lost or won by rounding.

use std::time::Duration;

/// What one of the counted things (a request, a token) weighs: with this weight a limit of n a minute refills
/// n each nanosecond.
const ONE: i128 = 60_000_000_000;

/// A limit per minute, and what is left of it.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_minute: u64,
    capacity: i128,
    /// Below zero after a charge that nobody could foresee.
    balance: i128,
    at: Duration,
}

impl Bucket {
    /// A full bucket at time zero that holds what comes in within `burst`, and at least one.
    #[must_use]
    pub fn full(per_minute: u64, burst: Duration) -> Self {
        let capacity = capacity(per_minute, burst);
        Self { per_minute, capacity, balance: capacity, at: Duration::ZERO }
    }

    /// Another limit from now on; what is left stays, as far as the new one can hold it.
    pub fn change(&mut self, now: Duration, per_minute: u64, burst: Duration) {
        self.refill(now);
        self.per_minute = per_minute;
        self.capacity = capacity(per_minute, burst);
        self.balance = self.balance.min(self.capacity);
    }

    /// The limit: how many it can hold.
    #[must_use]
    pub fn limit(&self) -> u64 {
        whole(self.capacity)
    }

    /// How many are left now.
    pub fn remaining(&mut self, now: Duration) -> u64 {
        self.refill(now);
        whole(self.balance)
    }

    /// How long until so many are there, zero if they are; `None` if that many never fit.
    pub fn wait(&mut self, now: Duration, count: u64) -> Option<Duration> {
        self.refill(now);
        let weight = i128::from(count) * ONE;
        if weight > self.capacity { None } else { Some(self.until(weight)) }
    }

    /// How long until it is full.
    pub fn until_full(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.until(self.capacity)
    }

    /// Takes so many, also what is not there.
    pub fn charge(&mut self, now: Duration, count: u64) {
        self.refill(now);
        self.balance = self.balance.saturating_sub(i128::from(count) * ONE);
    }

    /// Takes one as far as there is one: what a refused call costs.
    pub fn charge_refused(&mut self, now: Duration) {
        self.refill(now);
        self.balance = (self.balance - ONE).max(self.balance.min(0));
    }

    /// Gives back what was taken and not used.
    pub fn give_back(&mut self, now: Duration, count: u64) {
        self.refill(now);
        self.balance = self.balance.saturating_add(i128::from(count) * ONE).min(self.capacity);
    }

    fn refill(&mut self, now: Duration) {
        let Some(passed) = now.checked_sub(self.at) else { return };
        self.at = now;
        let gained = nanoseconds(passed).saturating_mul(i128::from(self.per_minute));
        self.balance = self.balance.saturating_add(gained).min(self.capacity);
    }

    fn until(&self, weight: i128) -> Duration {
        let missing = (weight - self.balance).max(0);
        let rate = i128::from(self.per_minute).max(1);
        let wait = (missing + rate - 1) / rate;
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

fn capacity(per_minute: u64, burst: Duration) -> i128 {
    if per_minute == 0 { 0 } else { nanoseconds(burst).saturating_mul(per_minute.into()).max(ONE) }
}

fn nanoseconds(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

fn whole(weight: i128) -> u64 {
    u64::try_from(weight.max(0) / ONE).unwrap_or(u64::MAX)
}
