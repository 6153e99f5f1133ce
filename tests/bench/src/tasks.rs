//! Whole tasks: how many hops lie on the longest path through the bundled team, how many of them are
//! transactions, and how long a task takes from end to end at low load, with a model that answers at once.

mod path;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agents_model::Scripted;
use agents_team_briefing::{Data, tasks};
use anyhow::Context;
use bytes::Bytes;
use hdrhistogram::Histogram;
use infra_node::{Doors, Node, Settings};
use rdkafka::Message as _;
use schemas_records::{Headers, Key, headers};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::{NewRecord, SystemClock};
use topics_runtime::NoProbe;
use topics_state::fjall::FjallStore;

use crate::arena::{PARTITIONS, connect, new_name};
use crate::feed::Feed;
use crate::figures::Sheet;
use crate::pace::{Schedule, wait_until};
use crate::traffic::{key_of, number_of};
use crate::watch::Watch;

/// Tasks a second.
const RATE: u32 = 4;

/// Before anything counts.
const WARM_UP: Duration = Duration::from_secs(5);

/// How long any task may take.
const PATIENCE: Duration = Duration::from_secs(60);

const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];

/// Measures all of it.
///
/// # Errors
/// Whatever the node could not do.
pub async fn measure(sheet: &mut Sheet, brokers: &str, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    let mut counted = 0;
    for _ in 0..rounds {
        let scene = Scene::set(brokers).await?;
        let took = scene.round(Duration::from_secs(seconds.into())).await?;
        counted = took.len();
        for (quantile, word) in QUANTILES {
            let ms = took.value_at_quantile(quantile) as f64 / 1_000.0;
            sheet.add(&format!("a task from end to end, {word}"), "ms", ms);
        }
        let longest = path::longest(&scene.node).await?;
        sheet.add("hops on the longest path, task record to result", "hops", longest.hops as f64);
        sheet.add("of these transactions", "hops", longest.transactions as f64);
        if sheet.notes.is_empty() {
            sheet.note(format!("the longest path: {}", longest.steps.join(" > ")));
        }
        scene.strike().await?;
    }
    sheet.note(format!(
        "{RATE} tasks/s, open loop, {counted} tasks a round after {} s of warm-up (a p99 of so few is nearly \
         their slowest); node and broker on the same machine, state in fjall, scripted model with 0 ms",
        WARM_UP.as_secs()
    ));
    Ok(())
}

/// A node with the bundled team, and who waits for its results.
struct Scene {
    brokers: String,
    node: Node,
    running: JoinHandle<Result<(), infra_node::Error>>,
    shutdown: CancellationToken,
    seen: Arc<Mutex<BTreeMap<u64, Instant>>>,
    watch: Watch,
    _data: TempDir,
}

impl Scene {
    async fn set(brokers: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let store = FjallStore::open(data.path(), Arc::new(SystemClock))?;
        let doors = Doors {
            log: connect(brokers).await?,
            states: Arc::new(store.clone()),
            keyed: Arc::new(store),
            model: Arc::new(Scripted::default().with_latency(Duration::ZERO)),
            clock: Arc::new(SystemClock),
            probe: Arc::new(NoProbe),
            has_watchdog: true,
        };
        let team = tributary::briefing::team(&Data::bundled()?);
        let node = Node::new(team, doors, Settings { namespace: new_name(), ..Settings::default() })?;
        let plan = node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await?;
        plan.apply(&*node.doors().log).await?;
        let seen: Arc<Mutex<BTreeMap<u64, Instant>>> = Arc::default();
        let noting = Arc::clone(&seen);
        let results = node.names().topic(Kind::Results);
        let watch = Watch::begin(brokers, &results, PARTITIONS, move |message, at| {
            if let Some(number) = number_of(message.key().unwrap_or_default()) {
                lock(&noting).entry(number).or_insert(at);
            }
        })?;
        let shutdown = CancellationToken::new();
        let running = {
            let (node, shutdown) = (node.clone(), shutdown.clone());
            tokio::spawn(async move { infra_node::run(&node, shutdown).await })
        };
        Ok(Self { brokers: brokers.to_owned(), node, running, shutdown, seen, watch, _data: data })
    }

    /// Submits at a steady pace. How long each task took, in microseconds.
    async fn round(&self, time: Duration) -> anyhow::Result<Histogram<u64>> {
        // A drill waits on purpose.
        let texts: Vec<&str> = tasks::TASKS.lines().filter(|line| !line.contains("late_drill")).collect();
        let topic: Arc<str> = self.node.names().topic(Kind::Tasks).into();
        let schedule = Schedule::per_second(RATE);
        let (from, until) = (schedule.start + WARM_UP, schedule.start + WARM_UP + time);
        let counts = schedule.first_from(from)..schedule.first_from(until);
        let feed = Feed::begin(&self.brokers, schedule, move |number| {
            let place = usize::try_from(number).unwrap_or(0) % texts.len();
            let key: Key = key_of(number);
            let mut record = NewRecord {
                topic: Arc::clone(&topic),
                partition: None,
                value: Bytes::from_static(texts[place].as_bytes()),
                headers: Headers::new(),
                key: key.clone(),
            };
            record.headers.push(headers::TASK_ID, key.to_bytes());
            Ok(record)
        })?;
        tokio::time::sleep_until(until.into()).await; // paces load
        let sent = feed.end()?;
        let complete = wait_until(PATIENCE, || lock(&self.seen).range(..sent).count() as u64 == sent).await;
        anyhow::ensure!(complete, "{} of {sent} tasks ended in time", lock(&self.seen).len());
        let mut took = Histogram::new_with_bounds(1, 120_000_000, 3)?;
        for (number, at) in lock(&self.seen).range(counts) {
            let late = at.saturating_duration_since(schedule.due(*number));
            took.saturating_record(u64::try_from(late.as_micros())?);
        }
        Ok(took)
    }

    async fn strike(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.running.await.context("the node panicked")??;
        self.watch.end()?;
        let log = &self.node.doors().log;
        let topics = log.topics(&format!("{}.", self.node.names().namespace())).await?;
        Ok(log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?)
    }
}

fn lock(seen: &Mutex<BTreeMap<u64, Instant>>) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
