//! Nodes of one namespace, what is fed to them, and who watches their results.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Context;
use infra_node::{Config, Node, open};
use rdkafka::Message as _;
use rdkafka::message::Headers as _;
use schemas_records::headers;
use topics_catalog::{Kind, Names, Topics};
use topics_log::{Log, NewRecord};

use super::{CALLS_IN_FLIGHT, PATIENCE, Place};
use crate::arena::{PARTITIONS, connect, new_name};
use crate::children::{Process, asking_team, team};
use crate::cql::Ground;
use crate::feed::Feed;
use crate::pace::{Schedule, wait_until};
use crate::traffic::{Traffic, number_of};
use crate::watch::Watch;

/// Tasks that a warm-up sends at once, and the most of such turns: with so many keys every partition gets some.
const WARM_UP: (u64, u32) = (40, 100);

/// Tasks that are published at once.
const CHUNK: u64 = 5_000;

/// A result that was seen.
struct Sight {
    at: Instant,
    times: u32,
    by: String,
}

type Seen = Arc<Mutex<BTreeMap<u64, Sight>>>;

/// Tasks that come at a steady pace.
pub struct Flow {
    feed: Feed,
    schedule: Schedule,
    first: u64,
}

/// Nodes of one namespace.
pub struct Fleet {
    sets: Vec<String>,
    asks: bool,
    log: Arc<dyn Log>,
    brokers: String,
    names: Names,
    traffic: Traffic,
    ground: Ground,
    seen: Seen,
    watch: Watch,
    /// Tasks published so far: their numbers.
    published: u64,
}

impl Fleet {
    /// Makes topics and a keyspace; no node runs yet.
    ///
    /// # Errors
    /// Servers that cannot be reached.
    pub async fn set(place: Place<'_>, asks: bool, model: &str) -> anyhow::Result<Self> {
        let ground = Ground::make(place.cql).await?;
        let plain = [
            format!("namespace={}", new_name()),
            format!("brokers={}", place.brokers),
            "log=error".to_owned(),
            model.to_owned(),
        ];
        let config = Config::read(None, [], &plain)?;
        let team = if asks { asking_team() } else { team() };
        let node = Node::new(team, open(&config).await?, config.settings.clone())?;
        let topics = Topics { partitions: PARTITIONS, replication: 0 };
        node.plan(topics).await?.apply(&*node.doors().log).await?;
        let names = node.names().clone();
        let seen = Seen::default();
        let noting = Arc::clone(&seen);
        let watch =
            Watch::begin(place.brokers, &names.topic(Kind::Results), PARTITIONS, move |message, at| {
                let Some(number) = number_of(message.key().unwrap_or_default()) else { return };
                let signed =
                    message.headers().and_then(|all| all.iter().find(|one| one.key == headers::INSTANCE));
                let by = signed.and_then(|one| one.value).unwrap_or_default();
                let by = String::from_utf8_lossy(by).into_owned();
                lock(&noting).entry(number).or_insert(Sight { at, times: 0, by }).times += 1;
            })?;
        let traffic = Traffic::between(&names.topic(Kind::Tasks), &names.topic(Kind::Results))?;
        let mut sets = plain.to_vec();
        sets.extend(ground.sets());
        sets.push(format!("calls_in_flight_max={CALLS_IN_FLIGHT}"));
        let (log, brokers) = (connect(place.brokers).await?, place.brokers.to_owned());
        Ok(Self { sets, asks, log, brokers, names, traffic, ground, seen, watch, published: 0 })
    }

    /// Starts a node of this name.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(&self, name: &str) -> anyhow::Result<Process> {
        let mut arguments = vec!["node".to_owned()];
        arguments.extend(self.asks.then(|| "--asks".to_owned()));
        arguments.extend(self.sets.iter().cloned());
        arguments.push(format!("instance={name}"));
        Process::start(arguments)
    }

    /// Publishes a few tasks at a time until results come from so many different nodes.
    ///
    /// # Errors
    /// Nodes that do not take their share within a bound.
    pub async fn warm_up(&mut self, nodes: usize) -> anyhow::Result<()> {
        let (tasks, turns) = WARM_UP;
        for _ in 0..turns {
            let first = self.publish(tasks).await?;
            self.wait_for(first..first + tasks).await?;
            let by: BTreeSet<String> =
                lock(&self.seen).range(first..).map(|(_, sight)| sight.by.clone()).collect();
            if by.len() >= nodes {
                return Ok(());
            }
        }
        anyhow::bail!("fewer than {nodes} nodes work, {turns} turns of {tasks} tasks later")
    }

    /// Publishes so many tasks at once. The first one's number.
    ///
    /// # Errors
    /// The log's own.
    pub async fn publish(&mut self, tasks: u64) -> anyhow::Result<u64> {
        let first = self.published;
        let publisher = self.log.publisher().await?;
        while self.published < first + tasks {
            let until = (self.published + CHUNK).min(first + tasks);
            let records: Vec<NewRecord> =
                (self.published..until).map(|number| self.traffic.task(number)).collect::<Result<_, _>>()?;
            publisher.publish(records).await.context("could not publish tasks")?;
            self.published = until;
        }
        Ok(first)
    }

    /// Waits until the results of these tasks were seen. When the last one was.
    ///
    /// # Errors
    /// Tasks that do not end within a bound.
    pub async fn wait_for(&self, tasks: Range<u64>) -> anyhow::Result<Instant> {
        let count = || lock(&self.seen).range(tasks.clone()).count() as u64;
        let wanted = tasks.end - tasks.start;
        anyhow::ensure!(
            wait_until(PATIENCE, || count() == wanted).await,
            "{} of {wanted} tasks ended within {PATIENCE:?}",
            count()
        );
        let last = lock(&self.seen).range(tasks).map(|(_, sight)| sight.at).max();
        last.context("no task was asked for")
    }

    /// Lets tasks come at a steady pace.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn flow(&self, rate: u32) -> anyhow::Result<Flow> {
        let (schedule, first) = (Schedule::per_second(rate), self.published);
        let traffic = self.traffic.clone();
        let feed = Feed::begin(&self.brokers, schedule, move |number| traffic.task(first + number))?;
        Ok(Flow { feed, schedule, first })
    }

    /// When the first result since a time was signed by this node.
    pub fn signed_by(&self, name: &str, since: Instant) -> Option<Instant> {
        let seen = lock(&self.seen);
        seen.values().filter(|sight| sight.by == name && sight.at >= since).map(|sight| sight.at).min()
    }

    /// The longest that an input of a flow which was due between two times waited for its result, in seconds.
    ///
    /// # Errors
    /// Inputs that do not end within a bound.
    pub async fn longest_wait(&self, flow: &Flow, from: Instant, until: Instant) -> anyhow::Result<f64> {
        let (from, until) = (flow.schedule.first_from(from), flow.schedule.first_from(until));
        let tasks = flow.first + from..flow.first + until.max(from + 1);
        self.wait_for(tasks.clone()).await?;
        let seen = lock(&self.seen);
        let waits = seen.range(tasks).map(|(number, sight)| {
            sight.at.saturating_duration_since(flow.schedule.due(number - flow.first)).as_secs_f64()
        });
        Ok(waits.fold(0.0, f64::max))
    }

    /// Ends a flow. How many tasks it sent, and how many of them were lost and doubled.
    ///
    /// # Errors
    /// What went wrong while it sent.
    pub async fn end_flow(&mut self, flow: Flow) -> anyhow::Result<(u64, u64, u64)> {
        let sent = flow.feed.end()?;
        let tasks = flow.first..flow.first + sent;
        self.published = tasks.end;
        // What is lost shows at the end.
        wait_until(PATIENCE, || lock(&self.seen).range(tasks.clone()).count() as u64 == sent).await;
        let seen = lock(&self.seen);
        let doubled = seen.range(tasks.clone()).filter(|(_, sight)| sight.times > 1).count() as u64;
        Ok((sent, sent - seen.range(tasks).count() as u64, doubled))
    }

    /// Removes topics and keyspace. Nodes must have ended.
    ///
    /// # Errors
    /// Servers that are gone.
    pub async fn strike(self) -> anyhow::Result<()> {
        self.watch.end()?;
        let topics = self.log.topics(&format!("{}.", self.names.namespace())).await?;
        self.log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?;
        self.ground.strike().await
    }
}

fn lock(seen: &Seen) -> MutexGuard<'_, BTreeMap<u64, Sight>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
