//! What intake is told, and what it works with.

use std::sync::Arc;
use std::time::Duration;

use schemas_codec::Codec;
use topics_catalog::Directory;
use topics_log::{Group, Log};
use topics_runtime::Probe;

use crate::limits::Rules;

/// A team's own check of a task's framed value: what a schema cannot say (an empty question, for
/// example). Pure; the error is a sentence for the producer.
pub type Check = Arc<dyn Fn(&[u8]) -> Result<(), String> + Send + Sync>;

/// What intake is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its short name, for logs, metrics, probes and dead letters.
    pub name: String,
    /// Its consumer group and instance.
    pub group: Group,
    /// The short name of the agent whose inbox tasks begin in.
    pub entry: String,
    /// The full name of that agent's input record.
    pub input: String,
    /// N: most tasks open at once, over all task partitions. Each partition holds an equal share, rounded
    /// down, and at least one.
    pub open_max: u64,
    /// What tasks may use.
    pub rules: Rules,
    /// What stands in its records as the one who made them.
    pub agent_version: String,
    /// How long closings may be counted without being committed when no task is taken: a restart counts
    /// at most this much again.
    pub settle_every: Duration,
    /// How long a polite shutdown may take.
    pub drain_max: Duration,
    /// The pause before something is tried again that the log refused for now.
    pub retry_pause: Duration,
}

impl Settings {
    /// The starting values for a team whose entry agent takes records named `input`: 1,000 open tasks
    /// (with models that answer in seconds and a few calls a task, some hundred calls in flight), closings
    /// committed every five seconds.
    #[must_use]
    pub fn new(group: Group, entry: &str, input: &str, rules: Rules) -> Self {
        Self {
            name: "intake".to_owned(),
            group,
            entry: entry.to_owned(),
            input: input.to_owned(),
            open_max: 1_000,
            rules,
            agent_version: String::new(),
            settle_every: Duration::from_secs(5),
            drain_max: Duration::from_secs(10),
            retry_pause: Duration::from_millis(200),
        }
    }

    /// The transactional name: one for each instance, so that a restart ends its predecessor's open
    /// transaction at once.
    #[must_use]
    pub fn transactor(&self) -> String {
        format!("{}.intake.{}", self.group.id, self.group.instance)
    }
}

/// What intake works with.
#[derive(Clone)]
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The team's topics: `tasks`, `closings`, `results`, `dead-letters` and the entry agent's.
    pub directory: Directory,
    /// Bytes and records; must know the entry agent's input record.
    pub codec: Codec,
    /// The team's own check.
    pub check: Check,
    /// Who is told of moments.
    pub probe: Arc<dyn Probe>,
}
