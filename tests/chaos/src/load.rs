//! The producer: sends tasks at a steady pace and does not wait for whoever bears them. It only does not run ahead
//! of the faults, which are to meet work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::producer::Producer as _;
use tests_bench::raw;

use crate::tasks::Tasks;

/// How long what was sent may take to be delivered in the end: longer than a broker is away.
const DELIVERED_WITHIN: Duration = Duration::from_secs(120);

/// The longest that the thread is not woken.
const PARK_MAX: Duration = Duration::from_millis(10);

/// A pace that was missed by more than this is not made up for: else what was held back comes as a flood.
const LAG_MAX: Duration = Duration::from_secs(1);

/// A thread that sends.
pub struct Load {
    shared: Arc<Shared>,
    thread: JoinHandle<anyhow::Result<()>>,
}

struct Shared {
    /// Tasks below this number may be sent.
    allowed: AtomicU64,
    ends: AtomicBool,
    /// When each task was sent, by its number.
    sent: Mutex<Vec<Instant>>,
}

impl Load {
    /// Begins to send tasks, at most so many a second, `count` in all; none before [`Load::allow`] allows it.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn begin(brokers: &str, tasks: Tasks, count: u64, rate: u32) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            allowed: AtomicU64::new(0),
            ends: AtomicBool::new(false),
            sent: Mutex::default(),
        });
        let (told, brokers) = (Arc::clone(&shared), brokers.to_owned());
        let send = move || send(&brokers, &tasks, count, Duration::from_secs(1) / rate.max(1), &told);
        Ok(Self { shared, thread: thread::Builder::new().name("load".into()).spawn(send)? })
    }

    /// Lets tasks below this number be sent.
    pub fn allow(&self, below: u64) {
        self.shared.allowed.fetch_max(below, Ordering::AcqRel);
    }

    /// How many tasks were sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.sent().len() as u64
    }

    /// When each task was sent that has been sent by now.
    #[must_use]
    pub fn times(&self) -> Vec<Instant> {
        self.shared.sent().clone()
    }

    /// Waits until all that was sent is delivered. When each task was sent.
    ///
    /// # Errors
    /// What was not delivered.
    pub async fn end(self) -> anyhow::Result<Vec<Instant>> {
        let Self { shared, thread } = self;
        let join = move || thread.join().map_err(|_| anyhow::anyhow!("the producer panicked"))?;
        tokio::task::spawn_blocking(join).await??;
        Ok(shared.sent().clone())
    }

    /// Whether it has ended, well or not.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Sends nothing more.
    pub fn give_up(&self) {
        self.shared.ends.store(true, Ordering::Release);
    }
}

impl Shared {
    fn sent(&self) -> std::sync::MutexGuard<'_, Vec<Instant>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(brokers: &str, tasks: &Tasks, count: u64, every: Duration, shared: &Shared) -> anyhow::Result<()> {
    let sender = raw::sender(brokers)?;
    let mut due = Instant::now();
    for number in 0..count {
        loop {
            if shared.ends.load(Ordering::Acquire) {
                return Ok(());
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() && number < shared.allowed.load(Ordering::Acquire) {
                break;
            }
            thread::park_timeout(left.clamp(Duration::from_millis(1), PARK_MAX));
        }
        let now = Instant::now();
        due = if now > due + LAG_MAX { now } else { due } + every;
        for record in tasks.records(number)? {
            raw::send(&sender, &record)?;
        }
        shared.sent().push(now);
    }
    sender.flush(DELIVERED_WITHIN).context("could not deliver the tasks")?;
    sender.context().settle(Duration::ZERO)
}
