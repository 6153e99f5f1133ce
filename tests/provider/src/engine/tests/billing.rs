//! Bills, to the micro-unit.

use super::super::bill::Line;
use super::super::prices::{Lane, Price, Used};
use super::super::simulation::Cancelled;
use super::*;

/// A call is rounded once, half up; in a batch it is half of the sum that is.
#[test]
fn rounding() {
    let check = |price: (u64, u64, u64), used: (u64, u64, u64), live: u64, batch: u64| {
        let price = Price { input: price.0, cached: price.1, output: price.2 };
        let used = Used { input_tokens: used.0, cached_tokens: used.1, output_tokens: used.2 };
        assert_eq!(
            (price.cost(Lane::Live, used), price.cost(Lane::Batch, used)),
            (live, batch),
            "{price:?} {used:?}"
        );
    };
    check((150_000, 75_000, 600_000), (1000, 0, 100), 210, 105);
    check((150_000, 75_000, 600_000), (1000, 960, 100), 138, 69);
    check((500_000, 0, 0), (1, 0, 0), 1, 0);
    check((499_999, 0, 0), (1, 0, 0), 0, 0);
    check((250_000, 0, 250_000), (1, 0, 1), 1, 0);
    check((1_000_000, 0, 0), (1, 0, 0), 1, 1);
    check((1, 1, 1), (0, 0, 0), 0, 0);
    check((7, 0, 0), (1, 5, 0), 0, 0);
    check((u64::MAX, 0, u64::MAX), (u64::MAX, 0, u64::MAX), u64::MAX, u64::MAX);
}

/// The bill is the sum of its calls, each rounded alone, by account and model.
#[test]
fn sums_are_exact() {
    let price = Price { input: 333_333, cached: 77_777, output: 1_234_567 };
    let mut engine = engine(|simulation| simulation.price = price);
    let mut expected = std::collections::BTreeMap::new();
    for call in 0..1000_u64 {
        let (account, model) = (["a", "b", "c"][call as usize % 3], ["m", "n"][call as usize % 2]);
        // Three in four begin alike.
        let tokens = [fresh(40 * u64::from(!call.is_multiple_of(4)), 1), fresh(1 + call % 50, call)].concat();
        let call = Ask { account, model, ..ask(&tokens, call % 17) };
        engine.arrive(Duration::from_secs(expected.len() as u64 * 10), &call).unwrap();
        let (_, plan) = engine.take_started()[0];
        *expected.entry((account, model)).or_insert(0) += price.cost(Lane::Live, plan.whole);
        engine.advance(plan.end());
    }
    let bill = engine.bill();
    let lines = |line: &Line| ((line.account.clone(), line.model.clone()), line.micro_units);
    let seen: Vec<_> = bill.lines.iter().map(lines).collect();
    let wanted: Vec<_> =
        expected.iter().map(|((a, m), cost)| ((a.to_string(), m.to_string()), *cost)).collect();
    assert_eq!(seen, wanted);
    assert_eq!(bill.micro_units, expected.values().sum::<u64>());
    assert!(bill.lines.iter().all(|line| line.used.cached_tokens > 0));
}

/// What is billed when a call does not go well, as the bill's table has it.
#[test]
fn half_way() {
    use crate::Fault;
    let check = |fault: Option<crate::Fault>, leaves: Option<u64>, expected: Option<(u64, u64, u64, u64)>| {
        let mut engine = engine(|simulation| simulation.profile.slots = 1);
        let tokens = fresh(40, 1);
        let mut first = ask(&tokens, 100);
        first.fault = fault.clone();
        let came = engine.arrive(ms(0), &first);
        if let (Ok(admitted), Some(leaves)) = (came, leaves) {
            engine.leave(ms(leaves), admitted.ticket);
        }
        engine.advance(ms(100_000));
        let bill = engine.bill();
        let line = |line: &Line| (line.used.output_tokens, line.unsent, line.cut, line.left);
        assert_eq!(bill.lines.first().map(line), expected, "{fault:?} {leaves:?}");
        assert!(bill.lines.iter().all(|line| line.calls == 1 && line.used.input_tokens == 40));
    };
    check(None, None, Some((100, 0, 0, 0)));
    // The prefill takes 40 ms, each token 12.
    check(None, Some(0), Some((0, 0, 0, 1)));
    check(None, Some(40 + 11), Some((0, 0, 0, 1)));
    check(None, Some(40 + 12 * 7), Some((7, 0, 0, 1)));
    check(None, Some(40 + 1200), Some((100, 0, 0, 0)));
    check(Some(Fault::TruncateStream), None, Some((50, 0, 1, 0)));
    check(Some(Fault::EndEarly), None, Some((50, 0, 1, 0)));
    check(Some(Fault::Stall), Some(40 + 120), Some((10, 0, 0, 1)));
    check(Some(Fault::Garbage), None, Some((100, 0, 0, 0)));
    check(Some(Fault::FalseUsage), None, Some((100, 0, 0, 0)));
    check(Some(Fault::Hang), None, Some((100, 1, 0, 0)));
    check(Some(Fault::Slow { times: 3 }), Some(3 * (40 + 24)), Some((2, 0, 0, 1)));
    check(Some(Fault::ErrorIn200 { code: 500.into() }), None, None);
    let status = Fault::Status { status: 500, retry_after: None, retry_after_ms: None, code: None };
    check(Some(status), None, None);
}

/// A call that is left stops or goes on, and is billed or not, as the settings have it; one that waits is free.
/// Its slot is there for the next one once it has ended.
#[test]
fn cancelled_calls() {
    let check = |cancelled: Cancelled, calls: u64, output: u64, next_starts: Duration| {
        let mut engine = engine(|simulation| {
            simulation.profile.slots = 1;
            simulation.cancelled = cancelled;
            simulation.limits.concurrent = Some(3);
        });
        let tokens = fresh(40, 1);
        let [runs, waits, next] = [1, 2, 3].map(|_| engine.arrive(ms(0), &ask(&tokens, 100)).unwrap().ticket);
        engine.leave(ms(1), waits);
        engine.leave(ms(40 + 12 * 7), runs);
        engine.leave(ms(40 + 12 * 7), runs);
        engine.advance(ms(1240));
        let started = engine.take_started();
        let starts: Vec<_> = started.iter().map(|(ticket, plan)| (*ticket, plan.start)).collect();
        assert_eq!(starts, [(runs, ms(0)), (next, next_starts)], "{cancelled:?}");
        let bill = engine.bill();
        let line = |line: &Line| (line.calls, line.left, line.used.output_tokens);
        assert_eq!(bill.lines.first().map_or((0, 0, 0), line), (calls, calls, output), "{cancelled:?}");
        engine.leave(ms(1240), next);
        let concurrent = engine.shown(ms(100_000), "a", "m")[0];
        engine.advance(ms(100_000));
        assert!(concurrent.remaining >= 2 && engine.shown(ms(100_000), "a", "m")[0].remaining == 3);
    };
    check(Cancelled::Stops, 1, 7, ms(124));
    check(Cancelled::StopsFree, 0, 0, ms(124));
    check(Cancelled::GoesOn, 1, 100, ms(1240));
}
