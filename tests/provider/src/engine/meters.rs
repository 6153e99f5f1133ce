//! Meters: what is left of an account's limits for one model.
//!
//! Every call costs a request, also one that fails afterwards, for whatever reason. One that is refused for
//! the request limit itself takes what is there, down to nothing (`refused_are_free` switches that off): who
//! asks again and again without a pause gets nothing. All other limits are taken together or not at all.
//! What a call costs is known at its end: while any money of the day is left, calls are let in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bucket::Bucket;
use super::day::Day;
use super::limits::{Dimension, Limits, Need, OutputRule, Over, Shown};

/// What a call that was let in has taken until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Tokens of its prompt that count.
    pub input: u64,
    /// Tokens of its answer, before it is made.
    reserved: u64,
    /// The day on which that was.
    day: u64,
}

/// Limits, and what is left of them.
#[derive(Debug)]
pub struct Meters {
    limits: Limits,
    buckets: BTreeMap<Dimension, Bucket>,
    tokens: Day,
    money: Day,
    at_once: u64,
}

impl Meters {
    /// Nothing is used yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let mut meters = Self {
            limits: Limits::default(),
            buckets: BTreeMap::new(),
            tokens: Day::default(),
            money: Day::default(),
            at_once: 0,
        };
        meters.change(Duration::ZERO, limits);
        meters
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Other limits from now on; what is used stays used.
    pub fn change(&mut self, now: Duration, limits: Limits) {
        let burst = Duration::from_secs(limits.burst_seconds);
        let wanted = [
            (Dimension::Requests, limits.requests_per_minute),
            (Dimension::InputTokens, limits.input_tokens_per_minute),
            (Dimension::OutputTokens, limits.output_tokens_per_minute),
        ];
        for (dimension, per_minute) in wanted {
            let Some(per_minute) = per_minute else {
                self.buckets.remove(&dimension);
                continue;
            };
            let full = || Bucket::full(per_minute, burst);
            self.buckets.entry(dimension).or_insert_with(full).change(now, per_minute, burst);
        }
        self.limits = limits;
    }

    /// Lets a call in and takes what it needs, or says which limit is in the way. Either way the call has
    /// cost a request.
    ///
    /// # Errors
    /// The limit.
    pub fn admit(&mut self, now: Duration, need: Need) -> Result<Taken, Over> {
        self.request(now)?;
        if self.limits.concurrent.is_some_and(|most| self.at_once >= most) {
            return Err(Over { dimension: Dimension::Concurrent, after: None, too_large: false });
        }
        let (asked, reserved) = match self.limits.output_rule {
            OutputRule::Used => (need.output_max.min(1), 0),
            OutputRule::Reserved => (need.output_max, need.output_max),
        };
        let of_day = need.input.saturating_add(asked);
        for (dimension, count) in [
            (Dimension::MoneyPerDay, 1),
            (Dimension::TokensPerDay, of_day),
            (Dimension::InputTokens, need.input),
            (Dimension::OutputTokens, asked),
        ] {
            pass(dimension, self.wait(now, dimension, count))?;
        }
        self.at_once += 1;
        self.charge(now, Dimension::InputTokens, need.input);
        self.charge(now, Dimension::OutputTokens, reserved);
        self.tokens.charge(now, need.input.saturating_add(reserved));
        Ok(Taken { input: need.input, reserved, day: Day::number(now) })
    }

    /// Takes the call's request.
    fn request(&mut self, now: Duration) -> Result<(), Over> {
        let passed = pass(Dimension::Requests, self.wait(now, Dimension::Requests, 1));
        match passed {
            Ok(()) => self.charge(now, Dimension::Requests, 1),
            Err(_) if self.limits.refused_are_free => {}
            Err(_) => self.fail(now),
        }
        passed
    }

    /// A call failed without being let in: it takes a request if there is one.
    pub fn fail(&mut self, now: Duration) {
        if let Some(bucket) = self.buckets.get_mut(&Dimension::Requests) {
            bucket.charge_refused(now);
        }
    }

    /// A call that was let in has ended, with so many tokens of an answer, for so many micro-units.
    pub fn settle(&mut self, now: Duration, taken: Taken, output: u64, cost: u64) {
        self.at_once = self.at_once.saturating_sub(1);
        let (more, back) = (output.saturating_sub(taken.reserved), taken.reserved.saturating_sub(output));
        self.tokens.charge(now, more);
        self.tokens.give_back(now, taken.day, back);
        self.money.charge(now, cost);
        if let Some(bucket) = self.buckets.get_mut(&Dimension::OutputTokens) {
            bucket.charge(now, more);
            bucket.give_back(now, back);
        }
    }

    /// A call that was let in never began: but for its request, all comes back.
    pub fn give_back(&mut self, now: Duration, taken: Taken) {
        self.settle(now, taken, 0, 0);
        self.tokens.give_back(now, taken.day, taken.input);
        if let Some(bucket) = self.buckets.get_mut(&Dimension::InputTokens) {
            bucket.give_back(now, taken.input);
        }
    }

    /// All limits that there are.
    pub fn shown(&mut self, now: Duration) -> Vec<Shown> {
        let mut shown: Vec<Shown> = Vec::new();
        for (&dimension, bucket) in &mut self.buckets {
            let (remaining, reset) = (bucket.remaining(now), bucket.until_full(now));
            shown.push(Shown { dimension, limit: bucket.limit(), remaining, reset });
        }
        let (used, at_once) = ((self.tokens.used(now), self.money.used(now)), self.at_once);
        for (dimension, limit, used, reset) in [
            (Dimension::TokensPerDay, self.limits.tokens_per_day, used.0, Day::left(now)),
            (Dimension::MoneyPerDay, self.limits.money_per_day, used.1, Day::left(now)),
            (Dimension::Concurrent, self.limits.concurrent, at_once, Duration::ZERO),
        ] {
            let show = |limit: u64| Shown { dimension, limit, remaining: limit.saturating_sub(used), reset };
            shown.extend(limit.map(show));
        }
        shown
    }

    fn charge(&mut self, now: Duration, dimension: Dimension, count: u64) {
        if let Some(bucket) = self.buckets.get_mut(&dimension) {
            bucket.charge(now, count);
        }
    }

    /// How long so many are to be waited for, zero if they are there; `None` if that many never are.
    fn wait(&mut self, now: Duration, dimension: Dimension, count: u64) -> Option<Duration> {
        let of_day = match dimension {
            Dimension::TokensPerDay => self.limits.tokens_per_day.map(|most| (&mut self.tokens, most)),
            Dimension::MoneyPerDay => self.limits.money_per_day.map(|most| (&mut self.money, most)),
            _ => None,
        };
        if let Some((day, most)) = of_day {
            return day.wait(now, most, count);
        }
        self.buckets.get_mut(&dimension).map_or(Some(Duration::ZERO), |bucket| bucket.wait(now, count))
    }
}

/// Whether what is wanted of a limit is there.
fn pass(dimension: Dimension, wait: Option<Duration>) -> Result<(), Over> {
    match wait {
        Some(Duration::ZERO) => Ok(()),
        Some(wait) => Err(Over { dimension, after: Some(wait), too_large: false }),
        None => Err(Over { dimension, after: None, too_large: true }),
    }
}
