//! Texts that nobody honest writes, at every door of a house and from its own agents: each is a typed refusal
//! or failure and, where a record is bad, one dead letter that fits; under storms, and the tasks beside them
//! are done. What a real broker says to such records is tested there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use bytes::Bytes;
use infra_node::Team;
use schemas_records::{
    Budget, CallId, Envelope, Failure, FailureCode, Headers, Key, Kind, Limits, ModelRequest, Origin,
    Stateless, TaskId, Text, Timestamp, WorkId, WorkPath, headers,
};
use tests_kit::simulation::{Chance, Door, Plant, Simulation, Storm, Task};
use tests_kit::verify::{self, Evidence, PLANTED};

/// Long, and within what a broker takes.
const LONG: usize = 600 * 1024;

/// So long that a record of it fits, and a letter with all of it would not.
const LONGEST: usize = 999_600;

/// Longer than any record.
const MEGABYTE: usize = 1 << 20;

/// Most bytes of a record that anybody of this house may write about a text that is too long: a dead letter
/// with a piece of the record, and room.
const SAID_BYTES_MAX: usize = 1_000_000;

/// Seeds of each story.
const SEEDS: u64 = 3;

/// A storm without mischief, so that every task has the number under which it was sent.
fn storm(chance: &Chance) -> Storm {
    Storm { mischief_per_mille: 0, ..Storm::of(chance) }
}

fn told(simulation: &Simulation, seed: u64) -> Evidence {
    simulation.evidence(seed).unwrap_or_else(|failed| panic!("{failed}"))
}

/// A cancellation to a work that never was, whose headers are all as they should be.
fn good_headers() -> Headers {
    let topic = "sim.loud.tasks".to_owned();
    let task = TaskId::new("nobody").unwrap();
    let work = WorkId::of_task(&topic, &task);
    let envelope = Envelope {
        kind: Kind::Cancellation,
        task,
        path: WorkPath::root("loud"),
        call: Some(CallId::of_part(work)),
        branch: None,
        outcome: None,
        reply_to: None,
        limits: Limits {
            deadline: Timestamp(1_700_000_100_000),
            budget: Budget::EMPTY,
            priority: 4,
            tenant: "loud".into(),
        },
        origin: Origin { topic, partition: 0, offset: 0 },
        accepted_at: Timestamp(1_700_000_000_000),
        asked_at: None,
        depth: 0,
        hops: 1,
        traceparent: None,
        agent_version: String::new(),
    };
    envelope.write()
}

/// A bad record whose one fault is this header.
fn header(door: Door, name: &'static str, code: &'static str) -> Plant {
    let task = door == Door::Tasks;
    let mut headers = if task { Headers::new() } else { good_headers() };
    headers.push(name, vec![b'x'; LONG]);
    let key = if task { Key::new(b"") } else { Key::new(b"stray") };
    let value = Bytes::from_static(br#"{"text":"good"}"#);
    Plant { door, key, value, headers, code }
}

/// A bad record with a key that is too long.
fn key(door: Door, headers: Headers, code: &'static str) -> Plant {
    Plant { door, key: Key::new(&vec![b'k'; LONGEST]), value: Bytes::from_static(b"?"), headers, code }
}

fn plants() -> Vec<Plant> {
    let inbox = Door::Inbox("loud");
    vec![
        header(Door::Tasks, headers::BUDGET, "bad-budget"),
        header(Door::Tasks, headers::DEADLINE, "bad-deadline"),
        header(Door::Tasks, headers::PRIORITY, "bad-priority"),
        header(Door::Tasks, headers::TASK_ID, "bad-task-id"),
        header(inbox, headers::KIND, "bad-headers"),
        header(inbox, headers::BUDGET, "bad-headers"),
        header(inbox, headers::REPLY_TO, "bad-headers"),
        key(inbox, Headers::new(), "bad-headers"),
        Plant { key: Key::new(&vec![b'k'; LONG]), ..key(inbox, good_headers(), "bad-key") },
        header(Door::Model, headers::KIND, "bad-headers"),
        header(Door::Model, headers::CALL_ID, "bad-headers"),
        header(Door::Model, headers::DEADLINE, "bad-headers"),
        key(Door::Model, Headers::new(), "bad-headers"),
        header(Door::Timers, headers::KIND, "bad-headers"),
        key(Door::Timers, Headers::new(), "bad-headers"),
    ]
}

/// What an agent of this team is told to be loud with, and what its task ends with.
const WAYS: [(&str, FailureCode, &str); 9] = [
    ("panic", FailureCode::AgentPanicked, "xxx"),
    ("fault", FailureCode::AgentFailed, "xxx"),
    ("emit", FailureCode::NotAllowed, "sent to \"xxx"),
    ("delegate", FailureCode::NotAllowed, "sent to \"xxx"),
    ("branch", FailureCode::NotAllowed, "bytes"),
    ("call", FailureCode::NotAllowed, "bytes"),
    ("timer", FailureCode::NotAllowed, "bytes"),
    ("prompt", FailureCode::NotAllowed, "bytes"),
    ("model", FailureCode::NotAllowed, "bytes"),
];

/// Does what it is told with texts of a megabyte or two, and else says what it is told.
struct Loud;

impl Agent for Loud {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let What::Input(input) = event.what else { return Ok(()) };
        let long = "x".repeat(MEGABYTE);
        let request = || ModelRequest::new("You are loud.", "Say it.", 10);
        match input.text.as_str() {
            "panic" => std::panic::resume_unwind(Box::new(long.repeat(2))),
            "fault" => return Err(Fault::failed(long.repeat(2))),
            "emit" => effects.emit(&long, &long, &input),
            "delegate" => effects.delegate(&long, &input),
            "branch" => {
                let mut fork = effects.fork();
                fork.branch_named(&long, "loud", &input);
                fork.join("loud", &input);
            }
            "call" => effects.call_model(&long, request()),
            "timer" => effects.timer(&long, Duration::from_secs(1)),
            "prompt" => effects.call_model("say", ModelRequest::new("You are loud.", long, 10)),
            "model" => effects.call_model("say", ModelRequest { model: long, ..request() }),
            _ => effects.reply(&input),
        }
        Ok(())
    }
}

fn team() -> Team {
    Team::new("loud").agent("loud", Loud)
}

fn task(text: &str) -> Task {
    Task::new(format!("{{\"text\":\"{text}\"}}"))
}

/// Nothing that this house wrote about long texts is itself too long for a record.
fn check_sizes(evidence: &Evidence) {
    for record in &evidence.records {
        let bytes = record.key.as_bytes().len() + record.value.len() + record.headers.size_bytes();
        assert!(bytes < SAID_BYTES_MAX, "{}/{} has {bytes} bytes", record.topic_partition, record.offset);
    }
}

/// Headers and keys of 600 KB and more at every door are dead letters (the verifier sees to that: each once, under its
/// code, with the record's bytes as far as they fit), and refusals where a producer waits; the tasks between
/// them end well.
#[test]
fn long_headers_and_keys_are_dead_letters() {
    let good = ["one", "two", "three", "four"];
    let simulation = Simulation::of(team()).tasks(move |_| good.map(task).into()).storms(storm);
    let simulation = simulation.planting(plants());
    for seed in 0..SEEDS {
        let evidence = told(&simulation, seed);
        check_sizes(&evidence);
        let planted = evidence.records.iter().filter(|record| record.headers.get(PLANTED).is_some()).count();
        let (counts, _) = verify::check(&evidence);
        // A producer that was not told whether a record is there sends it again.
        assert!(planted >= plants().len() && counts.letters >= planted, "seed {seed}: {counts:?}");
        assert!(counts.results == good.len() && counts.refused >= 4, "seed {seed}: {counts:?}");
    }
}

/// What an agent says too long fails its own task, in words that fit, and the next task is done.
#[test]
fn long_words_of_an_agent_fail_its_task() {
    let tasks = |_: &mut Chance| {
        let ways = WAYS.iter().map(|(way, ..)| task(way));
        let mut tasks: Vec<Task> = ways.flat_map(|way| [way, task("good")]).collect();
        tasks[0] = tasks[0].clone().deadly();
        tasks
    };
    let simulation = Simulation::of(team()).tasks(tasks).storms(storm);
    for seed in 0..SEEDS {
        let evidence = told(&simulation, seed);
        check_sizes(&evidence);
        let of_results = |it: &&topics_log::Record| *it.topic_partition.topic == *evidence.topics.results;
        for (number, (way, code, says)) in WAYS.iter().enumerate() {
            let result = |task: usize| {
                let id = format!("task-{task}");
                let mut results = evidence.records.iter().filter(of_results);
                results.find(|it| it.headers.text(headers::TASK_ID) == Some(&id)).expect("a result")
            };
            let failure: Failure = evidence.codec.decode(&result(2 * number).value).unwrap();
            let short: String = failure.message.chars().take(300).collect();
            assert_eq!(failure.code, *code, "seed {seed}, {way}: {short}");
            assert!(failure.message.contains(says), "seed {seed}, {way}: {short}");
            let next: Text = evidence.codec.decode(&result(2 * number + 1).value).unwrap();
            assert_eq!(next.text, "good", "seed {seed}, after {way}");
        }
    }
}
