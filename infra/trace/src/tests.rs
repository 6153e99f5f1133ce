//! A task's records, written down by hand, become the tree that a person would draw.

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::headers::{INSTANCE, MOVED_FROM};
use schemas_records::protocol::{Expectation, ExpectedPart, JoinPolicy};
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, FailureCode, Key, Kind, Limits, Message, ModelAnswer, Origin,
    Outcome, ReplyKind, ReplyTo, TaskId, Text, Timestamp, WorkPath,
};
use topics_log::{Record, TopicPartition};

use crate::{Place, Places, Trace, draw};

const ACCEPTED: i64 = 1_000;

struct Story {
    codec: Codec,
    records: Vec<Record>,
}

/// A record, as far as it differs from what all have.
struct Line<'a> {
    at: i64,
    topic: &'a str,
    key: &'a str,
    kind: Kind,
    path: &'a str,
    call: Option<u8>,
    branch: Option<&'a str>,
    failed: bool,
    reply_to: Option<(ReplyKind, &'a str, &'a str, u8)>,
}

fn call(number: u8) -> CallId {
    CallId::parse(format!("{number:032x}").as_bytes()).unwrap()
}

impl Story {
    fn new() -> Self {
        Self { codec: Codec::new(Registry::new().unwrap()), records: Vec::new() }
    }

    fn add<M: Message>(&mut self, line: &Line<'_>, value: &M) {
        let to = |(kind, topic, key, number): (ReplyKind, &str, &str, u8)| ReplyTo {
            kind,
            address: Address { topic: topic.into(), partition: 0, key: Key::new(key.as_bytes()) },
            call: call(number),
        };
        let envelope = Envelope {
            kind: line.kind,
            task: TaskId::new("t1").unwrap(),
            path: WorkPath::new(line.path),
            call: line.call.map(call),
            branch: line.branch.map(str::to_owned),
            outcome: match line.kind {
                Kind::Answer | Kind::Part | Kind::Result => {
                    Some(if line.failed { Outcome::Failed } else { Outcome::Ok })
                }
                _ => None,
            },
            reply_to: line.reply_to.map(to),
            limits: Limits {
                deadline: Timestamp(99_000),
                budget: Budget { calls: 9 },
                priority: 5,
                tenant: "n".into(),
            },
            origin: Origin { topic: "n.t.tasks".into(), partition: 0, offset: 7 },
            accepted_at: Timestamp(ACCEPTED),
            asked_at: None,
            depth: 0,
            hops: u32::try_from(self.records.len()).unwrap(),
            traceparent: None,
            agent_version: String::new(),
        };
        let mut headers = envelope.write();
        headers.push(INSTANCE, "one");
        self.records.push(Record {
            topic_partition: TopicPartition::new(line.topic, 0),
            offset: i64::try_from(self.records.len()).unwrap(),
            timestamp: Timestamp(ACCEPTED + line.at),
            key: Key::new(line.key.as_bytes()),
            value: self.codec.encode(value).unwrap(),
            headers,
        });
    }
}

fn line<'a>(at: i64, topic: &'a str, key: &'a str, kind: Kind, path: &'a str) -> Line<'a> {
    Line { at, topic, key, kind, path, call: None, branch: None, failed: false, reply_to: None }
}

/// A planner forks to two; one asks a model, one fails; the third gathers and replies.
fn story() -> Story {
    let mut story = Story::new();
    let text = Text::new("x");
    let result = Some((ReplyKind::Result, "n.t.results", "t1", 1));
    let part = |number| Some((ReplyKind::Part, "synth", "j", number));
    story.add(&Line { reply_to: result, ..line(2, "plan", "p", Kind::Input, "plan") }, &text);
    let parts = [("left", "l"), ("right", "r")].map(|(branch, key)| ExpectedPart {
        branch: branch.into(),
        topic: "side".into(),
        partition: 0,
        key: key.into(),
    });
    let expectation = Expectation {
        fork: "1/0/0".into(),
        parts: parts.into(),
        policy: JoinPolicy::All,
        needed: 2,
        until: 90_000,
        context: Bytes::new(),
    };
    let joins = line(5, "synth", "j", Kind::Expectation, "plan/synth");
    story.add(&Line { reply_to: result, ..joins }, &expectation);
    story.add(&Line { reply_to: part(2), ..line(5, "side", "l", Kind::Input, "plan/left") }, &text);
    story.add(&Line { reply_to: part(3), ..line(5, "side", "r", Kind::Input, "plan/right") }, &text);
    let asks = line(8, "model.requests", "m", Kind::Input, "plan/left");
    let asked = Some((ReplyKind::Answer, "side", "l", 4));
    story.add(&Line { call: Some(4), reply_to: asked, ..asks }, &text);
    let failure = Failure::new(FailureCode::AgentFailed, "no such sector", "ask for another");
    let fails = line(9, "synth", "j", Kind::Part, "plan/right");
    story.add(&Line { call: Some(3), branch: Some("right"), failed: true, ..fails }, &failure);
    let answer =
        ModelAnswer { input_tokens: 120, output_tokens: 35, latency_ms: 80, ..ModelAnswer::of_text("y") };
    story.add(&Line { call: Some(4), ..line(98, "side", "l", Kind::Answer, "plan/left") }, &answer);
    let comes = line(104, "synth", "j", Kind::Part, "plan/left");
    story.add(&Line { call: Some(2), branch: Some("left"), ..comes }, &text);
    story.add(&Line { call: Some(1), ..line(110, "n.t.results", "t1", Kind::Result, "plan") }, &text);
    story
}

fn places() -> Places {
    let inbox = |name: &str| (name.to_owned(), Place::Inbox(name.to_owned()));
    Places::from([
        inbox("plan"),
        inbox("side"),
        inbox("synth"),
        ("model.requests".into(), Place::Gateway("model".into())),
        ("n.t.results".into(), Place::Results),
    ])
}

/// The whole tree, as it is shown: beginnings, durations, waits, who failed and what the join waited for.
#[test]
fn shows_the_way_of_a_task() {
    let Story { codec, mut records } = story();
    let expected = "\
task t1 from n.t.tasks/0/7
result after 110 ms, 9 records, 1 model answers (120 + 35 tokens), by one

   start     took  what
    2 ms     3 ms  plan             handed on to synth
    5 ms    99 ms  ├─ left (side)   busy 9 ms
    8 ms    90 ms  │  └─ model      test: waited 10 ms, 120 + 35 tokens
    5 ms     4 ms  ├─ right (side)  busy 4 ms; no such sector (ask for another)
    5 ms   105 ms  └─ synth         all of 2 parts, the last after 99 ms: left; busy 6 ms
";
    let wide = "   start     took                        what
    2 ms     3 ms  ━                     plan             handed on to synth
    5 ms    99 ms  ━━━━━━━━━━━━━━━━━━    ├─ left (side)   busy 9 ms
    8 ms    90 ms   ━━━━━━━━━━━━━━━━     │  └─ model      test: waited 10 ms, 120 + 35 tokens
    5 ms     4 ms  ━                     ├─ right (side)  busy 4 ms; no such sector (ask for another)
    5 ms   105 ms  ━━━━━━━━━━━━━━━━━━━━  └─ synth         all of 2 parts, the last after 99 ms: left; busy 6 ms
";
    let mut trace = Trace::of("t1", &records, &places(), &codec).unwrap();
    let shown = draw::text(&trace, 109);
    assert_eq!(shown, expected);
    let shown = draw::text(&trace, 200);
    assert_eq!(shown.split_once("\n\n").unwrap().1, wide);
    trace.works[1].instances = vec!["two".into()];
    let shown = draw::text(&trace, 109);
    assert!(shown.contains("busy 9 ms; by two") && shown.contains("handed on to synth; by one"), "{shown}");
    trace.works[1].instances = vec!["one".into()];
    records.reverse();
    assert_eq!(Trace::of("t1", &records, &places(), &codec).unwrap(), trace, "any order of records");
    assert!(Trace::of("t2", &records, &places(), &codec).is_none(), "another task");
}

/// A task that is still under way: what has not ended says so, and nothing is made up.
#[test]
fn shows_what_is_open() {
    let Story { codec, mut records } = story();
    records.truncate(6);
    let trace = Trace::of("t1", &records, &places(), &codec).unwrap();
    assert!(trace.ended.is_none());
    let synth = trace.works.iter().find(|work| work.agent == "synth").unwrap();
    assert_eq!((synth.ended.as_ref(), synth.busy_ms()), (None, None));
    let shown = draw::text(&trace, 120);
    assert!(shown.contains("open for 9 ms so far"), "{shown}");
    assert!(shown.contains("without left"), "{shown}");
    let narrow = draw::text(&trace, 60);
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
}

/// A join whose inbox moves while its parts are under way: what the old generation passed on is told once, from
/// where it was stepped, and the tree is the one of a task that did not move.
#[test]
fn shows_what_moved_once() {
    let Story { codec, records } = story();
    let unmoved = Trace::of("t1", &records, &places(), &codec).unwrap();
    let mut moved = Vec::new();
    for mut record in records {
        if &*record.topic_partition.topic == "synth" {
            moved.push(record.clone());
            let from = format!("{}/{}", record.topic_partition, record.offset);
            record.topic_partition = TopicPartition::new("synth.g2", 1);
            record.headers.push(MOVED_FROM, from);
        }
        moved.push(record);
    }
    let mut places = places();
    places.insert("synth.g2".into(), Place::Inbox("synth".into()));
    let mut trace = Trace::of("t1", &moved, &places, &codec).unwrap();
    let synth = trace.works.iter_mut().find(|work| work.agent == "synth").unwrap();
    assert_eq!(synth.record, "synth.g2/1/1");
    synth.record = "synth/0/1".into();
    assert_eq!(trace, unmoved);
}
