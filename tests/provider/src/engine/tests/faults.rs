//! Faults by chance, sickness, and what a change may do.

use super::super::faults::{Chance, Health, befalls};
use super::super::{Change, DEFAULT_ACCOUNT};
use super::*;
use crate::Fault;

/// Each fault befalls its share of the calls, and the same calls for the same seed.
#[test]
fn shares() {
    let chances = [(0.1, Fault::Hang), (0.25, Fault::Garbage), (0.0, Fault::Stall)]
        .map(|(rate, fault)| Chance { rate, fault });
    let of = |seed: u64| (0..20_000).map(|call| befalls(seed, &chances, call)).collect::<Vec<_>>();
    let first = of(1);
    assert_eq!(first, of(1));
    assert_ne!(first, of(2));
    let share = |fault: Option<Fault>| first.iter().filter(|one| **one == fault).count() as f64 / 20_000.0;
    for (fault, rate) in
        [(Some(Fault::Hang), 0.1), (Some(Fault::Garbage), 0.25), (Some(Fault::Stall), 0.0), (None, 0.65)]
    {
        assert!((share(fault.clone()) - rate).abs() < 0.01, "{fault:?}: {}", share(fault.clone()));
    }
}

/// A server falls sick and heals, is silent and speaks again; nothing of that is billed but silence, and what
/// is wrong with a change leaves all as it was.
#[test]
fn sick_and_well() {
    let mut engine = engine(|_| {});
    let turn = |engine: &mut Engine, health| {
        engine.change(ms(0), Change { health: Some(health), ..Change::default() }).unwrap();
    };
    turn(&mut engine, Health::Sick { status: 503, after_ms: 20 });
    let refusal = engine.arrive(ms(0), &ask(&[1], 10)).unwrap_err();
    assert_eq!((refusal.status(), refusal.takes, refusal.word()), (503, ms(20), "sick"));
    turn(&mut engine, Health::Silent);
    assert_eq!(engine.arrive(ms(0), &ask(&[1], 10)).unwrap().fault, Some(Fault::Hang));
    turn(&mut engine, Health::Well);
    assert_eq!(engine.arrive(ms(0), &ask(&[1], 10)).unwrap().fault, None);
    engine.advance(ms(60_000));
    let bill = engine.bill();
    assert_eq!((bill.lines[0].calls, bill.lines[0].unsent), (2, 1));

    let faults = Some(vec![Chance { rate: 2.0, fault: Fault::Hang }]);
    let wrong = Change { health: Some(Health::Silent), faults, ..Change::default() };
    engine.change(ms(0), wrong).unwrap_err();
    assert_eq!(engine.simulation().health, Health::Well);
    engine.change(ms(0), Change { forget: true, ..Change::default() }).unwrap();
    assert_eq!(
        (engine.bill().micro_units, engine.seen().lines[0].admitted, DEFAULT_ACCOUNT),
        (0, 0, "default")
    );
}

/// The same calls make the same history, to the micro-unit; another seed makes another.
#[test]
fn a_seed_decides() {
    let history = |seed: u64| {
        let mut engine = engine(|simulation| {
            simulation.seed = seed;
            simulation.limits.requests_per_minute = Some(300);
            simulation.faults = vec![
                Chance { rate: 0.1, fault: Fault::TruncateStream },
                Chance { rate: 0.1, fault: Fault::ErrorIn200 { code: 500.into() } },
                Chance { rate: 0.1, fault: Fault::Slow { times: 4 } },
            ];
        });
        for place in 0..2000_u64 {
            let tokens = fresh(1 + place % 90, place % 7);
            let prompt = (place % 300).to_string();
            let call = Ask { prompt: &prompt, output: None, ..ask(&tokens, 0) };
            if let (Ok(admitted), true) = (engine.arrive(ms(place * 150), &call), place.is_multiple_of(5)) {
                engine.leave(ms(place * 150 + 100), admitted.ticket);
            }
        }
        engine.advance(ms(10_000_000));
        let started: Vec<_> = engine.take_started();
        (engine.bill(), engine.seen(), started)
    };
    let first = history(1);
    assert_eq!(first, history(1));
    assert_ne!(first.0.micro_units, history(2).0.micro_units);
    let line = &first.0.lines[0];
    assert!(line.cut > 50 && line.left > 50 && first.1.lines[0].refused["fault"] > 50, "{line:?}");
}
