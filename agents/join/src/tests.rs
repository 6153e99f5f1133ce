//! A join closes once, by its policy, with what is there.

use proptest::prelude::*;
use schemas_records::protocol::ExpectedPart;

use super::*;

fn expectation(parts: usize, policy: JoinPolicy, needed: i32) -> Expectation {
    let parts = (0..parts).map(|n| ExpectedPart {
        branch: format!("b{n}"),
        topic: "t".into(),
        partition: 0,
        key: format!("k{n}"),
    });
    Expectation {
        fork: "1/0/7".into(),
        parts: parts.collect(),
        policy,
        needed,
        until: 99,
        context: Bytes::from_static(b"context"),
    }
}

/// When each policy is ready, letter by letter: `o` a good part, `x` a failed one, in the order of
/// arrival; the expected string says after each arrival (and before the first) whether it is ready.
#[test]
fn policies() {
    let check = |parts: usize, policy: JoinPolicy, needed: i32, arrivals: &str, expected: &str| {
        let mut join = open(&expectation(parts, policy, needed)).unwrap();
        let mut seen = String::from(if is_ready(&join) { "!" } else { "." });
        for (n, letter) in arrivals.chars().enumerate() {
            let outcome = if letter == 'o' { Outcome::Ok } else { Outcome::Failed };
            assert_eq!(arrive(&mut join, &format!("k{n}"), outcome, Bytes::new()), Arrival::Counted);
            seen.push(if is_ready(&join) { '!' } else { '.' });
        }
        assert_eq!(seen, expected, "{parts} parts, {policy:?} {needed}, {arrivals}");
    };
    check(0, JoinPolicy::All, 0, "", "!");
    check(0, JoinPolicy::Quorum, 3, "", "!");
    check(0, JoinPolicy::First, 2, "", "!");
    check(3, JoinPolicy::All, 0, "oxo", "...!");
    check(3, JoinPolicy::Quorum, 2, "ooo", "..!!");
    check(3, JoinPolicy::Quorum, 2, "xx", "..!");
    check(3, JoinPolicy::First, 2, "xo", "..!");
    check(1, JoinPolicy::First, 1, "x", ".!");
}

/// What cannot be a join is said before it is made.
#[test]
fn impossible_joins() {
    let check = |parts, policy, needed, expected: &str| {
        let error = open(&expectation(parts, policy, needed)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(3, JoinPolicy::Quorum, 4, "needs 4 parts of 3");
    check(3, JoinPolicy::First, 0, "needs 0 parts of 3");
    check(3, JoinPolicy::Quorum, -1, "needs -1");
    check(PARTS_MAX + 1, JoinPolicy::All, 0, "65 parts");
    let mut twice = expectation(2, JoinPolicy::All, 0);
    twice.parts[1].branch = "b0".into();
    assert!(open(&twice).unwrap_err().to_string().contains("\"b0\" twice"));
}

/// Closing early names what is missing and what still runs; a quorum that is not there is a failure.
#[test]
fn closing_early() {
    let mut join = open(&expectation(3, JoinPolicy::All, 0)).unwrap();
    arrive(&mut join, "k1", Outcome::Ok, Bytes::from_static(b"one"));
    let closed = close(join.clone());
    let keys: Vec<&str> = closed.running.iter().map(|running| running.key.as_str()).collect();
    assert_eq!(keys, ["k0", "k2"]);
    let parts = closed.result.unwrap().parts;
    assert_eq!(parts[0], ("b0".into(), PartOutcome::Missing));
    assert_eq!(parts[1], ("b1".into(), PartOutcome::Arrived(Bytes::from_static(b"one"))));

    join.policy = JoinPolicy::Quorum;
    join.needed = 2;
    let failure = close(join).result.unwrap_err();
    assert!(failure.message.contains("1 of the 2 parts"), "{failure}");
    assert!(failure.message.ends_with("b0, b2"), "{failure}");
}

proptest! {
    /// However parts arrive, also twice and from strangers, the first of each branch counts, and what is
    /// gathered is a function of the order of arrival alone.
    #[test]
    fn first_arrival_counts(order in prop::collection::vec((0_usize..6, any::<bool>(), 0_u8..9), 0..30)) {
        let mut join = open(&expectation(4, JoinPolicy::All, 0)).unwrap();
        let mut first: Vec<Option<(bool, u8)>> = vec![None; 4];
        for (branch, good, value) in order {
            let outcome = if good { Outcome::Ok } else { Outcome::Failed };
            let arrival = arrive(&mut join, &format!("k{branch}"), outcome, Bytes::from(vec![value]));
            match first.get_mut(branch) {
                None => prop_assert_eq!(arrival, Arrival::Stranger),
                Some(Some(_)) => prop_assert_eq!(arrival, Arrival::Duplicate),
                Some(slot) => {
                    prop_assert_eq!(arrival, Arrival::Counted);
                    *slot = Some((good, value));
                }
            }
            prop_assert_eq!(is_ready(&join), first.iter().all(Option::is_some));
        }
        for ((_, part), first) in close(join).result.unwrap().parts.into_iter().zip(first) {
            let expected = match first {
                None => PartOutcome::Missing,
                Some((true, value)) => PartOutcome::Arrived(Bytes::from(vec![value])),
                Some((false, value)) => PartOutcome::Failed(Bytes::from(vec![value])),
            };
            prop_assert_eq!(part, expected);
        }
    }
}
