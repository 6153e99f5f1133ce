//! Counting, as data: what was read and paid, and what the table says of it.

use tests_provider::Paid;

use super::{Bill, Counted, Tally};
use crate::tasks::Task;

fn tasks() -> Vec<Task> {
    let task = |id: &str, prompts: [&str; 2]| Task {
        id: id.to_owned(),
        json: String::new(),
        prompts: prompts.map(str::to_owned).to_vec(),
    };
    vec![task("a", ["a1", "a2"]), task("b", ["b1", "b2"])]
}

/// Results read, and: lost, doubled, of no task.
fn check_results(read: &[&str], lost: usize, doubled: u64, strange: u64) {
    let mut tally = Tally::default();
    for task in read {
        tally.add(task, true);
    }
    let tasks = tasks();
    assert_eq!(
        (tally.lost(&tasks), tally.doubled(), tally.strange(&tasks)),
        (lost, doubled, strange),
        "{read:?}"
    );
    assert_eq!(tally.results(), read.len() as u64, "{read:?}");
    let counted = Counted { name: "a side", tally, bill: Bill::default(), seconds: 0.0 };
    assert_eq!(counted.is_exact(&tasks), lost == 0 && doubled == 0 && strange == 0, "{read:?}");
}

/// A task without a result is lost, each result after a task's first is doubled, and both can be true of
/// one run.
#[test]
fn results_are_lost_or_doubled() {
    check_results(&["a", "b"], 0, 0, 0);
    check_results(&["b", "a"], 0, 0, 0);
    check_results(&[], 2, 0, 0);
    check_results(&["a"], 1, 0, 0);
    check_results(&["a", "a", "a"], 1, 2, 0);
    check_results(&["a", "b", "a", "b"], 0, 2, 0);
    check_results(&["a", "b", "c"], 0, 0, 1);
}

/// A failure is a result of its task, and is told apart.
#[test]
fn failures_are_results() {
    let mut tally = Tally::default();
    tally.add("a", false);
    tally.add("b", true);
    assert_eq!((tally.failed, tally.lost(&tasks()), tally.done()), (1, 0, 2));
}

/// Prompts paid for, and the bill: needed, made, again, never, strange.
fn check_bill(paid: &[&str], made: u64, again: u64, never: u64, strange: u64) {
    let mut bill = Paid::default();
    for prompt in paid {
        bill.count((*prompt).to_owned());
    }
    assert_eq!(Bill::new(&tasks(), &bill), Bill { needed: 4, made, again, never, strange }, "{paid:?}");
}

/// Each call after a prompt's first is paid twice; calls that were never made do not make up for it.
#[test]
fn calls_are_paid_once_or_again() {
    check_bill(&["a1", "a2", "b1", "b2"], 4, 0, 0, 0);
    check_bill(&["a1", "a2", "b1", "b2", "a1", "a1"], 6, 2, 0, 0);
    check_bill(&["a1", "a1", "a1", "a1"], 4, 3, 3, 0);
    check_bill(&[], 0, 0, 4, 0);
    check_bill(&["a1", "a2", "b1", "b2", "x", "x"], 6, 1, 0, 2);
}
