//! Limits: what is let in, by the minute and by the day.

use super::super::limits::{Dimension, Limits, OutputRule};
use super::super::refusal::Reason;
use super::super::{Change, Refusal};
use super::*;

fn limited(change: impl FnOnce(&mut Limits)) -> Engine {
    engine(|simulation| {
        simulation.profile = Profile::instant();
        change(&mut simulation.limits);
    })
}

fn over(refusal: &Refusal) -> (Dimension, Option<Duration>, bool) {
    match &refusal.reason {
        Reason::Limit(over) => (over.dimension, over.after, over.too_large),
        other => panic!("{other:?}"),
    }
}

/// Ten minutes of more calls than are allowed: exactly what the bucket holds and ten times the limit is let in,
/// for each limit of a minute, whatever it counts.
#[test]
fn exactly_the_rate() {
    let check = |set: fn(&mut Limits), burst: u64, expected: u64| {
        let mut engine = limited(|limits| {
            (limits.burst_seconds, limits.refused_are_free) = (burst, true);
            set(limits);
        });
        let tokens = fresh(25, 1);
        let mut admitted = 0;
        // 7 ms does not divide a minute: refills are caught between two calls.
        for call in 0..=600_000 / 7 {
            admitted += u64::from(engine.arrive(ms(call * 7), &ask(&tokens, 25)).is_ok());
        }
        engine.arrive(ms(600_000), &ask(&tokens, 25)).inspect(|_| admitted += 1).ok();
        assert_eq!(admitted, expected, "{:?}", engine.seen().lines[0].limits);
        let line = engine.seen().lines.remove(0);
        assert_eq!((line.admitted, line.admitted + line.useless), (expected, 600_000 / 7 + 2));
    };
    check(|limits| limits.requests_per_minute = Some(600), 60, 600 + 6000);
    check(|limits| limits.requests_per_minute = Some(600), 1, 10 + 6000);
    check(|limits| limits.input_tokens_per_minute = Some(15_000), 60, 600 + 6000);
    check(|limits| limits.input_tokens_per_minute = Some(15_000), 1, 10 + 6000);
    check(
        |limits| (limits.output_tokens_per_minute, limits.output_rule) = (Some(15_000), OutputRule::Reserved),
        60,
        // Each asks for all that its context holds, which is more than the limit can hold.
        0,
    );
}

/// A paced asker is never refused, uses all of it, and the fullest minute holds what the limit says; one who
/// hammers gets nothing once the bucket is empty, unless refused calls are free.
#[test]
fn who_paces_gets_all() {
    let mut engine = limited(|limits| (limits.requests_per_minute, limits.burst_seconds) = (Some(600), 0));
    for call in 0..6000 {
        engine.arrive(ms(call * 100), &ask(&[1], 1)).unwrap();
    }
    let line = engine.seen().lines.remove(0);
    assert_eq!((line.admitted, line.useless, line.highest.asked, line.highest.admitted), (6000, 0, 600, 600));

    let hammer = |free: bool| {
        let mut engine =
            limited(|limits| (limits.requests_per_minute, limits.refused_are_free) = (Some(600), free));
        (0..6000).filter(|call| engine.arrive(ms(call * 10), &ask(&[1], 1)).is_ok()).count()
    };
    // 600 are there, and 66 come in while those are used at ten times the rate.
    assert_eq!(hammer(false), 666);
    assert_eq!(hammer(true), 600 + 599);
}

/// A call costs a request whatever becomes of it.
#[test]
fn failed_calls_count() {
    let check = |change: fn(&mut Simulation)| {
        let mut engine = engine(|simulation| {
            simulation.limits.requests_per_minute = Some(10);
            change(simulation);
        });
        let tokens = fresh(100, 1);
        for _ in 0..5 {
            engine.arrive(ms(0), &ask(&tokens, 1)).unwrap_err();
        }
        assert_eq!(engine.shown(ms(0), "a", "m")[0].remaining, 5, "{:?}", engine.simulation());
        assert_eq!(engine.bill().micro_units, 0);
    };
    check(|simulation| simulation.limits.input_tokens_per_minute = Some(50));
    check(|simulation| simulation.limits.tokens_per_day = Some(50));
    check(|simulation| simulation.limits.concurrent = Some(0));
    check(|simulation| simulation.profile.context_tokens = 100);
    check(|simulation| simulation.health = super::super::Health::Sick { status: 500, after_ms: 20 });
    check(|simulation| {
        let fault = crate::Fault::ErrorIn200 { code: 429.into() };
        simulation.faults = vec![super::super::faults::Chance { rate: 1.0, fault }];
    });
}

/// Whoever waits as long as a refusal says is let in, and a moment earlier is not; what never fits says so.
#[test]
fn after_the_wait() {
    let check = |set: fn(&mut Limits), dimension: Dimension, after: Duration| {
        let mut engine = limited(|limits| {
            limits.refused_are_free = true;
            set(limits);
        });
        let tokens = fresh(40, 1);
        let refusal = loop {
            if let Err(refusal) = engine.arrive(ms(0), &ask(&tokens, 20)) {
                break refusal;
            }
        };
        assert_eq!(over(&refusal), (dimension, Some(after), false));
        engine.arrive(after - Duration::from_nanos(1), &ask(&tokens, 20)).unwrap_err();
        engine.arrive(after, &ask(&tokens, 20)).unwrap();
    };
    check(
        |limits| limits.requests_per_minute = Some(7),
        Dimension::Requests,
        Duration::from_nanos(8_571_428_572),
    );
    check(|limits| limits.input_tokens_per_minute = Some(100), Dimension::InputTokens, ms(12_000));
    check(|limits| limits.output_tokens_per_minute = Some(30), Dimension::OutputTokens, ms(22_000));
    check(|limits| limits.tokens_per_day = Some(100), Dimension::TokensPerDay, Duration::from_secs(86_400));
    let mut small = limited(|limits| limits.input_tokens_per_minute = Some(39));
    assert_eq!(
        over(&small.arrive(ms(0), &ask(&fresh(40, 1), 1)).unwrap_err()),
        (Dimension::InputTokens, None, true)
    );
}

/// Output tokens are taken when the answer is made, or reserved before and the rest given back.
#[test]
fn output_rules() {
    let remaining = |engine: &mut Engine, now: Duration| engine.shown(now, "a", "m")[0].remaining;
    for rule in [OutputRule::Used, OutputRule::Reserved] {
        let mut engine = engine(|simulation| {
            simulation.limits.output_tokens_per_minute = Some(600);
            simulation.limits.output_rule = rule;
        });
        let call = Ask { output_max: Some(500), ..ask(&[1], 100) };
        engine.arrive(ms(0), &call).unwrap();
        assert_eq!(remaining(&mut engine, ms(0)), if rule == OutputRule::Used { 600 } else { 100 });
        let second = engine.arrive(ms(0), &call);
        assert_eq!(second.is_ok(), rule == OutputRule::Used);
        engine.advance(ms(5000));
        // A call takes 1.24225 s. The bucket that is full until then gains nothing before.
        let refilled = if rule == OutputRule::Used { 600 - 200 + 37 } else { 100 + 400 + 50 };
        assert_eq!(remaining(&mut engine, ms(5000)), refilled.min(600), "{rule:?}");
    }
}

/// Money of a day is spent as calls end: while any is left calls are let in, then none until the next day.
#[test]
fn money_of_a_day() {
    let mut engine = limited(|limits| limits.money_per_day = Some(200));
    let tokens = fresh(1000, 1);
    // 1000 tokens cost 150 micro-units, then, 992 of them cached, 76.
    engine.arrive(ms(0), &ask(&tokens, 0)).unwrap();
    assert_eq!(engine.shown(ms(0), "a", "m")[0].remaining, 50);
    engine.arrive(ms(1), &ask(&tokens, 0)).unwrap();
    let refusal = engine.arrive(ms(2), &ask(&tokens, 0)).unwrap_err();
    let day = Duration::from_secs(86_400);
    assert_eq!(over(&refusal), (Dimension::MoneyPerDay, Some(day - ms(2)), false));
    engine.arrive(day - Duration::from_nanos(1), &ask(&tokens, 0)).unwrap_err();
    engine.arrive(day, &ask(&tokens, 0)).unwrap();
    assert_eq!((engine.shown(day, "a", "m")[0].remaining, engine.bill().micro_units), (124, 150 + 76 + 76));
}

/// What was reserved yesterday and not used does not make today's limit larger.
#[test]
fn a_reservation_over_midnight() {
    let mut engine = engine(|simulation| {
        simulation.limits.tokens_per_day = Some(1000);
        simulation.limits.output_rule = OutputRule::Reserved;
    });
    let call = Ask { output_max: Some(900), ..ask(&[1], 100) };
    let evening = Duration::from_secs(86_399);
    engine.arrive(evening, &call).unwrap();
    engine.arrive(evening + ms(1001), &Ask { output_max: Some(200), ..ask(&[1], 200) }).unwrap();
    engine.advance(evening + ms(60_000));
    assert_eq!(engine.shown(evening + ms(60_000), "a", "m")[0].remaining, 1000 - 201);
}

/// Limits change while it runs: what is used stays used, and an account that is not there is an error.
#[test]
fn limits_change() {
    let mut engine = limited(|limits| limits.requests_per_minute = Some(100));
    let mut named = |now: u64, per_minute: u64| {
        let limits = Limits { requests_per_minute: Some(per_minute), ..Limits::default() };
        let change = Change { limits: [("default".to_owned(), limits)].into(), ..Change::default() };
        engine.change(ms(now), change).unwrap();
        let call = Ask { account: "default", ..ask(&[1], 1) };
        while engine.arrive(ms(now), &call).is_ok() {}
        let seen = engine.seen();
        seen.lines.iter().map(|line| line.admitted).sum::<u64>()
    };
    assert_eq!(named(0, 100), 100);
    assert_eq!(named(0, 600), 100);
    assert_eq!(named(1000, 600), 110);
    assert_eq!(named(2000, 60), 120);
    assert_eq!(named(3000, 60), 121);
    let change = Change { limits: [("b".to_owned(), Limits::default())].into(), ..Change::default() };
    assert!(engine.change(ms(0), change).unwrap_err().to_string().contains("it has default"));
}
