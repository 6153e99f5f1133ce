//! What a worker is told, each bound with its reason.

use std::time::Duration;

use topics_catalog::Inbox;
use topics_log::Group;

/// Largest output, with its key and headers: Kafka's clients refuse 1,000,000 bytes and some for framing.
pub const OUTPUT_BYTES_MAX: usize = 980_000;

/// The settings of one worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The agent type's short name, for logs and metrics.
    pub name: String,
    /// Its full name: what its state is filed under.
    pub agent: String,
    /// Its group and instance.
    pub group: Group,
    /// Its inbox.
    pub topic: String,
    /// The inbox's generation.
    pub generation: i32,
    /// How many partitions the inbox has: a record whose key belongs elsewhere is not stepped.
    pub partitions: i32,
    /// The generation before this one, while its topic stands: keys may live there.
    pub before: Option<Inbox>,
    /// Where dead letters go.
    pub dead_letters: String,
    /// Most records in a batch. 1,000 records already amortise a commit tenfold, and 10,000 double the
    /// throughput once more; beyond that a transaction stays open too long.
    pub batch_records_max: usize,
    /// Longest wait of one poll; only a bound on how long shutdown and pruning wait.
    pub poll_wait: Duration,
    /// Bytes of state kept in memory per partition: the hot keys of a few thousand tasks.
    pub cache_bytes_max: usize,
    /// A transaction opened for longer is aborted: it holds every reader of its partitions. Well below
    /// the broker's own bound (10 s), so that the worker and not the broker decides.
    pub transaction_age_max: Duration,
    /// While a write of state takes no longer than this the transaction is opened beside it (eager).
    pub eager_write_max: Duration,
    /// How long a store that answers `Retry` is asked again before the batch is given up.
    pub store_patience: Duration,
    /// The pause before anything is tried again.
    pub retry_pause: Duration,
    /// How often it is looked whether the generation before has been told to drain: a few reads of the store,
    /// for as long as an operator takes his time.
    pub look_pause: Duration,
    /// Keys with something to delete that are gathered before pruning.
    pub prune_keys_max: usize,
    /// Versions of one key that may stand before it is pruned.
    pub versions_max: u32,
    /// Owners that may die in one step before its record becomes a dead letter: one may be chance, two
    /// bad luck.
    pub step_deaths_max: u32,
}

impl Settings {
    /// The starting values for an agent type's inbox.
    #[must_use]
    pub fn new(
        name: &str,
        agent: &str,
        group: Group,
        topic: String,
        partitions: i32,
        dead_letters: String,
    ) -> Self {
        Self {
            name: name.to_owned(),
            agent: agent.to_owned(),
            group,
            topic,
            generation: topics_catalog::FIRST_GENERATION,
            partitions,
            before: None,
            dead_letters,
            batch_records_max: 10_000,
            poll_wait: Duration::from_millis(500),
            cache_bytes_max: 4 << 20,
            transaction_age_max: Duration::from_secs(5),
            eager_write_max: Duration::from_millis(50),
            store_patience: Duration::from_secs(4),
            retry_pause: Duration::from_millis(50),
            look_pause: Duration::from_secs(1),
            prune_keys_max: 256,
            versions_max: 16,
            step_deaths_max: 3,
        }
    }
}
