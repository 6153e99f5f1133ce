//! Whole tasks: how many hops lie on the longest path through the bundled team, how many of them are
//! transactions, and how long a task takes from end to end at low load, with a model that answers at once:
//! in one process on its log on disk, on Kafka, and on Kafka with state on a CQL server.

mod path;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agents_model::Scripted;
use agents_team_briefing::{Data, tasks};
use anyhow::Context;
use bytes::Bytes;
use hdrhistogram::Histogram;
use infra_node::{Doors, Node, Settings};
use schemas_records::{Headers, Key, headers};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::{Clock, Log, NewRecord, Publisher, Remedy, Start, SystemClock, TopicPartition};
use topics_log_fjall::FjallLog;
use topics_runtime::NoProbe;
use topics_state::fjall::{Disk, Durability, FjallStore};
use topics_state::{KeyedStore, StateStore};

use crate::arena::{PARTITIONS, connect, new_name};
use crate::cql::Ground;
use crate::figures::Sheet;
use crate::pace::{Schedule, wait_until};
use crate::traffic::{key_of, number_of};

/// Tasks a second.
const RATE: u32 = 4;

/// Before anything counts.
const WARM_UP: Duration = Duration::from_secs(5);

/// How long any task may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many results are read at once, and how long one reading waits for the first.
const READ: (usize, Duration) = (1_000, Duration::from_millis(50));

const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];

/// When each task's result was seen first.
type Seen = Arc<Mutex<BTreeMap<u64, Instant>>>;

/// Measures all of it.
///
/// # Errors
/// Whatever the node could not do.
pub async fn measure(
    sheet: &mut Sheet,
    brokers: &str,
    cql: Option<&str>,
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    let mut counted = 0;
    for _ in 0..rounds {
        if let Some(cql) = cql {
            let ground = Ground::make(cql).await?;
            let scene = Scene::set(Some(brokers), Some(&ground)).await?;
            time(sheet, "Kafka and CQL", &scene, seconds).await?;
            scene.strike().await?;
            ground.strike().await?;
        }
        let disk = Scene::set(None, None).await?;
        time(sheet, "disk", &disk, seconds).await?;
        disk.strike().await?;
        let scene = Scene::set(Some(brokers), None).await?;
        counted = time(sheet, "Kafka", &scene, seconds).await?;
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
         their slowest); node and broker on the same machine, state in fjall where no CQL is said, \
         scripted model with 0 ms",
        WARM_UP.as_secs()
    ));
    Ok(())
}

/// Adds how long tasks take there. How many were counted.
async fn time(sheet: &mut Sheet, place: &str, scene: &Scene, seconds: u32) -> anyhow::Result<u64> {
    let took = scene.round(Duration::from_secs(seconds.into())).await?;
    for (quantile, word) in QUANTILES {
        let ms = took.value_at_quantile(quantile) as f64 / 1_000.0;
        sheet.add(&format!("{place}: a task from end to end, {word}"), "ms", ms);
    }
    Ok(took.len())
}

/// A node with the bundled team, and who waits for its results.
struct Scene {
    node: Node,
    running: JoinHandle<Result<(), infra_node::Error>>,
    watching: JoinHandle<anyhow::Result<()>>,
    shutdown: CancellationToken,
    seen: Seen,
    _data: TempDir,
}

impl Scene {
    /// On these brokers, or on a log on disk; with state there, or on disk.
    async fn set(brokers: Option<&str>, ground: Option<&Ground>) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let team = tributary::briefing::team(&Data::bundled()?);
        let settings = Settings { namespace: new_name(), ..Settings::default() };
        let node = Node::new(team, doors(brokers, ground, data.path()).await?, settings)?;
        let plan = node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await?;
        plan.apply(&*node.doors().log).await?;
        let (seen, shutdown) = (Seen::default(), CancellationToken::new());
        let watching = tokio::spawn(watch(node.clone(), Arc::clone(&seen), shutdown.clone()));
        let running = {
            let (node, shutdown) = (node.clone(), shutdown.clone());
            tokio::spawn(async move { infra_node::run(&node, shutdown).await })
        };
        Ok(Self { node, running, watching, shutdown, seen, _data: data })
    }

    /// Submits at a steady pace. How long each task took, in microseconds.
    async fn round(&self, time: Duration) -> anyhow::Result<Histogram<u64>> {
        // A drill waits on purpose.
        let texts: Vec<&str> = tasks::TASKS.lines().filter(|line| !line.contains("late_drill")).collect();
        let topic: Arc<str> = self.node.names().topic(Kind::Tasks).into();
        let schedule = Schedule::per_second(RATE);
        let (from, until) = (schedule.start + WARM_UP, schedule.start + WARM_UP + time);
        let counts = schedule.first_from(from)..schedule.first_from(until);
        let publisher: Arc<dyn Publisher> = self.node.doors().log.publisher().await?.into();
        let mut sending = tokio::task::JoinSet::new();
        let mut sent = 0;
        while schedule.due(sent) < until {
            tokio::time::sleep_until(schedule.due(sent).into()).await; // paces load
            let place = usize::try_from(sent).unwrap_or(0) % texts.len();
            let key: Key = key_of(sent);
            let mut record = NewRecord {
                topic: Arc::clone(&topic),
                partition: None,
                value: Bytes::from_static(texts[place].as_bytes()),
                headers: Headers::new(),
                key: key.clone(),
            };
            record.headers.push(headers::TASK_ID, key.to_bytes());
            // Nobody waits for it: the next one is due whatever becomes of this one.
            let publisher = Arc::clone(&publisher);
            sending.spawn(async move { publisher.publish(vec![record]).await.map(drop) });
            sent += 1;
        }
        while let Some(outcome) = sending.join_next().await {
            outcome.context("a sender panicked")??;
        }
        let complete = wait_until(PATIENCE, || lock(&self.seen).range(..sent).count() as u64 == sent).await;
        anyhow::ensure!(
            complete,
            "{} of {sent} tasks ended in time; the node {}",
            lock(&self.seen).len(),
            if self.running.is_finished() { "has ended by itself" } else { "runs" }
        );
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
        self.watching.await.context("the watcher panicked")??;
        let log = &self.node.doors().log;
        let topics = log.topics(&format!("{}.", self.node.names().namespace())).await?;
        Ok(log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?)
    }
}

/// A log on these brokers or on disk, state there or on disk.
async fn doors(brokers: Option<&str>, ground: Option<&Ground>, folder: &Path) -> anyhow::Result<Doors> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let disk = Disk::open(folder, clock.now(), Durability::default())?;
    let store = FjallStore::on(disk.clone(), Arc::clone(&clock))?;
    let log: Arc<dyn Log> = match brokers {
        Some(brokers) => connect(brokers).await?,
        None => Arc::new(FjallLog::on(disk, Arc::clone(&clock))?),
    };
    let (states, keyed): (Arc<dyn StateStore>, Arc<dyn KeyedStore>) = match ground {
        Some(ground) => {
            let store = ground.store().await?;
            (Arc::new(store.clone()), Arc::new(store))
        }
        None => (Arc::new(store.clone()), Arc::new(store)),
    };
    Ok(Doors {
        log,
        states,
        keyed,
        model: Arc::new(Scripted::default().with_latency(Duration::ZERO)),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: true,
    })
}

/// Notes when results come, as whoever waits for them would.
async fn watch(node: Node, seen: Seen, shutdown: CancellationToken) -> anyhow::Result<()> {
    let topic = node.names().topic(Kind::Results);
    let from: Vec<_> = (0..PARTITIONS)
        .map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning))
        .collect();
    let log = &node.doors().log;
    let mut reader = loop {
        match log.reader(&from).await {
            // A topic that was made a moment ago.
            Err(error) if error.remedy == Remedy::Retry && !shutdown.is_cancelled() => {}
            made => break made?,
        }
    };
    while !shutdown.is_cancelled() {
        let records = match reader.read(READ.0, READ.1).await {
            Err(error) if error.remedy == Remedy::Retry => Vec::new(),
            read => read?,
        };
        let now = Instant::now();
        for number in records.iter().filter_map(|record| number_of(&record.key.to_bytes())) {
            lock(&seen).entry(number).or_insert(now);
        }
    }
    Ok(())
}

fn lock(seen: &Seen) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
