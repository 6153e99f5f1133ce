//! A record in an agent's inbox, as anybody who may write there makes it, and the row of its work as the store
//! gives it back: the machine that decides must decide, and decide the same twice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use agents_manifest::Loaded;
use agents_work::{Bounds, Team, Works};
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::{Headers, Key, Position, TaskId, Timestamp, WorkId};
use topics_catalog::{Directory, FIRST_GENERATION, Peer};
use topics_log::{Record, TopicPartition};
use topics_runtime::{Beside, DeadReason, Handler, Input};
use topics_state::Version;

use crate::bytes::{first_line, joined, pairs, parts};

/// Where the record stands; the row was written before it.
const OFFSET: i64 = 9;

/// The agents of the team of the tests, by name.
struct House {
    codec: Codec,
    works: BTreeMap<String, Works>,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let house = build();
    assert!(house.is_ok(), "the team of the tests: {:?}", house.as_ref().err());
    house.unwrap_or_else(|_| std::process::abort())
});

fn build() -> Result<House, String> {
    let folder = super::project().join("tests/teams/outline");
    let team: Loaded = agents_manifest::load(&folder).map_err(|problems| problems.to_string())?;
    let registry = Registry::new().map_err(|error| error.to_string())?;
    team.register(&registry).map_err(|error| error.to_string())?;
    let codec = Codec::new(registry);
    let mut directory = Directory::default();
    let gateways = [("model", Peer::Gateway), ("tools", Peer::Gateway), ("knowledge", Peer::Gateway)];
    let own = ["tasks", "results", "closings", "timers", "dead-letters"].map(|name| (name, Peer::Runtime));
    for (name, peer) in gateways.into_iter().chain(own) {
        directory.insert(name, &format!("demo.{name}"), 4, peer);
    }
    for agent in team.agents() {
        directory.insert(&agent.name, &inbox(&agent.name), 4, Peer::Agent);
    }
    let shared = Team { codec: codec.clone(), directory, bounds: Bounds::default() };
    let mut works = BTreeMap::new();
    for agent in team.agents() {
        let logic = team.logic(agent, codec.clone());
        works.insert(agent.name.clone(), Works::new(&agent.name, shared.clone(), logic)?);
    }
    Ok(House { codec, works })
}

fn inbox(agent: &str) -> String {
    format!("demo.outline.{agent}.inbox.g1")
}

/// Parts: the agent's name and lines of headers, the value, the row.
pub(super) fn run(bytes: &[u8]) {
    let parts = parts(bytes);
    let (agent, rest) = first_line(parts[0]);
    let house = &*HOUSE;
    let works = house.works.get(&agent).or_else(|| house.works.values().next());
    let Some(works) = works else { return };
    let mut headers = Headers::new();
    for (name, value) in pairs(rest) {
        headers.push(&name, &value);
    }
    let record = Record {
        topic_partition: TopicPartition::new(inbox("planner"), 0),
        offset: OFFSET,
        timestamp: Timestamp(1_700_000_000_000),
        key: key(),
        value: Bytes::copy_from_slice(parts.get(1).copied().unwrap_or_default()),
        headers,
    };
    let at = |offset| Position { generation: FIRST_GENERATION, partition: 0, offset };
    let version = parts.get(2).map(|row| Version { position: at(7), value: Bytes::copy_from_slice(row) });
    let input =
        Input { record: &record, position: at(OFFSET), state: version.as_ref(), beside: Beside::default() };
    let step = works.step(&input);
    assert_eq!(step, works.step(&input), "the same input gives another step");
    if let Ok(step) = step {
        // What was decided is what the next record finds.
        let next = Version { position: at(OFFSET), value: step.state.value().clone() };
        let _ = works.step(&Input {
            record: &record,
            position: at(OFFSET + 1),
            state: Some(&next),
            beside: Beside::default(),
        });
    }
    let _ = works.fail(&input, &DeadReason::new("step-panicked", "the step panicked", "mend the agent"));
    let _ = works.misplaced(&record);
}

/// The key of every record here.
fn key() -> Key {
    WorkId::of_task("demo.tasks", &task()).key()
}

fn task() -> TaskId {
    TaskId::of_origin("demo.tasks", 0, 7)
}

/// The headers of a record of this kind, a line each.
pub(super) fn envelope(kind: &str, more: &str) -> String {
    let call = "0123456789abcdef0123456789abcdef";
    let reply =
        if kind == "input" { format!("reply-to: result|demo.results|0|{call}|k\n") } else { String::new() };
    format!(
        "kind: {kind}\ntask-id: {}\nwork-path: planner\ncall-id: {call}\n{reply}deadline: 1700000600000\n\
         budget: calls=40\npriority: 4\ntenant: default\norigin: demo.tasks/0/7\naccepted-at: 1700000000000\n\
         depth: 0\nhops: 1\ntraceparent: 00-{call}-0123456789abcdef-01\nagent-version: 1\n{more}",
        task()
    )
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let house = &*HOUSE;
    let message = |name: &str, json: &str| {
        let value = serde_json::from_str(json).unwrap_or_default();
        house.codec.from_json(name, &value).unwrap_or_default().to_vec()
    };
    let topic = message("outline.Topic", r#"{"topic":"rivers","readers":"all","notes":[]}"#);
    let text = message("tributary.Text", r#"{"text":"words"}"#);
    let head =
        |agent: &str, kind: &str, more: &str| format!("{agent}\n{}", envelope(kind, more)).into_bytes();
    let mut seeds = vec![joined(&[&head("planner", "input", ""), &topic])];
    // A work that asked, and what comes to it then.
    let rows: Vec<Vec<u8>> = seeds.iter().filter_map(|seed| row_after(seed)).collect();
    for row in &rows {
        for (kind, more) in [
            ("answer", "outcome: ok\nasked-at: 1/0/7@1700000000000\n"),
            ("answer", "outcome: failed\nasked-at: 1/0/7@1700000000000\n"),
            ("part", "branch: 0\noutcome: ok\n"),
            ("timer", ""),
            ("cancellation", ""),
            ("expectation", ""),
            ("input", ""),
        ] {
            seeds.push(joined(&[&head("planner", kind, more), &text, row]));
        }
    }
    seeds.push(joined(&[&head("editor", "expectation", ""), &topic]));
    seeds
}

/// The row that stands after a record.
fn row_after(seed: &[u8]) -> Option<Vec<u8>> {
    let parts = parts(seed);
    let (agent, rest) = first_line(parts[0]);
    let mut headers = Headers::new();
    for (name, value) in pairs(rest) {
        headers.push(&name, &value);
    }
    let record = Record {
        topic_partition: TopicPartition::new(inbox(&agent), 0),
        offset: 7,
        timestamp: Timestamp(1_700_000_000_000),
        key: key(),
        value: Bytes::copy_from_slice(parts.get(1)?),
        headers,
    };
    let position = Position { generation: FIRST_GENERATION, partition: 0, offset: 7 };
    let step = HOUSE
        .works
        .get(&agent)?
        .step(&Input { record: &record, position, state: None, beside: Beside::default() })
        .ok()?;
    Some(step.state.value().to_vec())
}
