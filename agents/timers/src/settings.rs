//! What the timer gateway is told, and what it works with.

use std::sync::Arc;
use std::time::Duration;

use schemas_codec::Codec;
use topics_catalog::Directory;
use topics_log::{Group, Log};
use topics_runtime::Probe;
use topics_state::KeyedStore;

/// What the timer gateway is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its short name, for logs, metrics, probes and dead letters.
    pub name: String,
    /// Its consumer group and instance.
    pub group: Group,
    /// The topic it reads; also the space of its rows in the store.
    pub topic: String,
    /// Where dead letters go.
    pub dead_letters: String,
    /// Names the store that holds the rows. An owner that finds another name beside its offset refuses.
    pub note: String,
    /// What stands in its records as the one who made them.
    pub agent_version: String,
    /// Most timers of one partition in memory; all others are rows only.
    pub held_max: usize,
    /// How often offsets are committed: a restart handles at most this much time again.
    pub commit_every: Duration,
    /// How long a polite shutdown may take.
    pub drain_max: Duration,
    /// The pause before something is tried again that the log or the store refused for now.
    pub retry_pause: Duration,
}

impl Settings {
    /// The starting values: 4,096 timers of a partition in memory (some 600 bytes each, so 30 MB for
    /// twelve partitions; enough for 4,096 firings before the rows must be read again), commits five times
    /// a second.
    #[must_use]
    pub fn new(group: Group, topic: String, dead_letters: String, note: String) -> Self {
        Self {
            name: "timers".to_owned(),
            group,
            topic,
            dead_letters,
            note,
            agent_version: String::new(),
            held_max: 4_096,
            commit_every: Duration::from_millis(200),
            drain_max: Duration::from_secs(10),
            retry_pause: Duration::from_millis(200),
        }
    }
}

/// What the timer gateway works with.
#[derive(Clone)]
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Where the rows lie.
    pub store: Arc<dyn KeyedStore>,
    /// The topics it may answer to: those of every team in the namespace.
    pub directory: Directory,
    /// Bytes and records.
    pub codec: Codec,
    /// Who is told of moments.
    pub probe: Arc<dyn Probe>,
}
