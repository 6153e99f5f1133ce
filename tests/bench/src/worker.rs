//! One worker under test: the whole of it (poll, load, step, save, produce, commit), timed from its first
//! records to the commit of its last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::Headers;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_log::{NewRecord, SystemClock};
use topics_runtime::worker::{self, Parts, Settings, Watchdog};
use topics_runtime::{DeadReason, Handler, Input, Moment, NewState, Probe, Step, Stopped};
use topics_state::StateStore;
use topics_state::fjall::FjallStore;
use topics_state::memory::MemoryStore;

use crate::arena::{AGENT, Arena, PARTITIONS};
use crate::traffic::Traffic;

/// Longest a measured run may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(300);

/// Longest a step may take, as a node has it.
const STEP_TIME_MAX: Duration = Duration::from_secs(30);

/// Where state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In maps.
    Memory,
    /// On disk, in a folder that goes with the run.
    Disk,
}

impl Store {
    /// For the tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "state in memory",
            Self::Disk => "state in fjall",
        }
    }

    /// Opens it. The folder is removed when what comes second is dropped.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn open(self) -> anyhow::Result<(Arc<dyn StateStore>, Option<TempDir>)> {
        Ok(match self {
            Self::Memory => (Arc::new(MemoryStore::new(Arc::new(SystemClock))), None),
            Self::Disk => {
                let folder = tempfile::tempdir().context("could not make a folder for the store")?;
                (Arc::new(FjallStore::open(folder.path(), Arc::new(SystemClock))?), Some(folder))
            }
        })
    }
}

/// Copies a record's bytes to the outbox and counts the key's records: the least a handler can do.
pub struct Copy {
    /// The outbox.
    pub to: Arc<str>,
}

impl Handler for Copy {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        let before = input.state.and_then(|version| version.value.as_ref().try_into().ok());
        let count = before.map_or(0, u64::from_be_bytes) + 1;
        let output = NewRecord {
            topic: Arc::clone(&self.to),
            partition: Some(input.position.partition),
            key: input.record.key.clone(),
            value: input.record.value.clone(),
            headers: Headers::new(),
        };
        let state = NewState::Value(Bytes::copy_from_slice(&count.to_be_bytes()));
        Ok(Step { state, outputs: vec![output], dead: None, notes: Vec::new() })
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        Ok(Step { dead: Some(reason.clone()), ..self.step(input)? })
    }
}

/// Hands steps on, counts them, and notes when the first batch began and when the last was committed.
pub struct Meter {
    inner: Arc<dyn Handler>,
    wanted: u64,
    steps: AtomicU64,
    times: Mutex<Times>,
    done: Notify,
}

#[derive(Clone, Copy, Default)]
struct Times {
    first: Option<Instant>,
    last: Option<Instant>,
    /// The last moment that was reached.
    since: Option<Instant>,
    spent: Spent,
}

/// Where the time of a worker went: between which of its moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// From the first poll that brought records to the last commit.
    pub all: Duration,
    /// Settling, pruning, polling: from a commit to the next records.
    pub polling: Duration,
    /// Loading and stepping.
    pub stepping: Duration,
    /// Saving rows and producing outputs, side by side.
    pub producing: Duration,
    /// Sending offsets and committing.
    pub committing: Duration,
}

impl Meter {
    /// A meter that is done after so many steps.
    #[must_use]
    pub fn new(inner: Arc<dyn Handler>, wanted: u64) -> Arc<Self> {
        Arc::new(Self {
            inner,
            wanted,
            steps: AtomicU64::new(0),
            times: Mutex::default(),
            done: Notify::new(),
        })
    }

    /// Waits until the last step is committed; where the time went since the first records were polled.
    pub async fn finished(&self) -> Spent {
        loop {
            let done = self.done.notified();
            let Times { first, last, spent, .. } = *self.times();
            if let (Some(first), Some(last)) = (first, last) {
                return Spent { all: last - first, ..spent };
            }
            done.await;
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Meter {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.inner.step(input)
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        self.inner.fail(input, reason)
    }

    fn misplaced(&self, record: &topics_log::Record) -> Vec<NewRecord> {
        self.inner.misplaced(record)
    }
}

#[async_trait]
impl Probe for Meter {
    async fn at(&self, _who: &str, moment: Moment) {
        let now = Instant::now();
        let mut times = self.times();
        let since = times.since.map_or(Duration::ZERO, |since| now - since);
        let Spent { polling, stepping, producing, committing, .. } = &mut times.spent;
        match moment {
            Moment::Polled => *polling += since,
            Moment::Stepped => *stepping += since,
            // Whichever of the two comes last ends the stretch.
            Moment::Saved | Moment::Produced => *producing += since,
            Moment::OffsetsSent | Moment::Committed => *committing += since,
            _ => return,
        }
        times.since = Some(now);
        if moment == Moment::Polled {
            times.first.get_or_insert(now);
        }
        if moment == Moment::Committed && self.steps.load(Ordering::Relaxed) >= self.wanted {
            times.last.get_or_insert(now);
            self.done.notify_one();
        }
    }
}

/// A worker that runs.
pub struct Running {
    meter: Arc<Meter>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), topics_runtime::Error>>,
    _folder: Option<TempDir>,
}

/// Starts a worker on an arena, as a node would.
///
/// # Errors
/// A store that cannot be opened.
pub fn start(
    arena: &Arena,
    traffic: &Traffic,
    handler: Arc<dyn Handler>,
    store: Store,
    wanted: u64,
) -> anyhow::Result<Running> {
    let (store, folder) = store.open()?;
    Ok(Running { _folder: folder, ..start_over(arena, traffic, handler, store, wanted) })
}

/// Starts a worker over a store that is open.
#[must_use]
pub fn start_over(
    arena: &Arena,
    traffic: &Traffic,
    handler: Arc<dyn Handler>,
    store: Arc<dyn StateStore>,
    wanted: u64,
) -> Running {
    let meter = Meter::new(handler, wanted);
    let (task, shutdown) = run(arena, traffic, Arc::clone(&meter), store);
    Running { meter, shutdown, task, _folder: None }
}

/// The worker itself, over any store.
pub fn run(
    arena: &Arena,
    traffic: &Traffic,
    meter: Arc<Meter>,
    store: Arc<dyn StateStore>,
) -> (JoinHandle<Result<(), topics_runtime::Error>>, CancellationToken) {
    let group = arena.group();
    let agent = group.id.clone();
    let settings =
        Settings::new(AGENT, &agent, group, arena.inbox.clone(), PARTITIONS, arena.dead_letters.clone());
    let parts = Parts {
        log: Arc::clone(&arena.log),
        store,
        handler: Arc::<Meter>::clone(&meter),
        codec: traffic.codec.clone(),
        clock: Arc::new(SystemClock),
        probe: meter,
        watchdog: Some(Watchdog::new(STEP_TIME_MAX)),
    };
    let shutdown = CancellationToken::new();
    (tokio::spawn(worker::run(parts, settings, shutdown.clone())), shutdown)
}

impl Running {
    /// Waits for its last step's commit, then stops it. Where the time went.
    ///
    /// # Errors
    /// The worker's own, and one that hangs.
    pub async fn finish(mut self) -> anyhow::Result<Spent> {
        let spent = tokio::select! {
            spent = tokio::time::timeout(PATIENCE, self.meter.finished()) => spent.context("the worker hangs")?,
            ended = &mut self.task => {
                ended??;
                anyhow::bail!("the worker ended before it was done");
            }
        };
        self.stop().await?;
        Ok(spent)
    }

    /// Stops it.
    ///
    /// # Errors
    /// The worker's own.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        Ok(self.task.await??)
    }
}
