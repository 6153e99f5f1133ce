//! The envelope reads what it writes, and says what is wrong with what it cannot read.

use super::*;
use crate::address::{Address, ReplyKind};
use crate::ids::{Key, WorkId};

fn envelope() -> Envelope {
    let task = TaskId::new("orders/7 | weiß").unwrap();
    let work = WorkId::of_task("tasks", &task);
    let position = Position { generation: 1, partition: 3, offset: 42 };
    let call = CallId::of("planner", work, position, 0);
    Envelope {
        kind: Kind::Answer,
        task,
        path: WorkPath::root("planner").child("data-analyst"),
        call: Some(call),
        branch: Some("data-analyst".into()),
        outcome: Some(Outcome::Failed),
        reply_to: Some(ReplyTo {
            kind: ReplyKind::Result,
            address: Address { topic: "x.results".into(), partition: 2, key: Key::new(b"orders/7 | weiss") },
            call,
        }),
        limits: Limits {
            deadline: Timestamp(1_700_000_000_000),
            budget: Budget { calls: 12 },
            priority: 4,
            tenant: "acme".into(),
        },
        origin: Origin { topic: "x.tasks".into(), partition: 0, offset: 9 },
        accepted_at: Timestamp(5),
        asked_at: Some(Echo { position, at: Timestamp(77) }),
        depth: 2,
        hops: 5,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        agent_version: "abc".into(),
    }
}

/// What is written is read back the same, with every optional header and with none.
#[test]
fn round_trip() {
    let full = envelope();
    let mut bare = full.clone();
    bare.call = None;
    bare.branch = None;
    bare.outcome = None;
    bare.reply_to = None;
    bare.asked_at = None;
    bare.traceparent = None;
    for case in [full, bare] {
        assert_eq!(Envelope::read(&case.write()), Ok(case));
    }
}

/// A broken or missing header is named in the error, with what was found.
#[test]
fn broken_headers_are_named() {
    let check = |name: &'static str, value: &'static [u8], expected: &str| {
        let mut headers = envelope().write();
        headers.push(name, value);
        let error = Envelope::read(&headers).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    };
    check(headers::KIND, b"letter", "kind \"letter\" is unknown");
    check(headers::DEADLINE, b"tomorrow", "deadline is \"tomorrow\"");
    check(headers::BUDGET, b"free", "budget \"free\" is not of the form calls=NUMBER");
    check(headers::BUDGET, b"calls=-1", "calls must be a number");
    check(headers::PRIORITY, b"10", "at most 9");
    check(headers::TASK_ID, b"", "task id is empty");
    check(headers::TASK_ID, b"\xff", "task-id is not UTF-8");
    check(headers::REPLY_TO, b"answer|t|x|y|z", "reply-to");
    check(headers::ORIGIN, b"nowhere", "origin");
    check(headers::CALL_ID, b"1234", "call-id");
    check(headers::ASKED_AT, b"1/2/3", "asked-at");
}

/// Ids are functions of where they were made, and differ when anything differs.
#[test]
fn ids_are_stable_and_apart() {
    let task = TaskId::new("a").unwrap();
    let work = WorkId::of_task("t", &task);
    assert_eq!(work, WorkId::of_task("t", &task));
    assert_eq!(WorkId::parse(work.to_string().as_bytes()), Some(work));
    let at = |offset| Position { generation: 1, partition: 0, offset };
    let mut ids = vec![
        work.to_string(),
        WorkId::of_task("ta", &TaskId::new("b").unwrap()).to_string(),
        WorkId::of_task("t", &TaskId::new("ab").unwrap()).to_string(),
        WorkId::of_part(work, at(1), "x").to_string(),
        WorkId::of_part(work, at(2), "x").to_string(),
        WorkId::of_part(work, at(1), "y").to_string(),
        WorkId::of_join(work, at(1)).to_string(),
        CallId::of("p", work, at(1), 0).to_string(),
        CallId::of("p", work, at(1), 1).to_string(),
        CallId::of("q", work, at(1), 0).to_string(),
    ];
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
