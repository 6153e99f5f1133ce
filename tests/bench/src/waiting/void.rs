//! A log and a store that keep nothing: what is left in memory is the worker's own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use schemas_records::{Key, Position, Timestamp};
use topics_log::{
    Assignment, Committed, Consumer, Error, Group, Log, NewRecord, NewTopic, OffsetCommit, Polled, Publisher,
    Reader, Record, Remedy, Start, Token, TopicDescription, TopicPartition, Transactor,
};
use topics_state::{Epoch, Owner, Row, Slot, StateStore, Version};

use crate::arena::PARTITIONS;

type Make = Box<dyn FnMut(u64) -> anyhow::Result<NewRecord> + Send>;

/// A log that makes its records when they are read and forgets what is written.
#[derive(Clone, Default)]
pub(super) struct VoidLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    make: Mutex<Option<Make>>,
    /// Records that may have been read.
    allowed: AtomicU64,
    /// Records whose offsets are committed.
    committed: AtomicU64,
}

impl VoidLog {
    /// Where records come from.
    pub fn feed_with(&self, make: impl FnMut(u64) -> anyhow::Result<NewRecord> + Send + 'static) {
        *self.shared.make.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(make));
    }

    /// Lets so many records come, all told.
    pub fn allow(&self, records: u64) {
        self.shared.allowed.store(records, Ordering::Release);
    }

    /// How many are committed.
    pub fn committed(&self) -> u64 {
        self.shared.committed.load(Ordering::Acquire)
    }
}

fn absent(what: &str) -> Error {
    Error::new(Remedy::Stop, what, "this log keeps nothing")
}

#[async_trait]
impl Log for VoidLog {
    async fn join(&self, _group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        let topic: Arc<str> = topics.first().copied().unwrap_or_default().into();
        Ok(Box::new(VoidConsumer {
            shared: Arc::clone(&self.shared),
            topic,
            is_assigned: false,
            read: 0,
            ends: BTreeMap::new(),
        }))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        Err(absent("make a publisher"))
    }

    async fn reader(&self, _from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        Err(absent("make a reader"))
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        Ok(vec![TopicDescription { name: prefix.to_owned(), id: "void".into(), partitions: PARTITIONS }])
    }

    async fn create(&self, _topics: &[NewTopic]) -> Result<(), Error> {
        Ok(())
    }

    async fn remove(&self, _topics: &[String]) -> Result<(), Error> {
        Ok(())
    }
}

struct VoidConsumer {
    shared: Arc<Shared>,
    topic: Arc<str>,
    is_assigned: bool,
    read: u64,
    /// The next offset of each partition.
    ends: BTreeMap<i32, i64>,
}

impl VoidConsumer {
    fn next(&mut self) -> Result<Record, Error> {
        let mut make = self.shared.make.lock().unwrap_or_else(PoisonError::into_inner);
        let made = make.as_mut().map(|make| make(self.read));
        let new = made.and_then(Result::ok).ok_or_else(|| absent("make a record"))?;
        let partition = new.partition.unwrap_or(0);
        let end = self.ends.entry(partition).or_default();
        let offset = *end;
        *end += 1;
        self.read += 1;
        Ok(Record {
            topic_partition: TopicPartition { topic: Arc::clone(&self.topic), partition },
            offset,
            timestamp: Timestamp(1_700_000_000_000),
            key: new.key,
            value: new.value,
            headers: new.headers,
        })
    }
}

#[async_trait]
impl Consumer for VoidConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        if !self.is_assigned {
            self.is_assigned = true;
            let own = |partition| Assignment {
                topic_partition: TopicPartition { topic: Arc::clone(&self.topic), partition },
                token: Token::new(),
            };
            return Ok(Polled::Assigned((0..PARTITIONS).map(own).collect()));
        }
        let left = self.shared.allowed.load(Ordering::Acquire).saturating_sub(self.read);
        if left == 0 {
            tokio::time::sleep(wait).await; // paces load
        }
        let count = usize::try_from(left).unwrap_or(max).min(max);
        Ok(Polled::Records((0..count).map(|_| self.next()).collect::<Result<_, _>>()?))
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        Ok(vec![None; of.len()])
    }

    async fn read_from(&mut self, _at: &[(Assignment, Start)]) -> Result<(), Error> {
        Ok(())
    }

    async fn commit(&mut self, _offsets: &[OffsetCommit]) -> Result<(), Error> {
        Ok(())
    }

    async fn transactor(&mut self, _name: &str) -> Result<Box<dyn Transactor>, Error> {
        Ok(Box::new(VoidTransactor { shared: Arc::clone(&self.shared), next: BTreeMap::new() }))
    }

    async fn close(self: Box<Self>) {}
}

struct VoidTransactor {
    shared: Arc<Shared>,
    next: BTreeMap<i32, i64>,
}

#[async_trait]
impl Transactor for VoidTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn produce(&mut self, _records: Vec<NewRecord>) -> Result<(), Error> {
        Ok(())
    }

    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        self.next
            .extend(offsets.iter().map(|offset| (offset.assignment.topic_partition.partition, offset.next)));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let all: i64 = self.next.values().sum();
        self.shared.committed.store(all.cast_unsigned(), Ordering::Release);
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A store that forgets.
pub(super) struct VoidStore;

#[async_trait]
impl StateStore for VoidStore {
    async fn identity(&self) -> Result<String, topics_state::Error> {
        Ok("void".into())
    }

    async fn owner(&self, _slot: &Slot) -> Result<Option<Owner>, topics_state::Error> {
        Ok(None)
    }

    async fn register(
        &self,
        _slot: &Slot,
        _topic_id: &str,
    ) -> Result<(Option<Owner>, Epoch), topics_state::Error> {
        Ok((None, Epoch(1)))
    }

    async fn note(&self, _slot: &Slot, _owner: &Owner) -> Result<(), topics_state::Error> {
        Ok(())
    }

    async fn read(
        &self,
        _agent: &str,
        below: &[(Key, Position)],
    ) -> Result<Vec<Option<Version>>, topics_state::Error> {
        Ok(vec![None; below.len()])
    }

    async fn write(&self, _agent: &str, _epoch: Epoch, _rows: Vec<Row>) -> Result<(), topics_state::Error> {
        Ok(())
    }

    async fn prune(
        &self,
        _agent: &str,
        _epoch: Epoch,
        _below: &[(Key, Position)],
    ) -> Result<(), topics_state::Error> {
        Ok(())
    }
}
