//! Each thing that can be wrong with a task, and exactly what is said about it.

use bytes::Bytes;
use schemas_records::{FailureCode, TaskId, Timestamp, WorkId};
use topics_log::{Record, TopicPartition};

use super::{Checks, INPUT_BYTES_MAX, Task};
use crate::limits::Rules;
use crate::tests::house::{self, QUESTION, codec, team_check};

fn record(value: impl Into<Bytes>, headers: &[(&'static str, &[u8])]) -> Record {
    let new = house::task(value, headers);
    Record {
        topic_partition: TopicPartition::new("ns.team.tasks", 1),
        offset: 5,
        timestamp: Timestamp(house::EPOCH),
        key: new.key,
        value: new.value,
        headers: new.headers,
    }
}

fn check(record: &Record) -> Result<Task, Box<super::Refusal>> {
    let codec = codec();
    let team = team_check(&codec);
    Checks { codec: &codec, input: QUESTION, rules: &Rules::new("acme"), team: &team }.check(record)
}

/// A task by JSON and by Avro is the same input; its id is its own or its place.
#[test]
fn takes_json_and_avro() {
    let json = check(&record(r#" {"question":"why?"}"#, &[])).unwrap();
    assert_eq!(json.id, TaskId::of_origin("ns.team.tasks", 1, 5));
    assert_eq!(json.work, WorkId::of_task("ns.team.tasks", &json.id));
    let avro = check(&record(json.value.clone(), &[("task-id", b"t|1")])).unwrap();
    assert_eq!((avro.value, avro.id.as_str()), (json.value, "t|1"));
    let again = check(&record(r#"{"question":"why?","sector":""}"#, &[])).unwrap();
    assert_eq!(
        again.value,
        check(&record(r#"{"question":"why?"}"#, &[])).unwrap().value,
        "a default is the same as said"
    );
}

/// Everything that is wrong with a value, with its code and a message that names it.
#[test]
fn refuses_bad_values() {
    let check = |value: Bytes, code: &str, says: &str| {
        let refusal = check(&record(value, &[("task-id", b"t-1")])).unwrap_err();
        assert_eq!((refusal.code, refusal.failure), (code, FailureCode::BadInput), "{}", refusal.message);
        assert_eq!(refusal.id, Some(TaskId::new("t-1").unwrap()));
        assert!(refusal.message.contains(says), "{code}: {}", refusal.message);
        assert!(!refusal.remedy.is_empty());
    };
    let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    check(text(""), "neither-json-nor-avro", "it is empty");
    check(text("why?"), "neither-json-nor-avro", "it begins with 'w'");
    check(text("[1]"), "neither-json-nor-avro", "it begins with '['");
    check(Bytes::from_static(b"\xff\xfe"), "neither-json-nor-avro", "send a JSON object");
    check(text("{"), "not-json", "EOF");
    check(text(r#"{"question":"why?"} {}"#), "not-json", "trailing");
    check(Bytes::from_static(b"{\"question\":\"\xff\"}"), "not-utf8", "byte 13 is not UTF-8");
    check(text("{}"), "wrong-json", "missing field");
    check(text(r#"{"question":7}"#), "wrong-json", "expected string, found 7");
    check(text(r#"{"question":"why?","sektor":"x"}"#), "wrong-json", "unknown field");
    check(text(r#"{"question":""}"#), "not-allowed", "the question is empty");
    check(text(r#"{"question":"panic"}"#), "check-panicked", "panicked");
    check(Bytes::from_static(b"\0"), "wrong-avro", "1 bytes");
    check(Bytes::from_static(b"\0\x01\x02\x03\x04\x05"), "unknown-schema", "schema id 16909060");
    let framed = house::framed("why?");
    check(framed.slice(..framed.len() - 1), "wrong-avro", "read example.Question");
    check([&framed[..], b"x"].concat().into(), "wrong-avro", "left after its end");
    let timer = codec().encode(&schemas_records::protocol::Timer { due: 1, name: "n".to_owned() }).unwrap();
    check(timer, "wrong-record", "the bytes hold a tributary.Timer");
    check(text(&"x".repeat(INPUT_BYTES_MAX + 1)), "too-large", "has 65537 bytes, at most 65536 are allowed");
    check(text(&" ".repeat(1_000_000)), "too-large", "has 1000000 bytes");
}

/// A value of just the largest size passes.
#[test]
fn takes_the_largest() {
    let frame = house::framed("").len() + 2;
    let largest = "y".repeat(INPUT_BYTES_MAX - frame);
    let value = house::framed(&largest);
    assert_eq!(value.len(), INPUT_BYTES_MAX);
    assert!(check(&record(value, &[])).is_ok());
    let refusal = check(&record(house::framed(&format!("{largest}y")), &[])).unwrap_err();
    assert_eq!(refusal.code, "too-large");
}

/// Everything that is wrong with a header, before the value is looked at.
#[test]
fn refuses_bad_headers() {
    let check = |name: &'static str, value: &[u8], code: &str, says: &str, has_id: bool| {
        let refusal = check(&record("not even a task", &[(name, value)])).unwrap_err();
        assert_eq!((refusal.code, refusal.failure), (code, FailureCode::Refused));
        assert!(refusal.message.contains(says), "{}", refusal.message);
        assert_eq!(refusal.id.is_some(), has_id);
    };
    check("task-id", b"", "bad-task-id", "is empty", false);
    check("task-id", b"\xff", "bad-task-id", "not UTF-8", false);
    check("task-id", b"a\nb", "bad-task-id", "control characters", false);
    check("task-id", &[b'x'; 257], "bad-task-id", "has 257 bytes, at most 256", false);
    check("deadline", b"5", "bad-deadline", "is not after the task's append time", true);
    check("deadline", b"8d", "bad-deadline", "more than 518400 s", true);
    check("deadline", b"soon", "bad-deadline", "neither milliseconds", true);
    check("budget", b"all of it", "bad-budget", "calls=NUMBER", true);
    check("budget", b"calls=1001", "bad-budget", "at most calls=1000", true);
    check("priority", b"11", "bad-priority", "from 0 to 9", true);
}
