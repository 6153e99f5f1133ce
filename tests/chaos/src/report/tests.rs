//! The report counts faults by kind and says how long each took to be got over.

use std::time::{Duration, Instant};

use super::{faults, recoveries};
use crate::plan::Kind;
use crate::strike::Struck;
use crate::tasks::Tasks;
use crate::team::Way;

fn struck(kind: Kind, at: Instant) -> Struck {
    Struck { kind, target: String::new(), at, span: (0, 0), crashes: 1 }
}

/// A fault is got over when the last of what was open has ended; what was not sent yet, or had ended, does not count;
/// what never ended is never got over, whatever came between.
#[test]
fn a_recovery_is_the_last_end_of_what_was_open() {
    let (tasks, start) = (Tasks::new(1, "tasks"), Instant::now());
    let second = |seconds: u64| start + Duration::from_secs(seconds);
    assert!((0..4).all(|number| tasks.errand(number).way == Way::All), "choose another seed");
    let sent: Vec<Instant> = (0..4).map(second).collect();
    let faults = [struck(Kind::Kill, second(2)), struck(Kind::Freeze, second(20))];
    let check = |seen: [Option<u64>; 4], expected: [Option<u64>; 2]| {
        let seen = seen.map(|at| at.map(second));
        let found = recoveries(&faults, &tasks, &sent, &seen);
        assert_eq!(found, expected.map(|seconds| seconds.map(Duration::from_secs)), "{seen:?}");
    };
    check([Some(1), Some(5), Some(4), Some(9)], [Some(3), Some(0)]);
    check([Some(1), Some(2), Some(2), Some(9)], [Some(0), Some(0)]);
    check([Some(1), None, Some(4), Some(9)], [None, None]);
    check([Some(1), Some(25), Some(4), Some(9)], [Some(23), Some(5)]);
}

/// Faults of a kind share a line with the slowest of them.
#[test]
fn kinds_are_counted() {
    let now = Instant::now();
    let all = [
        struck(Kind::At("desk", "saved"), now),
        struck(Kind::At("timers", "polled"), now),
        struck(Kind::Kill, now),
    ];
    let text = faults(&all, &[Some(Duration::from_secs(2)), Some(Duration::from_millis(7_500)), None]);
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().split_whitespace();
    assert_eq!(line("kill -9 at a moment").rev().take(2).collect::<Vec<_>>(), ["7.5", "2"]);
    assert_eq!(line("all").collect::<Vec<_>>(), ["all", "3", "never"]);
}
