//! A node that frames by a schema registry, one in the test's own process: what it files, what its records
//! carry, whose records it reads, and what the registry's absence does to it.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use agents_model::{Model, Scripted};
use bytes::Bytes;
use infra_node::{Config, Doors, Meeting, Node, Settings, Team};
use schemas_codec::frame;
use schemas_records::{Envelope, Failure, Headers, Key, ModelRequest, Outcome, Stateless, Text};
use serde_json::json;
use tests_registry::{Fake, Mood};
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, Log, NewRecord, Record, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// How long the tasks of a test may take together; they take a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// As another client writes its texts, with a field of its own.
const FOREIGN: &str = r#"{"type":"record","name":"Text","namespace":"tributary","fields":[
    {"name":"mood","type":"string"},{"name":"text","type":"string"}]}"#;

struct Poet;

impl Agent for Poet {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(topic) => effects.call_model("poem", ModelRequest::new("A poem.", topic.text, 9)),
            What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
            _ => {}
        }
        Ok(())
    }
}

fn node() -> Node {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryStore::new(Arc::clone(&clock));
    let model: Arc<dyn Model> = Arc::new(Scripted::default());
    let doors = Doors {
        log: Arc::new(MemoryLog::new(Arc::clone(&clock))),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store),
        model,
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    Node::new(Team::new("poets").agent("poet", Poet), doors, Settings::default()).unwrap()
}

/// A configuration with this registry, which is not waited for.
fn config(fake: &Fake) -> Config {
    let mut config = Config::read(None, [], &[format!("registry={}", fake.url())]).unwrap();
    let registry = config.registry.as_mut().unwrap();
    registry.start_max = Duration::ZERO;
    registry.request_max = Duration::from_millis(500);
    registry.lookup_max = Duration::from_millis(500);
    config
}

/// Everything that one run of a node has put on its topics.
async fn run(node: &Node, tasks: &[&[u8]]) -> BTreeMap<String, Vec<Record>> {
    let log = Arc::clone(&node.doors().log);
    let plan = node.plan(Topics { partitions: 1, replication: 0 }).await.unwrap();
    plan.apply(&*log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let topic = node.names().topic(Kind::Tasks);
    let records = tasks.iter().map(|task| NewRecord {
        topic: topic.as_str().into(),
        partition: None,
        key: Key::new(b"key"),
        value: Bytes::copy_from_slice(task),
        headers: Headers::new(),
    });
    log.publisher().await.unwrap().publish(records.collect()).await.unwrap();
    let results = node.names().topic(Kind::Results);
    let ended = async { while read(&*log, &results).await.len() < tasks.len() {} };
    let outcome = tokio::time::timeout(PATIENCE, ended).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    outcome.expect("the tasks end");
    let mut all = BTreeMap::new();
    for topic in log.topics("").await.unwrap() {
        all.insert(topic.name.clone(), read(&*log, &topic.name).await);
    }
    all
}

async fn read(log: &dyn Log, topic: &str) -> Vec<Record> {
    let mut reader = log.reader(&[(TopicPartition::new(topic, 0), Start::Beginning)]).await.unwrap();
    let mut all = Vec::new();
    loop {
        let records = reader.read(100, Duration::from_millis(20)).await.unwrap();
        if records.is_empty() {
            return all;
        }
        all.extend(records);
    }
}

/// Every record of a run carries an id that the registry gave to the record's subject, and the registry was
/// told of nothing else, states least of all. JSON, the node's own Avro and another client's come to the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_carry_the_registrys_ids() {
    let fake = Fake::start();
    let node = node();
    node.meet_registry(&config(&fake), Meeting::Files).await.unwrap();
    let theirs = fake.file("theirs", FOREIGN, &json!(null));
    let foreign = [&[0], &theirs.to_be_bytes()[..], b"\x08glad\x0ethe sea"].concat();
    let own = node.codec().encode(&Text::new("the sea")).unwrap();
    let _ = fake.requests();
    let all = run(&node, &[br#"{"text": "the sea"}"#, &own, &foreign]).await;
    assert_eq!(fake.requests(), [format!("GET schemas/ids/{theirs}")], "one id was new to it");

    let mut seen = 0;
    for (topic, records) in &all {
        for record in records.iter().filter(|record| record.value.first() == Some(&0)) {
            let id = frame::split(&record.value).unwrap().0;
            let name = node.codec().name_of(&record.value).unwrap();
            let subject = schemas_codec::subject(topic, &name);
            let is_handed_on = id.0 == theirs;
            assert!(is_handed_on || fake.ids(&subject).contains(&id.0), "{subject} is of id {id}");
            seen += 1;
        }
    }
    assert!(seen > 12, "{seen} records of {:?}", all.keys());
    let answers = &all["tributary.poets.results"];
    let answers: Vec<Text> =
        answers.iter().map(|record| node.codec().decode(&record.value).unwrap()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");

    let subjects: Vec<String> = node.subjects().unwrap().into_iter().map(|subject| subject.name).collect();
    for expected in [
        "tributary.poets.tasks-tributary.Text",
        "tributary.poets.poet.inbox.g1-tributary.Text",
        "tributary.poets.poet.inbox.g1-tributary.ModelAnswer",
        "tributary.poets.results-tributary.Text",
        "tributary.poets.results-tributary.Failure",
        "tributary.poets.closings-tributary.Closing",
        "tributary.model.requests-tributary.ModelRequest",
        "tributary.timers-tributary.Timer",
        "tributary.dead-letters-tributary.DeadLetter",
    ] {
        assert!(subjects.iter().any(|subject| subject == expected), "{expected} of {subjects:#?}");
    }
    assert!(!subjects.iter().any(|subject| subject.ends_with("Row") || subject.ends_with("Stateless")));
    // Two versions each, of which the older may still be on its way.
    assert_eq!(fake.ids("tributary.poets.results-tributary.Failure").len(), 2);
}

/// With the registry gone while it runs, a node does all its work but for tasks by schemas that it has never
/// seen: each of these is refused with a sentence, and none holds the others up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_outlives_the_registry() {
    let fake = Fake::start();
    let node = node();
    node.meet_registry(&config(&fake), Meeting::Files).await.unwrap();
    fake.mood(Mood::Hangs);
    let unknown: Vec<Vec<u8>> =
        (500..520_u32).map(|id| [&[0], &id.to_be_bytes()[..], b"\x0ethe sea"].concat()).collect();
    let mut tasks: Vec<&[u8]> = unknown.iter().map(Vec::as_slice).collect();
    tasks.push(br#"{"text": "the sea"}"#);
    let all = run(&node, &tasks).await;
    let (mut answered, mut refused) = (0, 0);
    for record in &all["tributary.poets.results"] {
        if Envelope::read(&record.headers).unwrap().outcome == Some(Outcome::Ok) {
            answered += 1;
            continue;
        }
        let failure: Failure = node.codec().decode(&record.value).unwrap();
        let message = &failure.message;
        assert!(message.contains("is not known here") && message.contains("did not answer"), "{message}");
        refused += 1;
    }
    assert_eq!((answered, refused), (1, 20));
}

/// A node does not start without its ids, nor with a schema that is refused; one that only reads does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_needs_the_registry() {
    let mut fake = Fake::start();
    let config = config(&fake);
    let _ = fake.file(
        "tributary.poets.tasks-tributary.Text",
        r#"{"type":"record","name":"tributary.Text","fields":[
        {"name":"text","type":"int"}]}"#,
        &json!(null),
    );
    let error = node().meet_registry(&config, Meeting::Files).await.unwrap_err().to_string();
    assert!(
        error.contains("tasks-tributary.Text") && error.contains("~ text: int there, string here"),
        "{error}"
    );
    fake.goes();
    let error = node().meet_registry(&config, Meeting::Files).await.unwrap_err().to_string();
    assert!(error.contains("onnection refused") && error.contains("is it running"), "{error}");
    node().meet_registry(&config, Meeting::Reads).await.unwrap();
}
