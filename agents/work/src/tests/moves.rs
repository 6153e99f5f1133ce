//! A record of a work that is not known where it arrives, while the inbox moves.

use std::time::Duration;

use schemas_codec::{Codec, Registry};
use schemas_records::headers::MOVED_FROM;
use schemas_records::{Envelope, Kind, Position, Timestamp};
use topics_catalog::Inbox;
use topics_log::{NewRecord, Record, TopicPartition, partition_of};
use topics_runtime::{Beside, DeadReason, Handler, Input, NewState};
use topics_state::Version;

use super::house::{House, START, agent, works};
use crate::Works;

/// What came of a record that arrived beside other generations.
struct Case {
    /// The record's kind; its other headers are a task's input's.
    kind: Kind,
    /// Whether a work of its key lives here, and in the generation before.
    is_known: bool,
    is_known_before: bool,
    /// Which generations there are.
    has_before: bool,
    has_next: bool,
}

const OLD: &str = "ns.team.entry.inbox.g1";
const NEW: &str = "ns.team.entry.inbox.g3";

/// Works that wait for a timer once they have begun, and a task for them.
fn stage() -> (Works, NewRecord) {
    let waits = agent(|_, effects| {
        effects.timer("later", Duration::from_secs(1));
        Ok(())
    });
    let codec = Codec::new(Registry::new().unwrap());
    let task = House::new(&[("entry", waits.clone())]).task("t", "text", 9, 0);
    (works("entry", &["entry"], &waits, &codec), task)
}

/// Where the record was passed on to; `None` if it was stepped here.
fn passed_on(case: &Case) -> Option<String> {
    let (works, task) = stage();
    let mut envelope = Envelope::read(&task.headers).unwrap();
    envelope.kind = case.kind;
    let record = Record {
        topic_partition: TopicPartition::new("ns.team.entry.inbox.g2", 0),
        offset: 9,
        timestamp: Timestamp(START),
        key: task.key.clone(),
        value: task.value.clone(),
        headers: envelope.write(),
    };
    let inbox = |topic: &str, generation, partitions| Inbox { topic: topic.into(), generation, partitions };
    let (old, new) = (inbox(OLD, 1, 2), inbox(NEW, 3, 5));
    let position = Position { generation: 2, partition: 0, offset: 9 };
    // A row of a work that lives, as its first step leaves it.
    let first = Record { headers: task.headers.clone(), ..record.clone() };
    let begun =
        works.step(&Input { record: &first, position, state: None, beside: Beside::default() }).unwrap();
    let row = Version { position, value: begun.state.value().clone() };
    let beside = Beside {
        before: case.has_before.then_some((&old, case.is_known_before.then_some(&row))),
        next: case.has_next.then_some(&new),
    };
    let state = case.is_known.then_some(&row);
    let input = Input { record: &record, position, state, beside };
    let step = works.step(&input).unwrap();
    let moved = step.outputs.iter().find(|output| output.headers.get(MOVED_FROM).is_some())?;
    assert_eq!(step.outputs.len(), 1, "nothing else");
    assert!(matches!(step.state, NewState::Absent { .. }) && step.dead.is_none(), "no work begins here");
    assert_eq!((&moved.key, &moved.value), (&record.key, &record.value));
    assert_eq!(moved.headers.text(MOVED_FROM), Some("ns.team.entry.inbox.g2/0/9"));
    assert_eq!(Envelope::read(&moved.headers), Envelope::read(&record.headers));
    let partitions = if &*moved.topic == OLD { 2 } else { 5 };
    assert_eq!(moved.partition, Some(partition_of(record.key.as_bytes(), partitions)));
    // Nor does it begin here when its step panics or kills.
    let reason = DeadReason::new("step-panicked", "it panicked", "mend it");
    assert_eq!(works.fail(&input, &reason).unwrap().outputs, step.outputs);
    Some(moved.topic.to_string())
}

/// What is known here stays; what the generation before knows goes back to it; of the rest, what may begin a work
/// or follow one goes on where this generation drains. Answers and timers are for whoever asked here.
#[test]
fn a_record_goes_where_its_work_lives() {
    let check = |kind, known: [bool; 2], there: [bool; 2], expected: Option<&str>| {
        let ([is_known, is_known_before], [has_before, has_next]) = (known, there);
        let case = Case { kind, is_known, is_known_before, has_before, has_next };
        assert_eq!(passed_on(&case).as_deref(), expected, "{kind:?}, known {known:?}, there {there:?}");
    };
    let (nobody, here, before) = ([false, false], [true, false], [false, true]);
    for kind in [Kind::Input, Kind::Expectation, Kind::Part, Kind::Cancellation] {
        check(kind, nobody, [false, false], None);
        check(kind, nobody, [false, true], Some(NEW));
        check(kind, nobody, [true, false], None);
        check(kind, nobody, [true, true], Some(NEW));
        check(kind, before, [true, false], Some(OLD));
        check(kind, before, [true, true], Some(OLD));
        check(kind, here, [false, true], None);
        check(kind, here, [true, true], None);
    }
    for kind in [Kind::Answer, Kind::Timer, Kind::Result, Kind::Draining] {
        check(kind, here, [true, true], None);
    }
    for kind in [Kind::Result, Kind::Draining] {
        check(kind, before, [true, true], None);
        check(kind, nobody, [false, true], None);
    }
}

/// A record that goes to and fro between generations that do not agree ends as a dead letter.
#[test]
fn a_record_does_not_move_for_ever() {
    let (works, mut record) = stage();
    let new = Inbox { topic: NEW.into(), generation: 3, partitions: 5 };
    let position = Position { generation: 2, partition: 0, offset: 0 };
    for moves in 0..=4 {
        let read = Record {
            topic_partition: TopicPartition::new("ns.team.entry.inbox.g2", 0),
            offset: moves,
            timestamp: Timestamp(START),
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        };
        let beside = Beside { before: None, next: Some(&new) };
        let step = works.step(&Input { record: &read, position, state: None, beside }).unwrap();
        match step.outputs.into_iter().next() {
            Some(moved) => record = moved,
            None => assert_eq!((moves, step.dead.unwrap().code), (4, "moved-too-often")),
        }
    }
}
