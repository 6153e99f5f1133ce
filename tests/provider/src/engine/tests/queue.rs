//! Time in the slots, and before them.

use super::*;

/// Runs a load to its end: arrivals in order, each with its prompt's and its answer's tokens. Returns the wait
/// of each for its slot.
fn waits(engine: &mut Engine, load: &[(Duration, u64, u64)]) -> Vec<Duration> {
    let mut came = std::collections::BTreeMap::new();
    let mut waits = Vec::new();
    let mut collect = |engine: &mut Engine, came: &std::collections::BTreeMap<u64, Duration>| {
        for (ticket, plan) in engine.take_started() {
            waits.push(plan.start - came[&ticket]);
        }
    };
    for (place, (at, input, output)) in load.iter().enumerate() {
        engine.advance(*at);
        collect(engine, &came);
        let tokens = fresh(*input, place as u64);
        let ticket = engine.arrive(*at, &ask(&tokens, *output)).unwrap().ticket;
        came.insert(ticket, *at);
    }
    engine.advance(Duration::from_secs(1_000_000));
    collect(engine, &came);
    waits
}

/// A lone call takes its prefill and so much for each token of its answer, exactly; what is cached costs none;
/// load makes it slower by the formula.
#[test]
fn time_of_a_call() {
    let check = |load_factor: f64, others: u64, input: u64, cached: u64, output: u64, takes: Duration| {
        let mut engine = engine(|simulation| simulation.profile.load_factor = load_factor);
        let begin = fresh(cached, 1);
        let long = [begin.clone(), fresh(1, 2)].concat();
        engine.arrive(ms(0), &ask(&long, 0)).unwrap();
        let now = Duration::from_secs(3600);
        engine.advance(now);
        for other in 0..others {
            engine.arrive(now, &ask(&fresh(1, 100 + other), 10_000)).unwrap();
        }
        engine.take_started();
        let tokens = [begin, fresh(input - cached, 3)].concat();
        engine.arrive(now, &ask(&tokens, output)).unwrap();
        let (_, plan) = engine.take_started()[0];
        assert_eq!((plan.end() - now, plan.whole.cached_tokens), (takes, cached));
        assert_eq!(plan.made_by(plan.token_at(output)), output);
        assert_eq!(plan.made_by(plan.token_at(output.max(1)) - Duration::from_nanos(1)), output.max(1) - 1);
    };
    check(1.0, 0, 1000, 0, 100, ms(30 + 250 + 1200));
    check(1.0, 63, 1000, 0, 100, ms(30 + 250 + 1200));
    check(1.0, 0, 1000, 960, 100, ms(30 + 10 + 1200));
    check(1.0, 0, 40, 0, 1, ms(30 + 10 + 12));
    check(2.0, 0, 1000, 0, 100, ms(1480));
    check(2.0, 63, 1000, 0, 100, ms(2 * 1480));
    check(4.0, 21, 1000, 0, 100, ms(2 * 1480));
}

/// When every slot is in use, calls end at slots / service time, exactly, and in the order in which they came.
#[test]
fn throughput_when_full() {
    let mut engine = engine(|simulation| {
        simulation.profile.queue_max = 100_000;
        simulation.profile.cache_blocks = 0;
    });
    let tokens = fresh(1000, 1);
    for _ in 0..6400 {
        engine.arrive(ms(0), &ask(&tokens, 100)).unwrap();
    }
    // A call takes 30 + 250 + 1200 ms: 64 of them end in each 1.48 s.
    for round in 1..=100_u64 {
        engine.advance(ms(1480 * round) - Duration::from_nanos(1));
        assert_eq!(engine.bill().lines.first().map_or(0, |line| line.calls), 64 * (round - 1));
        engine.advance(ms(1480 * round));
        assert_eq!(engine.bill().lines[0].calls, 64 * round);
    }
    let started: Vec<u64> = engine.take_started().iter().map(|(ticket, _)| *ticket).collect();
    assert!(started.is_sorted() && started.len() == 6400);
}

/// One slot, Poisson arrivals: the mean wait is that of Pollaczek and Khinchine, rate x E(s^2) / (2 (1 - load)),
/// within 10%, for fixed and for log-normal lengths.
#[test]
#[allow(clippy::cast_precision_loss, reason = "counts of a test")]
fn waits_before_one_slot() {
    let check = |sigma: f64, load: f64| {
        let lengths = lengths::Lengths { median: 100, sigma };
        let mut engine = engine(|simulation| {
            simulation.profile = Profile { slots: 1, queue_max: 1_000_000, ..Profile::default() };
        });
        let count = 60_000;
        let outputs: Vec<u64> = (0..count).map(|n: u64| lengths.draw(5, "m", &n.to_string())).collect();
        let service = |output: u64| 0.03 + 0.00025 * 16.0 + 0.012 * output as f64;
        let mean = outputs.iter().map(|output| service(*output)).sum::<f64>() / count as f64;
        let square = outputs.iter().map(|output| service(*output).powi(2)).sum::<f64>() / count as f64;
        let rate = load / mean;
        let mut at = 0.0;
        let arrivals = outputs.iter().enumerate().map(|(place, output)| {
            let share = chance::share(chance::draw(6, "arrival", &[&place.to_le_bytes()]));
            at -= (1.0 - share).ln() / rate;
            (Duration::from_secs_f64(at), 16, *output)
        });
        let load_of_calls: Vec<_> = arrivals.collect();
        let waits = waits(&mut engine, &load_of_calls);
        let seen = waits.iter().map(Duration::as_secs_f64).sum::<f64>() / waits.len() as f64;
        let formula = rate * square / (2.0 * (1.0 - load));
        assert!(
            (seen / formula - 1.0).abs() < 0.1,
            "sigma {sigma}, load {load}: {seen} s, by formula {formula} s"
        );
    };
    check(0.0, 0.5);
    check(0.0, 0.8);
    check(0.7, 0.5);
}

/// Many slots wait less than one of the same load, and not at all at half load: 64 slots, log-normal lengths.
#[test]
fn many_slots_share_a_queue() {
    let mean_wait = |slots: usize, load: f64| {
        let lengths = lengths::Lengths { median: 100, sigma: 0.7 };
        let mut engine = engine(|simulation| {
            simulation.profile = Profile { slots, queue_max: 1_000_000, ..Profile::default() };
        });
        // The mean length is median x e^(sigma^2 / 2).
        let mean = 0.034 + 0.012 * 100.0 * f64::exp(0.245);
        let mut at = 0.0;
        let load: Vec<_> = (0..20_000_u64)
            .map(|place| {
                let share = chance::share(chance::draw(6, "arrival", &[&place.to_le_bytes()]));
                at -= (1.0 - share).ln() * mean / (load * slots as f64);
                (Duration::from_secs_f64(at), 16, lengths.draw(5, "m", &place.to_string()))
            })
            .collect();
        let waits = waits(&mut engine, &load);
        waits.iter().sum::<Duration>().as_secs_f64() / waits.len() as f64
    };
    let (one, many, half) = (mean_wait(1, 0.8), mean_wait(64, 0.8), mean_wait(64, 0.5));
    assert!(one > 1.0 && many < one / 20.0 && half < 0.001, "{one} {many} {half}");
}

/// A full queue refuses, and gives back the tokens; whoever leaves the queue or a slot makes room at once.
#[test]
fn a_full_queue() {
    let mut engine = engine(|simulation| {
        simulation.profile = Profile { slots: 1, queue_max: 1, full_status: 529, ..Profile::default() };
        simulation.limits.input_tokens_per_minute = Some(1000);
    });
    let tokens = fresh(100, 1);
    let first = engine.arrive(ms(0), &ask(&tokens, 100)).unwrap();
    let second = engine.arrive(ms(0), &ask(&tokens, 100)).unwrap();
    let refusal = engine.arrive(ms(0), &ask(&tokens, 100)).unwrap_err();
    assert_eq!((refusal.status(), refusal.word()), (529, "full"));
    assert_eq!(engine.shown(ms(0), "a", "m")[0].remaining, 800);
    engine.leave(ms(0), second.ticket);
    assert_eq!(engine.shown(ms(0), "a", "m")[0].remaining, 900);
    let third = engine.arrive(ms(0), &ask(&tokens, 100)).unwrap();
    assert_eq!(engine.take_started().len(), 1);
    engine.leave(ms(500), first.ticket);
    let started = engine.take_started();
    assert_eq!((started[0].0, started[0].1.start), (third.ticket, ms(500)));
    engine.leave(ms(500), first.ticket);
    let seen = engine.seen();
    assert_eq!((seen.running, seen.waiting, seen.lines[0].useless), (1, 0, 1));
}
