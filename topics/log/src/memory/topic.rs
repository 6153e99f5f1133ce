//! Topics and their partitions: append, end a transaction, read what is stable.
//!
//! A partition knows transactions by number only; who runs them and how they end is the coordinator's.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp};

use crate::partitioner::partition_of;
use crate::record::{NewRecord, Record, TopicPartition};
use crate::seam::{Start, TopicDescription};

/// All topics by name.
#[derive(Default)]
pub(super) struct Topics(BTreeMap<Arc<str>, Topic>);

impl Topics {
    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.0.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.0.get_mut(name)
    }

    pub fn insert(&mut self, topic: Topic) {
        self.0.insert(Arc::clone(&topic.name), topic);
    }

    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.0.values()
    }

    /// The partition, or a sentence that says what is missing.
    pub fn partition(&self, at: &TopicPartition) -> Result<&Partition, String> {
        let topic = self.get(&at.topic).ok_or_else(|| missing(&at.topic))?;
        topic.partition(at.partition).ok_or_else(|| outside(topic, at.partition))
    }

    /// The partition for writing, if it is still there.
    pub fn partition_mut(&mut self, at: &TopicPartition) -> Option<&mut Partition> {
        let index = usize::try_from(at.partition).ok()?;
        self.get_mut(&at.topic)?.partitions.get_mut(index)
    }

    /// Where reading from `start` begins, or a sentence.
    pub fn resolve(&self, at: &TopicPartition, start: Start) -> Result<i64, String> {
        let partition = self.partition(at)?;
        match start {
            Start::Beginning => Ok(0),
            Start::End => Ok(partition.stable_end()),
            Start::At(offset) if (0..=partition.end).contains(&offset) => Ok(offset),
            Start::At(offset) => {
                Err(format!("offset {offset} of {at} is outside the log, which is 0..{}", partition.end))
            }
        }
    }

    pub fn describe(&self, prefix: &str) -> Vec<TopicDescription> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let all = self.0.range::<str, _>(from).take_while(|(name, _)| name.starts_with(prefix));
        all.map(|(name, topic)| TopicDescription {
            name: name.to_string(),
            id: format!("memory-{}", topic.number),
            partitions: topic.count(),
        })
        .collect()
    }
}

/// A topic.
pub(super) struct Topic {
    pub name: Arc<str>,
    /// Unique among all topics there ever were: a topic made anew under a name has another.
    pub number: u64,
    partitions: Vec<Partition>,
    /// The partition the next record without a key goes to.
    next_keyless: i32,
}

impl Topic {
    pub fn new(name: &str, number: u64, partitions: usize) -> Self {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        Self { name: name.into(), number, partitions, next_keyless: 0 }
    }

    pub fn count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    pub fn partition(&self, partition: i32) -> Option<&Partition> {
        usize::try_from(partition).ok().and_then(|index| self.partitions.get(index))
    }

    /// All partitions with their names.
    pub fn iter(&self) -> impl Iterator<Item = (TopicPartition, &Partition)> {
        (0..).zip(&self.partitions).map(|(number, partition)| (self.at(number), partition))
    }

    fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(Arc::clone(&self.name), partition)
    }

    /// The partition a record goes to, or a sentence if it names one that is not there.
    pub fn place(&mut self, record: &NewRecord) -> Result<i32, String> {
        match record.partition {
            Some(partition) if (0..self.count()).contains(&partition) => Ok(partition),
            Some(partition) => Err(outside(self, partition)),
            None if record.key.as_bytes().is_empty() => {
                let partition = self.next_keyless;
                self.next_keyless = (partition + 1) % self.count();
                Ok(partition)
            }
            None => Ok(partition_of(record.key.as_bytes(), self.count())),
        }
    }
}

/// A sentence for a topic that is not there.
pub(super) fn missing(topic: &str) -> String {
    format!("topic {topic} does not exist: create it, or correct its name")
}

fn outside(topic: &Topic, partition: i32) -> String {
    format!("topic {} has partitions 0..{}, not {partition}", topic.name, topic.count())
}

/// One partition's records.
#[derive(Default)]
pub(super) struct Partition {
    /// In the order of their offsets. What was aborted is taken out, which leaves a gap.
    entries: Vec<Entry>,
    /// The offset the next record gets.
    end: i64,
    /// Open transactions with the offset of their first record here.
    open: BTreeMap<u64, i64>,
}

/// A record as it lies in its partition.
struct Entry {
    offset: i64,
    timestamp: Timestamp,
    key: Key,
    value: Bytes,
    headers: Headers,
    /// The transaction that wrote it; none for a publisher's.
    transaction: Option<u64>,
}

impl Partition {
    /// Appends a record and returns its offset.
    pub fn append(&mut self, record: NewRecord, timestamp: Timestamp, transaction: Option<u64>) -> i64 {
        let offset = self.end;
        self.end += 1;
        if let Some(transaction) = transaction {
            self.open.entry(transaction).or_insert(offset);
        }
        let NewRecord { key, value, headers, .. } = record;
        self.entries.push(Entry { offset, timestamp, key, value, headers, transaction });
        offset
    }

    /// Ends a transaction here, if it wrote here. Its marker takes an offset.
    pub fn end_transaction(&mut self, transaction: u64, committed: bool) {
        let Some(first) = self.open.remove(&transaction) else { return };
        self.end += 1;
        if !committed {
            let tail = self.entries.split_off(self.index_of(first));
            self.entries.extend(tail.into_iter().filter(|entry| entry.transaction != Some(transaction)));
        }
    }

    /// The last stable offset: everything below it is decided.
    pub fn stable_end(&self) -> i64 {
        self.open.values().copied().min().unwrap_or(self.end)
    }

    /// The offset behind the last record a reader can see now; 0 if there is none.
    pub fn visible_end(&self) -> i64 {
        let below = self.index_of(self.stable_end());
        below.checked_sub(1).and_then(|last| self.entries.get(last)).map_or(0, |entry| entry.offset + 1)
    }

    /// At most `max` stable records from `from` on.
    pub fn read(&self, at: &TopicPartition, from: i64, max: usize) -> impl Iterator<Item = Record> {
        let first = self.index_of(from);
        let stable = self.index_of(self.stable_end()).max(first);
        self.entries[first..stable].iter().take(max).map(|entry| Record {
            topic_partition: at.clone(),
            offset: entry.offset,
            timestamp: entry.timestamp,
            key: entry.key.clone(),
            value: entry.value.clone(),
            headers: entry.headers.clone(),
        })
    }

    /// How many records lie here.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> usize {
        let size =
            |entry: &Entry| entry.key.as_bytes().len() + entry.value.len() + entry.headers.size_bytes();
        self.entries.iter().map(size).sum()
    }

    /// The index of the first record at or behind an offset.
    fn index_of(&self, offset: i64) -> usize {
        self.entries.partition_point(|entry| entry.offset < offset)
    }
}
