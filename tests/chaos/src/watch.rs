//! Reads results as whoever waits for them would, while brokers come and go, and notes when each task's first was
//! there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use schemas_records::headers;
use tests_bench::raw;

use crate::tasks;

/// How long one wait lasts before it looks whether it is to end.
const POLL_WAIT: Duration = Duration::from_millis(50);

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When the first outcome of each task was, by its number.
    pub at: Vec<Option<Instant>>,
    /// How many have one.
    pub count: u64,
    /// When each node was last seen to have signed one.
    pub signed: BTreeMap<String, Instant>,
}

/// A thread that watches.
pub struct Watch {
    ends: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches a topic from its beginning for the outcomes of so many tasks.
    ///
    /// # Errors
    /// A client that cannot be made.
    pub fn begin(brokers: &str, topic: &str, partitions: i32, tasks: u64) -> anyhow::Result<Self> {
        let reader = raw::reader(brokers)?;
        let mut from = TopicPartitionList::new();
        for partition in 0..partitions {
            from.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        reader.assign(&from)?;
        let ends = Arc::new(AtomicBool::new(false));
        let seen = Seen { at: vec![None; usize::try_from(tasks)?], ..Seen::default() };
        let seen = Arc::new(Mutex::new(seen));
        let (told, noting) = (Arc::clone(&ends), Arc::clone(&seen));
        let watch = move || {
            while !told.load(Ordering::Acquire) {
                // Errors are brokers that are away, which is what this is about.
                if let Some(Ok(message)) = reader.poll(POLL_WAIT) {
                    note(&message, &mut lock(&noting));
                }
            }
        };
        let thread = thread::Builder::new().name("watch".into()).spawn(watch)?;
        Ok(Self { ends, seen, thread: Some(thread) })
    }

    /// What was seen so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    /// Whether a node has signed an outcome since.
    #[must_use]
    pub fn has_signed(&self, node: &str, since: Instant) -> bool {
        self.seen().signed.get(node).is_some_and(|at| *at >= since)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

fn note(message: &BorrowedMessage<'_>, seen: &mut Seen) {
    let header = |name: &str| {
        let found = message.headers()?.iter().find(|header| header.key == name)?;
        std::str::from_utf8(found.value?).ok()
    };
    if header(headers::KIND) != Some("result") {
        return;
    }
    let now = Instant::now();
    if let Some(node) = header(headers::INSTANCE) {
        seen.signed.insert(node.to_owned(), now);
    }
    let number = header(headers::TASK_ID).and_then(tasks::number);
    let place = number.and_then(|number| usize::try_from(number).ok()).and_then(|at| seen.at.get_mut(at));
    if let Some(place @ None) = place {
        *place = Some(now);
        seen.count += 1;
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
