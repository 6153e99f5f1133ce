//! Running an agent again over what a log recorded: the same runtime and the same code, behind doors that give
//! what was and take what is said.
//!
//! Nothing that is not on the tape or in the agent's code is given: no clock, no answers but the recorded ones, no
//! state but what the steps leave. What a tape is made of, and what becomes of what is said, is not known here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use schemas_records::Timestamp;
use tokio_util::sync::CancellationToken;
use topics_catalog::Inboxes;
use topics_log::{
    Assignment, Clock, Committed, Consumer, Error, Group, Log, NewRecord, NewTopic, OffsetCommit, Polled,
    Publisher, Reader, Record, Remedy, Start, Token, TopicDescription, TopicPartition, Transactor,
};
use topics_runtime::NoProbe;
use topics_state::StateStore;
use topics_state::memory::MemoryStore;

use crate::doors::{Doors, NoModel};
use crate::roles::{Node, Role};
use crate::run;

/// Recorded records, and whoever hears what their steps say.
#[async_trait]
pub trait Tape: Send + Sync {
    /// The next record of these partitions, all of one topic, each partition's in order; `None` when there are no
    /// more. The steps of all that were given before are done. May be dropped only when the whole replay is.
    ///
    /// # Errors
    /// The log's own, if the tape is read from one.
    async fn next(&self, of: &[TopicPartition]) -> Result<Option<Record>, Error>;

    /// Hears, once a record's step is committed, everything that it produced, in order, dead letters among it.
    fn said(&self, record: &Record, outputs: Vec<NewRecord>);
}

/// Runs one agent of a node over a tape, until the tape has nothing more for it. The node's own doors stay shut.
///
/// # Errors
/// [`run::Error::Role`] if a step finds what cannot be; the tape's own.
pub async fn rerun(
    node: &Node,
    agent: &str,
    topics: &[TopicDescription],
    states: Arc<dyn StateStore>,
    tape: Arc<dyn Tape>,
) -> Result<(), run::Error> {
    let ended = CancellationToken::new();
    let clock: Arc<dyn Clock> = Arc::new(NoClock);
    // Each generation of its inbox has a consumer of its own.
    let consumers = Inboxes::among(&node.names, topics).of(agent).len().max(1);
    let running = Arc::new(AtomicUsize::new(consumers));
    let log = TapeLog { tape, topics: topics.into(), running, ended: ended.clone() };
    let doors = Doors {
        log: Arc::new(log),
        states,
        keyed: Arc::new(MemoryStore::new(Arc::clone(&clock))),
        model: Arc::new(NoModel),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let mut node = Node { doors, ..node.clone() };
    (node.settings.roles, node.settings.instance) = (vec![agent.to_owned()], "replay".to_owned());
    for Role { name, run, .. } in node.roles(&ended).await? {
        run.await.map_err(|error| run::Error::Role { role: name, error })?;
    }
    Ok(())
}

/// No step may know the time but from its record.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// The log that a tape pretends to be.
#[derive(Clone)]
struct TapeLog {
    tape: Arc<dyn Tape>,
    topics: Arc<[TopicDescription]>,
    /// Consumers that may still get something.
    running: Arc<AtomicUsize>,
    /// Cancelled when none does.
    ended: CancellationToken,
}

/// The refusal of what a replay has no use for.
fn unused<T>(attempted: &str) -> Result<T, Error> {
    Err(Error::new(Remedy::Stop, attempted, "a replay only runs agents: give it no other roles"))
}

#[async_trait]
impl Log for TapeLog {
    async fn join(&self, _: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        let of = |topic: &&TopicDescription| topics.contains(&topic.name.as_str());
        let mut partitions = Vec::new();
        for topic in self.topics.iter().filter(of) {
            let name: Arc<str> = topic.name.as_str().into();
            partitions.extend((0..topic.partitions).map(|number| TopicPartition::new(name.clone(), number)));
        }
        let (log, turn) = (self.clone(), Arc::default());
        Ok(Box::new(TapeConsumer {
            log,
            partitions,
            is_assigned: false,
            is_reading: false,
            is_over: false,
            turn,
        }))
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

/// What became of the record that was given last.
#[derive(Default)]
struct Turn {
    /// Until its step is committed.
    record: Option<Record>,
    /// Given back: this machine stood still for longer than a transaction may be open.
    is_given_back: bool,
    outputs: Vec<NewRecord>,
    sent: BTreeMap<TopicPartition, Committed>,
    committed: BTreeMap<TopicPartition, Committed>,
}

fn lock(turn: &Mutex<Turn>) -> MutexGuard<'_, Turn> {
    // Each change is one of whole values.
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

struct TapeConsumer {
    log: TapeLog,
    partitions: Vec<TopicPartition>,
    is_assigned: bool,
    /// Whether it was told where to begin: until then it gets nothing.
    is_reading: bool,
    is_over: bool,
    turn: Arc<Mutex<Turn>>,
}

#[async_trait]
impl Consumer for TapeConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        if !self.is_assigned {
            self.is_assigned = true;
            let assignment =
                |at: &TopicPartition| Assignment { topic_partition: at.clone(), token: Token::new() };
            return Ok(Polled::Assigned(self.partitions.iter().map(assignment).collect()));
        }
        if max > 0 && self.is_reading && !self.is_over {
            if let Some(again) = self.given_back() {
                return Ok(Polled::Records(vec![again]));
            }
            if let Some(record) = self.log.tape.next(&self.partitions).await? {
                lock(&self.turn).record = Some(record.clone());
                return Ok(Polled::Records(vec![record]));
            }
            self.is_over = true;
            if self.log.running.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.log.ended.cancel();
            }
        }
        tokio::time::sleep(wait).await;
        Ok(Polled::Records(Vec::new()))
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        let turn = lock(&self.turn);
        Ok(of.iter().map(|assignment| turn.committed.get(&assignment.topic_partition).cloned()).collect())
    }

    async fn read_from(&mut self, _: &[(Assignment, Start)]) -> Result<(), Error> {
        self.is_reading = true;
        let mut turn = lock(&self.turn);
        turn.is_given_back = turn.record.is_some();
        Ok(())
    }

    async fn commit(&mut self, _: &[OffsetCommit]) -> Result<(), Error> {
        unused("commit offsets")
    }

    async fn transactor(&mut self, _: &str) -> Result<Box<dyn Transactor>, Error> {
        Ok(Box::new(TapeTransactor { tape: Arc::clone(&self.log.tape), turn: Arc::clone(&self.turn) }))
    }

    async fn close(self: Box<Self>) {}
}

impl TapeConsumer {
    /// The record whose step came to nothing.
    fn given_back(&self) -> Option<Record> {
        let mut turn = lock(&self.turn);
        if !std::mem::take(&mut turn.is_given_back) {
            return None;
        }
        turn.record.clone()
    }
}

struct TapeTransactor {
    tape: Arc<dyn Tape>,
    turn: Arc<Mutex<Turn>>,
}

#[async_trait]
impl Transactor for TapeTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        let mut turn = lock(&self.turn);
        turn.outputs.clear();
        turn.sent.clear();
        Ok(())
    }

    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        lock(&self.turn).outputs.extend(records);
        Ok(())
    }

    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        let of = |sent: &OffsetCommit| {
            let committed = Committed { offset: sent.next, metadata: sent.metadata.clone() };
            (sent.assignment.topic_partition.clone(), committed)
        };
        lock(&self.turn).sent.extend(offsets.iter().map(of));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let mut turn = lock(&self.turn);
        let (sent, outputs) = (std::mem::take(&mut turn.sent), std::mem::take(&mut turn.outputs));
        let is_past = |record: &mut Record| {
            sent.get(&record.topic_partition).is_some_and(|sent| sent.offset > record.offset)
        };
        // The asking for a partition commits too, and moves past nothing.
        let stepped = turn.record.take_if(is_past);
        turn.committed.extend(sent);
        drop(turn);
        if let Some(record) = stepped {
            self.tape.said(&record, outputs);
        }
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), Error> {
        let mut turn = lock(&self.turn);
        turn.outputs.clear();
        turn.sent.clear();
        Ok(())
    }
}
