//! A seed that fails is made smaller: of a storm with a real defect in it, what is told is what the defect needs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use tests_kit::simulation::storm::Event;
use tests_kit::simulation::team::{Errand, Way, errands, some_errands};
use tests_kit::simulation::{Chance, Failed, Simulation, Storm, Task, Without};

/// The variable that takes a guard away from a process.
const WITHOUT_GUARD: &str = "TRIBUTARY_WITHOUT_GUARD";

/// How many of each kind of thing are left of a seed, of how many.
fn left(failed: &Failed) -> BTreeMap<String, (usize, usize)> {
    let shrunk = failed.shrunk.as_ref().expect("it was made smaller");
    let counts = shrunk.left.iter().map(|line| {
        let (name, rest) = line.split_once(": ").unwrap();
        let (left, of) = rest.split(':').next().unwrap().split_once(" of ").unwrap();
        (name.to_owned(), (left.parse().unwrap(), of.parse().unwrap()))
    });
    counts.collect()
}

/// The line that a failure tells, as whoever types it types it.
fn typed(failed: &Failed) -> Without {
    let again = failed.again();
    again.split(' ').find_map(|word| word.strip_prefix("SHRUNK=")).expect("a line").parse().unwrap()
}

/// A store that loses rows, in the midst of the storm of a seed with nine tasks: what is left is a task or two, the loss
/// and at most what makes it felt, still broken in the same way, and again so when the line that is told is typed.
#[test]
fn what_is_left_is_what_the_defect_needs() {
    let tasks = |chance: &mut Chance| {
        let later = Errand { way: Way::Later, text: "an errand".into() };
        let mut tasks = some_errands(chance, 8);
        tasks.push(Task::new(serde_json::to_vec(&later).unwrap()).timely());
        tasks
    };
    let storms = |chance: &Chance| {
        let mut storm = Storm { instances: 3, open_max: 12, ..Storm::of(chance) };
        let mut chance = chance.of("losses");
        for _ in 0..6 {
            let at = chance.millis(1_000, 12_000);
            storm.events.push((at, Event::LoseRow));
            storm.events.push((at + Duration::from_millis(50), Event::KillAll));
        }
        storm.events.sort_by_key(|(at, _)| *at);
        storm
    };
    let simulation = Simulation::of(errands())
        .tasks(tasks)
        .storms(storms)
        .command("SEED={seed} cargo test --test shrinking");
    let failed = simulation.check(0..20).expect_err("rows were lost");
    println!("{failed}");
    let whole = simulation.run(failed.seed).expect_err("whole it fails too");
    for of in [&failed, &whole] {
        let is_loss =
            |violation: &String| violation.starts_with("State: of ") || violation.contains("are lost");
        assert!(of.violations.iter().any(is_loss), "{of}");
    }

    let left = left(&failed);
    let (sent, events) = (left["sent"], left["events"]);
    assert!(sent.0 <= 2 && sent.1 >= 9, "{failed}");
    assert!(events.0 <= 3 && events.1 >= 12, "{failed}");
    assert!(left.get("deaths").is_none_or(|deaths| deaths.0 == 0), "{failed}");

    let again = simulation.show(failed.seed, &typed(&failed)).expect_err("it fails again");
    assert_eq!(again.violations, failed.violations);
    assert_eq!(again.again(), failed.again());
}

/// The same for a guard that is gone, in a process of its own: a task that is sent twice is done twice, and no more
/// than that is left of the storm in which it was.
#[test]
fn a_missing_guard_is_shown_by_its_smallest_storm() {
    if std::env::var_os(WITHOUT_GUARD).is_none() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "a_missing_guard_is_shown_by_its_smallest_storm", "--nocapture"]);
        let said = again.env(WITHOUT_GUARD, "task-begins-once").output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        println!("{text}");
        assert!(
            said.status.success() && text.contains("running 1 test"),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
        return;
    }
    let storms = |chance: &Chance| Storm { mischief_per_mille: 250, ..Storm::of(chance) };
    let simulation = Simulation::of(errands()).tasks(|chance| some_errands(chance, 8)).storms(storms);
    let failed = simulation.check(0..40).expect_err("a task begins twice");
    println!("{failed}");
    let left = left(&failed);
    assert!(left["sent"].0 <= 3 && left["sent"].1 >= 8, "{failed}");
    let disturbs = ["deaths", "events", "trouble"].map(|kind| left.get(kind).map_or(0, |count| count.0));
    assert!(disturbs.iter().sum::<usize>() <= 1, "{failed}");
}
