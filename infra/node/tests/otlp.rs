//! A task's trace at a collector: one tree from its producer's span through intake, agents, gateways and the
//! join, and no task that waits for a collector.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

#[path = "../../telemetry/tests/collector/mod.rs"]
mod collector;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agents_manifest::{load, skeleton};
use agents_model::{Model, Scripted};
use bytes::Bytes;
use collector::{Collector, Manner, attribute};
use infra_node::{Doors, Node, Settings, Team};
use schemas_records::{Envelope, Headers, Key, Outcome, headers};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, Log, NewRecord, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// Held by each test: `tracing` remembers of a place in the code whether anybody wants it, and asks the thread that
/// comes there first.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PRODUCER: &str = "b7ad6b7169203331";

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fresh");
    skeleton::write(&path, "fresh").unwrap();
    let team = load(&path).unwrap_or_else(|problems| panic!("{problems}"));
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
    Node::new(Team::from_manifest(&team), doors, Settings::default()).unwrap()
}

/// Runs the first of a new team's examples; its result's trace context, and how long it took.
async fn run() -> (String, Duration) {
    let node = node();
    let log = Arc::clone(&node.doors().log);
    node.plan(Topics { partitions: 2, replication: 0 }).await.unwrap().apply(&*log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let mut given = Headers::new();
    given.push(headers::TASK_ID, "t-1");
    given.push(headers::TRACEPARENT, format!("00-{TRACE}-{PRODUCER}-01"));
    let record = NewRecord {
        topic: node.names().topic(Kind::Tasks).as_str().into(),
        partition: None,
        key: Key::new(b"1"),
        value: Bytes::from_static(br#"{"question": "Shall we?"}"#),
        headers: given,
    };
    let began = Instant::now();
    log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
    let result = tokio::time::timeout(Duration::from_secs(60), result(&node, &*log)).await.expect("it ends");
    let took = began.elapsed();
    shutdown.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(result.outcome, Some(Outcome::Ok));
    (result.traceparent.unwrap(), took)
}

async fn result(node: &Node, log: &dyn Log) -> Envelope {
    let topic = node.names().topic(Kind::Results);
    let from = [0, 1].map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning));
    let mut reader = log.reader(&from).await.unwrap();
    loop {
        if let Some(record) = reader.read(1, Duration::from_millis(100)).await.unwrap().first() {
            return Envelope::read(&record.headers).unwrap();
        }
    }
}

/// Runs a task and has its spans exported.
async fn exported(manner: Manner) -> (Vec<Value>, String, Duration) {
    let collector = Collector::start(manner);
    let (dispatch, exporter) = infra_telemetry::dispatch("off", Some(collector.settings())).unwrap();
    let guard = tracing::dispatcher::set_default(&dispatch);
    let (traceparent, took) = run().await;
    drop(guard);
    exporter.unwrap().close();
    (collector.spans(), traceparent, took)
}

/// Every span of a task is in its producer's trace, once, below the span whose record it handled: from intake to
/// the step that made the result, whose id the result carries.
#[tokio::test]
async fn a_task_is_one_trace() {
    let _alone = ALONE.lock().await;
    let (spans, result, _) = exported(Manner::Takes).await;
    let by_id: BTreeMap<&str, &Value> =
        spans.iter().map(|span| (span["spanId"].as_str().unwrap(), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "no id twice");
    let mut edges: BTreeMap<String, usize> = BTreeMap::new();
    for span in &spans {
        assert_eq!(span["traceId"], TRACE);
        assert_eq!(attribute(span, "tributary.task"), "t-1", "{span}");
        let parent = span["parentSpanId"].as_str().unwrap();
        let parent = by_id.get(parent).map_or(parent, |span| span["name"].as_str().unwrap());
        *edges.entry(format!("{parent} > {}", span["name"].as_str().unwrap())).or_default() += 1;
    }
    let expected = [
        (format!("{PRODUCER} > intake"), 1),
        ("intake > planner input".to_owned(), 1),
        ("planner input > model-gateway".to_owned(), 1),
        ("model-gateway > planner answer".to_owned(), 1),
        ("planner answer > synthesizer expectation".to_owned(), 1),
        ("planner answer > analyst input".to_owned(), 3),
        ("analyst input > model-gateway".to_owned(), 3),
        ("model-gateway > analyst answer".to_owned(), 3),
        ("analyst answer > synthesizer part".to_owned(), 3),
        ("synthesizer part > model-gateway".to_owned(), 1),
        ("model-gateway > synthesizer answer".to_owned(), 1),
        ("model-gateway > chat".to_owned(), 5),
    ];
    assert_eq!(edges, BTreeMap::from(expected));
    let last = by_id[&result[36..52]];
    assert_eq!((&result[3..35], &last["name"]), (TRACE, &"synthesizer answer".into()));
    for chat in spans.iter().filter(|span| attribute(span, "gen_ai.operation.name") == "chat") {
        assert_eq!(chat["kind"], 3);
        assert!(attribute(chat, "gen_ai.usage.input_tokens").parse::<u32>().unwrap() > 0, "{chat}");
        assert!(attribute(chat, "gen_ai.usage.output_tokens").parse::<u32>().unwrap() > 0, "{chat}");
        assert!(!attribute(chat, "tributary.call").is_empty(), "{chat}");
    }
}

/// A collector that is away, says nothing or fails makes no task slower.
#[tokio::test]
async fn no_task_waits_for_a_collector() {
    let _alone = ALONE.lock().await;
    let (without, usual) = run().await;
    for manner in [Manner::Away, Manner::Silent, Manner::Answers(500), Manner::Answers(503)] {
        let (_, with, took) = exported(manner).await;
        assert_eq!(&with[..35], &without[..35], "{manner:?}");
        // A task takes some tenths of a second; waiting once for the collector would be five.
        assert!(took < usual + Duration::from_secs(2), "{manner:?}: {took:?}, {usual:?} without");
    }
}
