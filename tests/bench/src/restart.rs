//! `kill -9` and start again at once under the same names: how long until a reader sees the next committed
//! output, for a node and for the raw copier.
//!
//! Inputs go on at a steady pace meanwhile. What counts is the first output of an input that was due after
//! the kill: no other can be told from what the dead process had still committed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use infra_node::{Config, Node, open};
use rdkafka::Message as _;
use schemas_records::Headers;
use tempfile::TempDir;
use topics_catalog::{Kind, Topics};
use topics_log::NewRecord;

use crate::arena::{AGENT, Arena, PARTITIONS, new_name};
use crate::children::{Process, team};
use crate::figures::Sheet;
use crate::hop::Subject;
use crate::pace::{Schedule, wait_until};
use crate::raw::{self, Route};
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
            sheet.add(&format!("{}: kill -9 to the next output", scene.victim.name()), "s", took.as_secs_f64());
        }
    }
    let of = |victim: Victim| format!("{}: kill -9 to the next output", victim.name());
    sheet.divide("node with one agent / raw copier", &of(Victim::Agent), &of(Victim::Raw));
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

    fn record(&self, number: u64) -> anyhow::Result<NewRecord> {
        let record = match self.victim {
            Victim::Raw => NewRecord { headers: Headers::new(), ..self.traffic.bare(number, number)? },
            Victim::Agent => self.traffic.input(number, number)?,
            Victim::Whole => self.traffic.task(number)?,
        };
        Ok(NewRecord { topic: Arc::clone(&self.inbox), ..record })
    }

    /// Feeds it, kills it, and says how long it took to go on.
    async fn kill(&mut self, sample: u64) -> anyhow::Result<Duration> {
        let first = sample * SAMPLE_NUMBERS;
        let schedule = Schedule::per_second(RATE);
        let stopped = AtomicBool::new(false);
        let (took, sent) = std::thread::scope(|scope| {
            let this = &*self;
            let feed = || -> anyhow::Result<u64> {
                let sender = raw::sender(&this.brokers)?;
                let (mut failed, mut sent) = (None, 0);
                schedule.run(|number| {
                    let outcome = this.record(first + number).and_then(|record| raw::send(&sender, &record));
                    failed = outcome.err();
                    sent = number + 1;
                    failed.is_none() && !stopped.load(Ordering::Acquire)
                });
                failed.map_or(Ok(sent), Err)
            };
            scope.spawn(feed);
            (Duration::ZERO, 0_u64)
        });
        let _ = (took, sent);
        todo!()
    }
}
