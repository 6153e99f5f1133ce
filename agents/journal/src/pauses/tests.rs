//! Pauses between failures: growing, bounded, spread, and the same in every run.

use std::time::Duration;

use schemas_records::CallId;

use super::Pauses;

/// Each pause is four times the one before, plus up to half; more may be asked for, within the bound.
#[test]
fn pauses_grow_within_bounds() {
    let pauses = Pauses { first: Duration::from_millis(250), max: Duration::from_secs(10) };
    let check = |failures: u32, asked_for: Option<u64>, from_ms: u64, to_ms: u64| {
        for number in 0..100 {
            let call = CallId::parse(format!("{number:032x}").as_bytes()).unwrap();
            let pause = pauses.after(failures, asked_for.map(Duration::from_millis), call);
            let bounds = Duration::from_millis(from_ms)..=Duration::from_millis(to_ms);
            assert!(bounds.contains(&pause), "{pause:?} after {failures} with {asked_for:?}");
            assert_eq!(pause, pauses.after(failures, asked_for.map(Duration::from_millis), call));
        }
    };
    check(1, None, 250, 375);
    check(2, None, 1000, 1500);
    check(3, None, 4000, 6000);
    check(99, None, 10_000, 10_000);
    check(1, Some(0), 250, 375);
    check(1, Some(3000), 3000, 3000);
    check(1, Some(86_400_000), 10_000, 10_000);
}

/// Calls that failed together do not come back together.
#[test]
fn pauses_are_spread() {
    let call = |number: u32| CallId::parse(format!("{number:032x}").as_bytes()).unwrap();
    let low = (0..1000).filter(|number| super::spread(call(*number), 1) < 0.5).count();
    assert!((400..600).contains(&low), "{low} of 1000 in the lower half");
}
