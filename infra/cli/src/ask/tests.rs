//! What is shown fits and says what it should.

use infra_http::told::{Looked, State, Task, Tasks};
use schemas_records::{Failure, FailureCode, Timestamp};

use super::{middle, moment, tasks, wrap};

/// Moments by the civil calendar, leap days and years before 1970 too.
#[test]
fn moments() {
    let check = |millis: i64, expected: &str| assert_eq!(moment(millis), expected);
    check(0, "1970-01-01 00:00:00");
    check(951_782_400_000, "2000-02-29 00:00:00");
    check(1_709_251_199_999, "2024-02-29 23:59:59");
    check(1_767_225_600_000, "2026-01-01 00:00:00");
    check(-1, "1969-12-31 23:59:59");
}

/// Lines break at spaces, ids in their middle.
#[test]
fn fits() {
    assert_eq!(middle("short", 34), "short");
    assert_eq!(middle("0123456789", 5), "01…89");
    let text = wrap(&"word ".repeat(40), "  ");
    assert!(text.lines().all(|line| line.len() <= 80 && line.starts_with("  word")), "{text}");
    assert_eq!(wrap("", "  "), "  ");
}

/// A list within 80 columns, with why a task failed, and how far was looked.
#[test]
fn lists_tasks() {
    let task = Task {
        task: "hiring-01".into(),
        state: State::Failed,
        origin: "n.t.tasks/0/7".into(),
        at: Timestamp(1_000),
        ended_at: Some(Timestamp(3_500)),
        failure: Some(Failure::new(FailureCode::AgentFailed, "no such sector", "ask for another")),
    };
    let open =
        Task { task: "x".repeat(256), state: State::Open, ended_at: None, failure: None, ..task.clone() };
    let looked = Looked { records: 100_000, is_all: false };
    let shown = tasks(&Tasks { tasks: vec![task, open], found: 70, looked });
    let expected = "hiring-01                          failed   1970-01-01 00:00:01  2.5 s
  no such sector (ask for another)\n";
    assert!(shown.contains(expected), "{shown}");
    assert!(shown.ends_with("2 of 70 tasks\n(looked at the newest 100,000 records)\n"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}
