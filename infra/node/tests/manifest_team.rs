//! A team from a folder, through a whole node: intake, agents, joins, timers and the model gateway, all in
//! memory.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agents_manifest::{Loaded, load, skeleton};
use agents_model::{Model, Script, Scripted};
use bytes::Bytes;
use infra_node::{Doors, Node, Settings, Team};
use schemas_records::{Envelope, Failure, Headers, Key, Outcome, TaskId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, Log, NewRecord, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// How long the tasks of a test may take together; they take a second.
const PATIENCE: Duration = Duration::from_secs(60);

fn node(team: &Loaded, model: Scripted) -> Node {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryStore::new(Arc::clone(&clock));
    let model: Arc<dyn Model> = Arc::new(model);
    let doors = Doors {
        log: Arc::new(MemoryLog::new(Arc::clone(&clock))),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store),
        model,
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let settings = Settings {
        deadline: team.limits().deadline.unwrap(),
        budget_calls: team.limits().calls.unwrap(),
        ..Settings::default()
    };
    Node::new(Team::from_manifest(team), doors, settings).unwrap()
}

/// Runs the team over its own examples; every task's outcome, by its number.
async fn run(team: &Loaded, model: Scripted) -> BTreeMap<usize, Result<Value, Failure>> {
    let node = node(team, model);
    let log = Arc::clone(&node.doors().log);
    let plan = node.plan(Topics { partitions: 2, replication: 0 }).await.unwrap();
    plan.apply(&*log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let tasks: Vec<&str> = team.tasks().lines().collect();
    let topic = node.names().topic(Kind::Tasks);
    let records = tasks.iter().enumerate().map(|(number, task)| {
        let mut headers = Headers::new();
        headers.push(schemas_records::headers::TASK_ID, number.to_string());
        let key = Key::new(number.to_string().as_bytes());
        let value = Bytes::copy_from_slice(task.as_bytes());
        NewRecord { topic: topic.as_str().into(), partition: None, key, value, headers }
    });
    log.publisher().await.unwrap().publish(records.collect()).await.unwrap();
    let outcomes = tokio::time::timeout(PATIENCE, outcomes(&node, &*log, tasks.len())).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    outcomes.expect("the tasks end")
}

async fn outcomes(node: &Node, log: &dyn Log, count: usize) -> BTreeMap<usize, Result<Value, Failure>> {
    let topic = node.names().topic(Kind::Results);
    let from: Vec<_> =
        (0..2).map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning)).collect();
    let mut reader = log.reader(&from).await.unwrap();
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < count {
        for record in reader.read(100, Duration::from_millis(100)).await.unwrap() {
            let envelope = Envelope::read(&record.headers).unwrap();
            let task = |id: &TaskId| id.as_str().parse::<usize>().unwrap();
            let outcome = match envelope.outcome {
                Some(Outcome::Ok) => Ok(node.codec().to_json(&record.value).unwrap()),
                _ => Err(node.codec().decode(&record.value).unwrap()),
            };
            assert!(outcomes.insert(task(&envelope.task), outcome).is_none(), "one outcome a task");
        }
    }
    outcomes
}

/// What `tributary new` writes runs as it stands, with the scripted model and without a script.
#[tokio::test]
async fn a_new_team_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fresh");
    skeleton::write(&path, "fresh").unwrap();
    let team = load(&path).unwrap_or_else(|problems| panic!("{problems}"));
    let outcomes = run(&team, Scripted::default()).await;
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes.values() {
        let answer = outcome.as_ref().unwrap();
        let aspects: Vec<&Value> =
            answer["findings"].as_array().unwrap().iter().map(|finding| &finding["aspect"]).collect();
        assert_eq!(aspects, ["what it costs", "who is affected", "what could go wrong"]);
        assert!(!answer["answer"].as_str().unwrap().is_empty());
    }
}

/// A list that the model returned, a loop and a quorum; and a plan that never fits ends as a failure.
#[tokio::test]
async fn the_outline_team_runs() {
    let team = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/teams/outline")).unwrap();
    let script = r#"{"rules": [
        {"match": "Plan an outline of logs", "reply": {"kind": "text", "text": "I would rather not."}},
        {"match": "Plan an outline", "times": 1, "reply": {"kind": "text", "text": "{\"kind\": \"long\"}"}},
        {"match": "Plan an outline", "reply": {"kind": "text",
            "text": "{\"kind\": \"long\", \"chapters\": [\"sources\", \"mouths\", \"floods\"]}"}},
        {"match": "Is this a good chapter", "times": 1, "reply": {"kind": "text",
            "text": "{\"is_good\": false, \"advice\": \"say more\"}"}},
        {"match": "Is this a good chapter", "reply": {"kind": "text", "text": "{\"is_good\": true}"}},
        {"match": "say more", "reply": {"kind": "text", "text": "much more"}}
    ]}"#;
    let outcomes = run(&team, Scripted::new(Script::parse(script).unwrap())).await;
    let outline = outcomes[&0].as_ref().unwrap();
    assert_eq!(outline["title"], "Rivers");
    let sections = outline["sections"].as_array().unwrap().len();
    let missing = outline["missing"].as_array().unwrap().len();
    assert!(sections >= 2 && sections + missing == 3, "{outline}");
    let failure = outcomes[&1].as_ref().unwrap_err();
    assert!(failure.message.contains("gave no Plan in 3 rounds"), "{failure}");
}
