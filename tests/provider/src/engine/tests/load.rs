//! All limits at once under a load that is too much: nothing beyond them is let in, and little of them is left.

use super::super::limits::{Limits, OutputRule};
use super::*;

const DAY: Duration = Duration::from_secs(86_400);

const LIMITS: Limits = Limits {
    requests_per_minute: Some(40),
    input_tokens_per_minute: Some(2000),
    output_tokens_per_minute: Some(4000),
    tokens_per_day: None,
    money_per_day: None,
    concurrent: Some(8),
    burst_seconds: 30,
    cached_are_free: false,
    refused_are_free: false,
    output_rule: OutputRule::Used,
};

/// A minute's limit as it binds any stretch: what the bucket holds and the refill of the stretch.
struct Stretches {
    per_minute: i128,
    capacity: i128,
    sum: i128,
    lowest: i128,
}

impl Stretches {
    fn new(per_minute: Option<u64>) -> Self {
        let per_minute = i128::from(per_minute.unwrap());
        let capacity = per_minute * 1_000_000_000 * i128::from(LIMITS.burst_seconds);
        Self { per_minute, capacity, sum: 0, lowest: i128::MAX }
    }

    /// Something was let in: of all stretches that end here, the fullest holds no more than is allowed.
    fn let_in(&mut self, now: Duration, count: u64) {
        let refilled = self.per_minute * i128::try_from(now.as_nanos()).unwrap();
        self.lowest = self.lowest.min(self.sum - refilled);
        self.sum += i128::from(count) * 60_000_000_000;
        assert!(
            self.sum - refilled - self.lowest <= self.capacity,
            "{} a minute at {now:?}",
            self.per_minute
        );
    }
}

/// What a day's calls came to: tokens of prompts as they were let in, the rest as it was billed.
struct Days {
    /// The bill's output tokens and micro-units when the day began.
    begun: (u64, u64),
    input: u64,
}

impl Days {
    /// A day is over: within its limits but for the calls in flight, and used up but for one call.
    fn end(&mut self, billed: (u64, u64), limits: &Limits) {
        let tokens = self.input + billed.0 - self.begun.0;
        let money = billed.1 - self.begun.1;
        // A call has at most 120 and 400 tokens, which cost at most 258 micro-units.
        let check = |used: u64, limit: Option<u64>, of_call: u64| {
            let Some(limit) = limit else { return };
            let most = limit + of_call * LIMITS.concurrent.unwrap();
            assert!((limit - of_call..=most).contains(&used), "{used} of {limit} in a day");
        };
        check(tokens, limits.tokens_per_day, 520);
        check(money, limits.money_per_day, 258);
        *self = Self { begun: billed, input: 0 };
    }
}

/// Three days of bursts, in which each limit refuses some of the calls. Any stretch of time holds at most what
/// the bucket and its refill hold, no more calls are in flight than may be, and days are used up and not beyond.
#[test]
fn never_more_than_allowed() {
    let check = |limits: Limits| {
        let mut engine = engine(|simulation| simulation.limits = limits.clone());
        let mut requests = Stretches::new(LIMITS.requests_per_minute);
        let mut input = Stretches::new(LIMITS.input_tokens_per_minute);
        let mut days = Days { begun: (0, 0), input: 0 };
        let draw = |place: u64, of: &str, below: u64| chance::draw(9, of, &[&place.to_le_bytes()]) % below;
        let all = fresh(120, 1);
        let (mut now, mut day, mut admitted) = (Duration::ZERO, DAY, 0);
        for place in 0_u64.. {
            // Sixty calls come almost together, then none for some minutes.
            now += ms(if place.is_multiple_of(60) { draw(place, "pause", 1_000_000) } else { 300 });
            if now >= day {
                engine.advance(day);
                let bill = engine.bill();
                days.end((bill.lines[0].used.output_tokens, bill.micro_units), &limits);
                day += DAY;
            }
            if day > 3 * DAY {
                break;
            }
            let tokens = &all[..usize::try_from(20 + draw(place, "input", 101)).unwrap()];
            if engine.arrive(now, &ask(tokens, draw(place, "output", 401))).is_ok() {
                admitted += 1;
                requests.let_in(now, 1);
                input.let_in(now, tokens.len() as u64);
                days.input += tokens.len() as u64;
            }
            let ended = engine.bill().lines.first().map_or(0, |line| line.calls);
            assert!(admitted - ended <= LIMITS.concurrent.unwrap());
        }
        let seen = engine.seen().lines.remove(0);
        let words: Vec<&str> = seen.refused.keys().map(String::as_str).collect();
        let of_day = if limits.money_per_day.is_some() { "money-per-day" } else { "tokens-per-day" };
        let mut wanted = ["requests", "input-tokens", "output-tokens", "concurrent", of_day];
        wanted.sort_unstable();
        assert_eq!(words, wanted, "{:?}", seen.refused);
        assert_eq!((seen.admitted, seen.highest.admitted <= 40 + 20), (admitted, true));
    };
    check(Limits { tokens_per_day: Some(300_000), ..LIMITS });
    check(Limits { money_per_day: Some(100_000), ..LIMITS });
}
