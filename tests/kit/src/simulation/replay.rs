//! Runs every inbox of a log again, record by record, on fresh state, as `tributary replay` does: the same runtime
//! and agents behind doors that give what was and take what is said ([`infra_node::audit::rerun`]).
//!
//! Nothing that is not in the log or in the agents' code is given: no clock, no store, no answers but the
//! recorded ones. So what comes out is what a step is: a function of position.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agents_model::Scripted;
use async_trait::async_trait;
use infra_node::audit::rerun::{Tape, rerun};
use infra_node::{Doors, Node, Settings, Team};
use topics_log::memory::MemoryLog;
use topics_log::{Error, NewRecord, Record, TopicDescription, TopicPartition, VirtualClock};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

use super::world::EPOCH;
use crate::verify::Step;

/// A log run again.
pub struct Replayed {
    /// Every step, each partition's in order.
    pub steps: Vec<Step>,
    /// What the store holds in the end.
    pub store: MemoryStore,
}

/// Runs the agents of a team over the inbox records of a namespace's log. Call it inside a paused runtime.
///
/// # Errors
/// A sentence: an agent's loop ended before its inbox did.
pub async fn replay(
    namespace: &str,
    team: Team,
    records: Vec<Record>,
    topics: Vec<TopicDescription>,
) -> Result<Replayed, String> {
    let clock = Arc::new(VirtualClock::starting_at(EPOCH));
    let store = MemoryStore::new(clock.clone()).with_identity("replayed");
    let doors = Doors {
        log: Arc::new(MemoryLog::new(clock.clone())),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store.clone()),
        model: Arc::new(Scripted::default()),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let settings = Settings { namespace: namespace.into(), ..Settings::default() };
    let node = Node::new(team, doors, settings).map_err(|error| error.to_string())?;
    let tape = Arc::new(Recorded { shared: Mutex::new(Shared::new(records)) });
    for agent in node.agents() {
        let (states, tape) = (Arc::new(store.clone()), Arc::clone(&tape));
        let again = rerun(&node, &agent, &topics, states, tape).await;
        again.map_err(|error| format!("{agent} run again: {error}"))?;
    }
    let steps = std::mem::take(&mut tape.lock().steps);
    Ok(Replayed { steps, store })
}

/// Recorded records, given one at a time, and what was produced at each.
struct Recorded {
    shared: Mutex<Shared>,
}

struct Shared {
    waiting: BTreeMap<TopicPartition, VecDeque<Record>>,
    steps: Vec<Step>,
}

impl Shared {
    fn new(records: Vec<Record>) -> Self {
        let mut waiting: BTreeMap<TopicPartition, VecDeque<Record>> = BTreeMap::new();
        for record in records {
            waiting.entry(record.topic_partition.clone()).or_default().push_back(record);
        }
        Self { waiting, steps: Vec::new() }
    }
}

impl Recorded {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tape for Recorded {
    async fn next(&self, of: &[TopicPartition]) -> Result<Option<Record>, Error> {
        let mut shared = self.lock();
        Ok(of.iter().find_map(|at| shared.waiting.get_mut(at).and_then(VecDeque::pop_front)))
    }

    fn said(&self, record: &Record, outputs: Vec<NewRecord>) {
        self.lock().steps.push(Step { record: record.clone(), outputs });
    }
}
