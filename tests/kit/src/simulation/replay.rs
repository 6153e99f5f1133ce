//! Runs every inbox of a log again, record by record, on fresh state: the same runtime and agents, and
//! doors that give what was and take what is said.
//!
//! Nothing that is not in the log or in the agents' code is given: no clock, no store, no answers but the
//! recorded ones. So what comes out is what a step is: a function of position.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agents_model::Scripted;
use async_trait::async_trait;
use infra_node::{Doors, Node, Settings, Team};
use tokio_util::sync::CancellationToken;
use topics_log::{
    Assignment, Committed, Consumer, Error, Group, Log, NewRecord, NewTopic, OffsetCommit, Polled, Publisher,
    Reader, Record, Remedy, Start, Token, TopicDescription, TopicPartition, Transactor, VirtualClock,
};
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
    let agents: Vec<String> = team.agents().map(str::to_owned).collect();
    let clock = Arc::new(VirtualClock::starting_at(EPOCH));
    let store = MemoryStore::new(clock.clone()).with_identity("replayed");
    let log = ReplayLog { shared: Arc::new(Mutex::new(Shared::new(records))), topics };
    let doors = Doors {
        log: Arc::new(log.clone()),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store.clone()),
        model: Arc::new(Scripted::default()),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let mut settings =
        Settings { namespace: namespace.into(), instance: "replay".into(), ..Settings::default() };
    let mut steps = Vec::new();
    for agent in agents {
        settings.roles = vec![agent.clone()];
        let node = Node::new(team.clone(), doors.clone(), settings.clone()).map_err(|e| e.to_string())?;
        let shutdown = CancellationToken::new();
        log.lock().until = Some(shutdown.clone());
        for role in node.roles(&shutdown).await.map_err(|error| error.to_string())? {
            role.run.await.map_err(|error| format!("{agent} run again: {error}"))?;
        }
        steps.append(&mut log.lock().steps);
    }
    Ok(Replayed { steps, store })
}

/// A log that gives recorded records, one at a time, and keeps what is produced at each.
#[derive(Clone)]
struct ReplayLog {
    shared: Arc<Mutex<Shared>>,
    topics: Vec<TopicDescription>,
}

struct Shared {
    waiting: BTreeMap<TopicPartition, VecDeque<Record>>,
    steps: Vec<Step>,
    /// Cancelled when there is nothing more to read.
    until: Option<CancellationToken>,
}

impl Shared {
    fn new(records: Vec<Record>) -> Self {
        let mut waiting: BTreeMap<TopicPartition, VecDeque<Record>> = BTreeMap::new();
        for record in records {
            waiting.entry(record.topic_partition.clone()).or_default().push_back(record);
        }
        Self { waiting, steps: Vec::new(), until: None }
    }
}

impl ReplayLog {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of what a replay has no use for.
fn unused<T>(attempted: &str) -> Result<T, Error> {
    Err(Error::new(Remedy::Stop, attempted, "a replay only runs agents: give it no other roles"))
}

#[async_trait]
impl Log for ReplayLog {
    async fn join(&self, _: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        let of = |topic: &&TopicDescription| topics.contains(&topic.name.as_str());
        let mut partitions = Vec::new();
        for topic in self.topics.iter().filter(of) {
            partitions
                .extend((0..topic.partitions).map(|number| TopicPartition::new(topic.name.as_str(), number)));
        }
        Ok(Box::new(ReplayConsumer { log: self.clone(), partitions, is_assigned: false }))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        unused("publish")
    }

    async fn reader(&self, _: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        unused("read without a group")
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        Ok(self.topics.iter().filter(|topic| topic.name.starts_with(prefix)).cloned().collect())
    }

    async fn create(&self, _: &[NewTopic]) -> Result<(), Error> {
        unused("create topics")
    }

    async fn remove(&self, _: &[String]) -> Result<(), Error> {
        unused("remove topics")
    }
}

struct ReplayConsumer {
    log: ReplayLog,
    partitions: Vec<TopicPartition>,
    is_assigned: bool,
}

#[async_trait]
impl Consumer for ReplayConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        if !self.is_assigned {
            self.is_assigned = true;
            let assignment =
                |at: &TopicPartition| Assignment { topic_partition: at.clone(), token: Token::new() };
            return Ok(Polled::Assigned(self.partitions.iter().map(assignment).collect()));
        }
        let ended = {
            let mut shared = self.log.lock();
            for at in self.partitions.iter().filter(|_| max > 0) {
                if let Some(record) = shared.waiting.get_mut(at).and_then(VecDeque::pop_front) {
                    shared.steps.push(Step { record: record.clone(), outputs: Vec::new() });
                    return Ok(Polled::Records(vec![record]));
                }
            }
            shared.until.clone()
        };
        if let Some(ended) = ended {
            ended.cancel();
        }
        tokio::time::sleep(wait).await; // virtual clock
        Ok(Polled::Records(Vec::new()))
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        Ok(vec![None; of.len()])
    }

    async fn read_from(&mut self, _: &[(Assignment, Start)]) -> Result<(), Error> {
        Ok(())
    }

    async fn commit(&mut self, _: &[OffsetCommit]) -> Result<(), Error> {
        unused("commit offsets")
    }

    async fn transactor(&mut self, _: &str) -> Result<Box<dyn Transactor>, Error> {
        Ok(Box::new(ReplayTransactor { log: self.log.clone() }))
    }

    async fn close(self: Box<Self>) {}
}

struct ReplayTransactor {
    log: ReplayLog,
}

#[async_trait]
impl Transactor for ReplayTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        if let Some(step) = self.log.lock().steps.last_mut() {
            step.outputs.extend(records);
        }
        Ok(())
    }

    async fn send_offsets(&mut self, _: &[OffsetCommit]) -> Result<(), Error> {
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
