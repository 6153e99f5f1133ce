//! Whatever the order in which the topics are read, a task stands as it stands.

use bytes::Bytes;
use infra_http::told::State;
use schemas_codec::{Codec, Registry};
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, FailureCode, Headers, Key, Kind, Limits, Origin, Outcome,
    ReplyKind, ReplyTo, TaskId, Text, Timestamp, WorkPath, headers,
};
use topics_catalog::Names;
use topics_log::{Record, TopicPartition};

use super::seen::{Seen, Sources};

fn sources() -> Sources {
    let codec = Codec::new(Registry::new().unwrap());
    let (names, entry) = (Names::new("mine", "team").unwrap(), "entry".to_owned());
    Sources { tasks: "tasks".into(), results: "results".into(), names, entry, codec }
}

fn record(topic: &str, offset: i64, headers: Headers, value: Bytes) -> Record {
    let topic_partition = TopicPartition::new(topic, 0);
    Record {
        topic_partition,
        offset,
        timestamp: Timestamp(1_000 + offset),
        key: Key::new(b""),
        value,
        headers,
    }
}

/// A record on the task topic.
fn task(offset: i64) -> Record {
    let mut headers = Headers::new();
    headers.push(headers::TASK_ID, "t");
    record("tasks", offset, headers, Bytes::new())
}

/// A record that comes of the task record at this offset.
fn of(topic: &str, offset: i64, kind: Kind, outcome: Option<Outcome>, task: i64, value: Bytes) -> Record {
    let address = Address { topic: "results".into(), partition: 0, key: Key::new(b"t") };
    let call = CallId::parse(b"00000000000000000000000000000001").unwrap();
    let envelope = Envelope {
        kind,
        task: TaskId::new("t").unwrap(),
        path: WorkPath::root("entry"),
        call: None,
        branch: None,
        outcome,
        reply_to: (kind == Kind::Input).then_some(ReplyTo { kind: ReplyKind::Result, address, call }),
        limits: Limits {
            deadline: Timestamp(9),
            budget: Budget { calls: 1 },
            priority: 4,
            tenant: "t".into(),
        },
        origin: Origin { topic: "tasks".into(), partition: 0, offset: task },
        accepted_at: Timestamp(1_000 + task),
        asked_at: None,
        depth: 0,
        hops: 1,
        traceparent: None,
        agent_version: String::new(),
    };
    record(topic, offset, envelope.write(), value)
}

/// Every way to interleave three topics, each in its own order.
fn interleaved(topics: [Vec<Record>; 3]) -> Vec<Vec<Record>> {
    if topics.iter().all(Vec::is_empty) {
        return vec![Vec::new()];
    }
    let mut out = Vec::new();
    for index in 0..topics.len() {
        let mut rest = topics.clone();
        if !rest[index].is_empty() {
            let first = rest[index].remove(0);
            out.extend(interleaved(rest).into_iter().map(|behind| [vec![first.clone()], behind].concat()));
        }
    }
    out
}

/// The first outcome counts, an input counts over a refusal, and a refusal only where nothing was taken.
#[test]
fn any_order_says_the_same() {
    let sources = sources();
    let failure = sources.codec.encode(&Failure::new(FailureCode::Refused, "no", "ask")).unwrap();
    let text = sources.codec.encode(&Text::new("x")).unwrap();
    let input = |offset, task| of("mine.team.entry.inbox.g1", offset, Kind::Input, None, task, text.clone());
    let done = |offset, task| of("results", offset, Kind::Result, Some(Outcome::Ok), task, text.clone());
    let failed = |offset| of("results", offset, Kind::Result, Some(Outcome::Failed), 0, failure.clone());
    let refused =
        |offset, task| of("results", offset, Kind::Refused, Some(Outcome::Failed), task, failure.clone());
    let check = |name: &str, topics: [Vec<Record>; 3], state: State, origin: i64| {
        for records in interleaved(topics) {
            let mut seen = Seen::default();
            records.iter().for_each(|record| seen.see(&sources, record));
            let entry = seen.find("t").unwrap();
            let origin = format!("tasks/0/{origin}");
            assert_eq!((entry.state, entry.origin), (state, origin), "{name}: {records:#?}");
            assert_eq!(entry.failure.is_some(), matches!(state, State::Failed | State::Refused), "{name}");
            assert_eq!(entry.value.is_some(), state == State::Done, "{name}");
            assert_eq!(entry.ended_at.is_some(), state.is_ended(), "{name}");
        }
    };
    check("waits", [vec![task(0)], vec![], vec![]], State::Waiting, 0);
    check("is open", [vec![task(0)], vec![input(0, 0)], vec![]], State::Open, 0);
    check("is done", [vec![task(0)], vec![input(0, 0)], vec![done(0, 0)]], State::Done, 0);
    check("failed", [vec![task(0)], vec![input(0, 0)], vec![failed(0), failed(1)]], State::Failed, 0);
    check("refused", [vec![task(0)], vec![], vec![refused(0, 0)]], State::Refused, 0);
    let twice = [vec![task(0), task(1)], vec![input(0, 0), input(1, 1)], vec![done(0, 0)]];
    check("the same again", twice, State::Done, 0);
    let other = [vec![task(0), task(1)], vec![input(0, 0), input(1, 1)], vec![refused(0, 1)]];
    check("other content under its id", other, State::Open, 0);
    let again = [vec![task(0), task(1)], vec![input(0, 1)], vec![refused(0, 0), done(1, 1)]];
    check("refused, then taken", again, State::Done, 1);
    check("its task and input are gone", [vec![], vec![], vec![done(0, 0)]], State::Done, 0);
}

/// Results that are let go of are found again by their place.
#[test]
fn keeps_results_within_a_bound() {
    let sources = sources();
    let mut seen = Seen::default();
    let long = sources.codec.encode(&Text::new("x".repeat(9 << 20))).unwrap();
    for offset in 0..3 {
        let mut one = of("results", offset, Kind::Result, Some(Outcome::Ok), offset, long.clone());
        let mut headers = Headers::new();
        for (name, value) in one.headers.iter() {
            headers.push(
                name,
                if name == headers::TASK_ID { format!("t{offset}").into_bytes() } else { value.to_vec() },
            );
        }
        one.headers = headers;
        seen.see(&sources, &one);
    }
    let kept: Vec<bool> = ["t0", "t1", "t2"].map(|id| seen.find(id).unwrap().value.is_some()).into();
    assert_eq!(kept, [false, false, true]);
    assert!(seen.find("t0").unwrap().outcome.is_some());
}
