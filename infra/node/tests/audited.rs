//! An audit of what a whole node left in a log in memory: by the same agent it is equal; an agent that was changed
//! without saying so differs, and how is shown.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use agents_model::Scripted;
use bytes::Bytes;
use infra_node::audit::{Limits, Report, Stepped, Stretch, What as Wrong, audit};
use infra_node::{Doors, Node, Settings, Team};
use schemas_records::{Headers, Key, ModelRequest, Stateless, Text};
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, NewRecord, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// How long the tasks may take; they take a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tasks, of which each is one call and one answer.
const TASKS: usize = 5;

/// Partitions of every topic.
const PARTITIONS: i32 = 2;

/// Asks a model under this system prompt.
struct Poet(&'static str);

impl Agent for Poet {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(topic) => effects.call_model("poem", ModelRequest::new(self.0, topic.text, 60)),
            What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
            _ => {}
        }
        Ok(())
    }
}

fn team(prompt: &'static str) -> Team {
    Team::new("poets").agent("poet", Poet(prompt))
}

/// The doors of a node that has done its tasks.
async fn done() -> Doors {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryStore::new(Arc::clone(&clock));
    let doors = Doors {
        log: Arc::new(MemoryLog::new(Arc::clone(&clock))),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store),
        model: Arc::new(Scripted::default()),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let node = Node::new(team("You write haiku."), doors.clone(), Settings::default()).unwrap();
    let plan = node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await.unwrap();
    plan.apply(&*doors.log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let task = |number: usize| NewRecord {
        topic: node.names().topic(Kind::Tasks).into(),
        partition: None,
        key: Key::new(b""),
        value: Bytes::from(format!("{{\"text\": \"log {number}\"}}")),
        headers: Headers::new(),
    };
    doors.log.publisher().await.unwrap().publish((0..TASKS).map(task).collect()).await.unwrap();
    tokio::time::timeout(PATIENCE, results(&node)).await.unwrap();
    shutdown.cancel();
    running.await.unwrap().unwrap();
    doors
}

async fn results(node: &Node) {
    let topic = node.names().topic(Kind::Results);
    let places: Vec<_> = (0..PARTITIONS)
        .map(|number| (TopicPartition::new(topic.as_str(), number), Start::Beginning))
        .collect();
    let mut reader = node.doors().log.reader(&places).await.unwrap();
    let mut found = 0;
    while found < TASKS {
        found += reader.read(16, Duration::from_millis(100)).await.unwrap().len();
    }
}

/// Audits by an agent with this prompt. Whoever has all results has stepped all there is.
async fn audited(doors: &Doors, prompt: &'static str) -> Report {
    let node = Node::new(team(prompt), doors.clone(), Settings::default()).unwrap();
    let inbox = node.names().inbox("poet");
    let all = |number| (TopicPartition::new(inbox.as_str(), number), i64::MAX);
    let stepped: Stepped = (0..PARTITIONS).map(all).collect();
    audit(&node, &stepped, Stretch::default(), Limits::default()).await.unwrap()
}

/// The same agent makes the same bytes; another prompt under the same name is shown in the first request it changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shows_what_an_agent_says_otherwise() {
    let doors = done().await;
    let report = audited(&doors, "You write haiku.").await;
    assert!(report.is_equal() && report.not_audited.is_empty(), "{report:#?}");
    assert_eq!((report.works, report.equal), (TASKS as u64, report.outputs), "{report:#?}");
    let report = audited(&doors, "You write odes.").await;
    assert_eq!(report.differences, BTreeMap::from([(Wrong::Differs, TASKS as u64)]), "{report:#?}");
    let first = report.first.unwrap();
    assert_eq!(first.agent.as_deref(), Some("poet"));
    let shown = first.fields.iter().find(|field| field.name.starts_with("value.")).unwrap();
    assert_eq!(
        (shown.recorded.as_deref(), shown.made.as_deref()),
        (Some("You write haiku."), Some("You write odes."))
    );
}
