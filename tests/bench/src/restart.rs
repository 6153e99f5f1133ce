//! `kill -9` and start again at once under the same names: how long until a reader sees the next committed
//! output, for a node and for the raw copier.
//!
//! Inputs go on at a steady pace meanwhile. What counts is the first output of an input that was due after
//! the kill: no other can be told from what the dead process had still committed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use infra_node::{Config, Node, open};
use rdkafka::Message as _;
use tempfile::TempDir;
use topics_catalog::{Kind, Topics};
use topics_log::NewRecord;

use crate::arena::{AGENT, Arena, PARTITIONS, connect, new_name};
use crate::children::{Process, team};
use crate::feed::Feed;
use crate::figures::Sheet;
use crate::hop::Subject;
use crate::pace::{Schedule, wait_until};
use crate::raw::Route;
use crate::traffic::{Traffic, number_of};
use crate::watch::Watch;

/// Inputs a second.
const RATE: u32 = 200;

/// Outputs that must have come before the kill: it is in the midst of its work.
const OUTPUTS_BEFORE: usize = 300;

/// Longest anything is waited for: three session time-outs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers of one sample; the next begins behind them.
const SAMPLE_NUMBERS: u64 = 1_000_000;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Raw,
    Agent,
    Whole,
}

impl Victim {
    const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw copier",
            Self::Agent => "node with one agent, input -> reply",
            Self::Whole => "node with every role, task -> result (2 transactional hops)",
        }
    }

    /// An input of its kind.
    fn record(self, traffic: &Traffic, number: u64) -> anyhow::Result<NewRecord> {
        match self {
            Self::Raw => traffic.bare(number, number),
            Self::Agent => traffic.input(number, number),
            Self::Whole => traffic.task(number),
        }
    }
}

/// Measures all of it.
///
/// # Errors
/// Whatever a subject could not do.
pub async fn measure(sheet: &mut Sheet, brokers: &str, kills: u32) -> anyhow::Result<()> {
    let mut scenes = Vec::new();
    for victim in [Victim::Raw, Victim::Agent, Victim::Whole] {
        scenes.push(Scene::set(victim, brokers).await?);
    }
    for kill in 0..kills {
        for scene in &mut scenes {
            let took = scene.kill(u64::from(kill)).await?;
            sheet.add(
                &format!("{}: kill -9 to the next output", scene.victim.name()),
                "s",
                took.as_secs_f64(),
            );
        }
    }
    let of = |victim: Victim| format!("{}: kill -9 to the next output", victim.name());
    sheet.divide_medians("node with one agent / raw copier, medians", &of(Victim::Agent), &of(Victim::Raw));
    let mut losses = Vec::new();
    for scene in scenes {
        losses.push(scene.strike().await?);
    }
    sheet.note(format!(
        "{RATE} inputs/s, process started again at once with the same instance, transactional id and (node) \
         fjall folder; session time-out 10 s, which none of these waited for"
    ));
    sheet.note(format!("outputs of all samples, each input's exactly once but for: {}", losses.join("; ")));
    Ok(())
}

/// Outputs by number: when each was first seen, and how often.
type Seen = BTreeMap<u64, (Instant, u32)>;

/// One victim, its topics and who watches it.
struct Scene {
    victim: Victim,
    brokers: String,
    process: Process,
    traffic: Traffic,
    inbox: Arc<str>,
    seen: Arc<Mutex<Seen>>,
    sent: u64,
    watch: Watch,
    _data: TempDir,
}

impl Scene {
    async fn set(victim: Victim, brokers: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let (arguments, inbox, outbox) = match victim {
            Victim::Raw => copier(brokers).await?,
            Victim::Agent => node(brokers, &data, &format!("roles={AGENT}")).await?,
            Victim::Whole => node(brokers, &data, "roles=").await?,
        };
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let noting = Arc::clone(&seen);
        let watch = Watch::begin(brokers, &outbox, PARTITIONS, move |message, at| {
            if let Some(number) = number_of(message.key().unwrap_or_default()) {
                lock(&noting).entry(number).or_insert((at, 0)).1 += 1;
            }
        })?;
        Ok(Self {
            victim,
            brokers: brokers.to_owned(),
            process: Process::start(arguments)?,
            traffic: Traffic::between(&inbox, &outbox)?,
            inbox: inbox.as_str().into(),
            seen,
            sent: 0,
            watch,
            _data: data,
        })
    }

    /// Feeds it, kills it, and says how long it took to go on.
    async fn kill(&mut self, sample: u64) -> anyhow::Result<Duration> {
        let first = sample * SAMPLE_NUMBERS;
        let schedule = Schedule::per_second(RATE);
        let (victim, traffic, inbox) = (self.victim, self.traffic.clone(), Arc::clone(&self.inbox));
        let feed = Feed::begin(&self.brokers, schedule, move |number| {
            let record = victim.record(&traffic, first + number)?;
            Ok(NewRecord { topic: Arc::clone(&inbox), ..record })
        })?;
        let name = victim.name();
        let flows = || lock(&self.seen).range(first..).count() >= OUTPUTS_BEFORE;
        anyhow::ensure!(wait_until(PATIENCE, flows).await, "{name}: outputs do not flow");
        let killed = self.process.kill_and_restart()?;
        let threshold = first + schedule.first_from(killed);
        let goes_on = || lock(&self.seen).range(threshold..).next().is_some();
        anyhow::ensure!(wait_until(PATIENCE, goes_on).await, "{name}: no output after the kill");
        let next = lock(&self.seen).range(threshold..).map(|(_, (at, _))| *at).min();
        let sent = feed.end()?;
        let complete = || lock(&self.seen).range(first..first + sent).count() as u64 == sent;
        // What is lost shows at the end.
        wait_until(PATIENCE, complete).await;
        self.sent += sent;
        Ok(next.context("an output that was there is gone")?.saturating_duration_since(killed))
    }

    /// Ends it. What was lost and doubled, in words.
    async fn strike(self) -> anyhow::Result<String> {
        drop(self.process);
        self.watch.end()?;
        let log = connect(&self.brokers).await?;
        let prefix = self.inbox.split('.').next().unwrap_or_default();
        let topics = log.topics(&format!("{prefix}.")).await?;
        log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?;
        let seen = lock(&self.seen);
        let doubled = seen.values().filter(|(_, times)| *times > 1).count();
        let lost = self.sent - (seen.len() as u64).min(self.sent);
        Ok(format!("{}: {} inputs, {lost} lost, {doubled} doubled", self.victim.name(), self.sent))
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is to be started, what it reads and what it writes.
type Plan = (Vec<String>, String, String);

/// The raw copier over an arena.
async fn copier(brokers: &str) -> anyhow::Result<Plan> {
    let arena = Arena::on_kafka(brokers).await?;
    let Route { from, to, name, .. } = Subject::Raw.route(brokers, &arena);
    let arguments = ["raw-copier", "--brokers", brokers, "--from", &from, "--to", &to, "--name", &name];
    Ok((arguments.map(str::to_owned).to_vec(), from, to))
}

/// A node in a namespace of its own: what is fed in are inputs to its agent, or tasks.
async fn node(brokers: &str, data: &TempDir, roles: &str) -> anyhow::Result<Plan> {
    let sets = [
        format!("namespace={}", new_name()),
        format!("brokers={brokers}"),
        format!("data={}", data.path().display()),
        roles.to_owned(),
        "log=error".to_owned(),
    ];
    // Only to make the topics: a node without a folder.
    let plain: Vec<String> = sets.iter().filter(|set| !set.starts_with("data=")).cloned().collect();
    let config = Config::read(None, [], &plain)?;
    let node = Node::new(team(), open(&config).await?, config.settings.clone())?;
    node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await?.apply(&*node.doors().log).await?;
    let names = node.names();
    let inbox = if roles == "roles=" { names.topic(Kind::Tasks) } else { names.inbox(AGENT) };
    let arguments = std::iter::once("node".to_owned()).chain(sets).collect();
    Ok((arguments, inbox, names.topic(Kind::Results)))
}
