//! Which of two writes wins, case by case.

use std::time::Duration;

use super::*;

fn cell(epoch: i64, expires: Option<i64>, value: &'static str) -> Cell {
    Cell { epoch: Epoch(epoch), expires: expires.map(Timestamp), value: Bytes::from_static(value.as_bytes()) }
}

/// Shows the order in which writes at one position win: epoch, then a life, then its end, then the
/// bytes; and that of two different writes exactly one wins, whichever comes first.
#[test]
fn later_in_the_list_wins() {
    let rising = [
        cell(1, None, ""),
        cell(1, None, "a"),
        cell(1, None, "aa"),
        cell(1, None, "b"),
        cell(1, Some(0), "a"),
        cell(1, Some(0), "b"),
        cell(1, Some(9), "a"),
        cell(2, None, ""),
        cell(2, Some(0), ""),
        cell(10, None, ""),
    ];
    for (index, left) in rising.iter().enumerate() {
        for (other, right) in rising.iter().enumerate() {
            assert_eq!(left.beats(right), index > other, "{left:?} against {right:?}");
        }
    }
}

/// Shows that a life ends at its end, not before, and that one without bounds never does.
#[test]
fn ends_of_life() {
    let check = |lives: Option<Duration>, expected: Option<i64>| {
        assert_eq!(end_of_life(Timestamp(1000), lives), expected.map(Timestamp), "{lives:?}");
    };
    check(None, None);
    check(Some(Duration::ZERO), Some(1000));
    check(Some(Duration::from_secs(2)), Some(3000));
    check(Some(Duration::MAX), None);
    let ends = cell(1, Some(3000), "");
    assert!(ends.is_seen(Timestamp(2999)) && !ends.is_seen(Timestamp(3000)));
    assert!(cell(1, None, "").is_seen(Timestamp(i64::MAX)));
}

/// Shows which deletions are kept beside each other, and that none is forgotten early because another
/// one covered it.
#[test]
fn deletions_that_cover_each_other() {
    let check = |added: &[(i64, i64, i64)], expected: &[(i64, i64, i64)]| {
        let mut floors = Floors::default();
        for (offset, epoch, now) in added {
            floors.add(*offset, Epoch(*epoch), Timestamp(*now));
        }
        let left: Vec<_> =
            floors.0.iter().map(|floor| (floor.offset, floor.epoch.0, floor.until.0 - 600_000)).collect();
        assert_eq!(left, expected, "{added:?}");
    };
    check(&[(5, 1, 0)], &[(5, 1, 0)]);
    check(&[(5, 1, 0), (9, 1, 1)], &[(9, 1, 1)]);
    check(&[(5, 1, 0), (5, 2, 1)], &[(5, 2, 1)]);
    check(&[(5, 2, 0), (9, 1, 1)], &[(5, 2, 0), (9, 1, 1)]);
    check(&[(9, 1, 0), (5, 2, 1), (7, 3, 2)], &[(9, 1, 0), (7, 3, 2)]);
    check(&[(9, 1, 0), (5, 2, 1), (9, 2, 2)], &[(9, 2, 2)]);
    check(&[(9, 2, 0), (5, 1, 7)], &[(9, 2, 7)]);
    check(&[(9, 1, 0), (5, 1, 600_000)], &[(5, 1, 600_000)]);
}
