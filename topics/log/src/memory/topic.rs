//! Topics and their partitions: hold what is undecided, end a transaction, read what is stable.
//!
//! A partition knows transactions by number only; who runs them and how they end is the coordinator's.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::control::Size;
use super::storage::{Kept, KeptPartition, KeptTopic, Place, Storage};
use crate::error::{Error, Remedy};
use crate::partitioner::partition_of;
use crate::record::{NewRecord, Record, TopicPartition};
use crate::seam::{Committed, Start, TopicDescription};

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

    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
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
    pub fn resolve(&self, storage: &dyn Storage, at: &TopicPartition, start: Start) -> Result<i64, String> {
        let partition = self.partition(at)?;
        let (first, end) = (storage.start(partition.place), partition.end);
        match start {
            Start::Beginning => Ok(first),
            Start::End => Ok(partition.stable_end().max(first)),
            Start::At(offset) if (first..=end).contains(&offset) => Ok(offset),
            Start::At(offset) => {
                Err(format!("offset {offset} of {at} is outside the log, which is {first}..{end}"))
            }
        }
    }

    /// The name of a place, if its topic is still there.
    pub fn at(&self, place: Place) -> Option<TopicPartition> {
        let topic = self.iter().find(|topic| topic.number == place.topic)?;
        topic.partition(place.partition).map(|_| topic.at(place.partition))
    }

    /// A group's offsets by the places of their partitions; those of topics that are gone are left out.
    pub fn placed<'a>(
        &self,
        group: &str,
        offsets: impl Iterator<Item = (&'a TopicPartition, &'a Committed)>,
    ) -> Vec<(String, Place, Committed)> {
        let placed = offsets.filter_map(|(at, committed)| {
            Some((group.to_owned(), self.partition(at).ok()?.place, committed.clone()))
        });
        placed.collect()
    }

    pub fn describe(&self, identity: &str, prefix: &str) -> Vec<TopicDescription> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let all = self.0.range::<str, _>(from).take_while(|(name, _)| name.starts_with(prefix));
        all.map(|(name, topic)| TopicDescription {
            name: name.to_string(),
            id: format!("{identity}-{}", topic.number),
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
    pub fn new(kept: &KeptTopic) -> Self {
        let places = (0..).map(|partition| Place { topic: kept.number, partition });
        let partitions = places.zip(&kept.partitions).map(|(place, kept)| Partition::new(place, *kept));
        Self {
            name: kept.name.as_str().into(),
            number: kept.number,
            partitions: partitions.collect(),
            next_keyless: 0,
        }
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

/// One partition: how far it goes, and what of it is undecided. Decided records lie in the storage.
pub(super) struct Partition {
    place: Place,
    /// The offset the next record gets.
    end: i64,
    /// The offset behind the last decided record; 0 if there never was one.
    records_end: i64,
    /// Open transactions that wrote here.
    open: BTreeMap<u64, Undecided>,
}

/// What an open transaction wrote to a partition.
struct Undecided {
    /// The offset of its first record.
    first: i64,
    /// The offset behind its last record.
    behind: i64,
    /// Its records, until they are handed to the storage.
    records: Vec<Kept>,
}

impl Partition {
    fn new(place: Place, kept: KeptPartition) -> Self {
        let KeptPartition { end, records_end } = kept;
        Self { place, end, records_end, open: BTreeMap::new() }
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The offset the next record gets.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Takes in a record of an open transaction at the end.
    pub fn hold(&mut self, transaction: u64, kept: Kept) {
        let (first, behind) = (kept.offset, kept.offset + 1);
        let undecided = self.open.entry(transaction).or_insert(Undecided { first, behind, records: vec![] });
        undecided.behind = behind;
        undecided.records.push(kept);
        self.end = behind;
    }

    /// Takes note of decided records up to here, which the storage has.
    pub fn grow(&mut self, end: i64) {
        self.end = end;
        self.records_end = end;
    }

    /// The records of an open transaction, to be handed to the storage; none if it did not write here.
    pub fn take_undecided(&mut self, transaction: u64) -> Option<Vec<Kept>> {
        self.open.get_mut(&transaction).map(|undecided| std::mem::take(&mut undecided.records))
    }

    /// Ends a transaction here, if it wrote here. Its marker takes an offset.
    pub fn end_transaction(&mut self, transaction: u64, committed: bool) {
        let Some(undecided) = self.open.remove(&transaction) else { return };
        self.end += 1;
        if committed {
            self.records_end = self.records_end.max(undecided.behind);
        }
    }

    /// The last stable offset: everything below it is decided.
    pub fn stable_end(&self) -> i64 {
        self.open.values().map(|undecided| undecided.first).min().unwrap_or(self.end)
    }

    /// The offset behind the last record a reader can see now; 0 if there is none.
    pub fn visible_end(&self, storage: &dyn Storage) -> Result<i64, Error> {
        let stable = self.stable_end();
        let end = if stable < self.records_end {
            storage.records_end_below(self.place, stable)?
        } else {
            self.records_end
        };
        Ok(if storage.start(self.place) < end { end } else { 0 })
    }

    /// At most `max` stable records from `from` on, which must not lie below what retention has left.
    /// Nobody is sent to the storage who has read everything.
    pub fn read(
        &self,
        storage: &dyn Storage,
        at: &TopicPartition,
        from: i64,
        max: usize,
    ) -> Result<Vec<Record>, Error> {
        let start = storage.start(self.place);
        if from < start {
            let cause = format!(
                "offset {from} of {at} is gone, it begins at {start}: the topic's retention was too short for \
                 this reader"
            );
            return Err(Error::new(Remedy::Stop, "read", cause));
        }
        let to = self.stable_end().min(self.records_end);
        if max == 0 || to <= from {
            return Ok(Vec::new());
        }
        storage.read(at, self.place, from..to, max)
    }

    /// How much lies here, open transactions included.
    pub fn size(&self, storage: &dyn Storage) -> Size {
        let mut size = storage.size(self.place);
        for kept in self.open.values().flat_map(|undecided| &undecided.records) {
            size.records += 1;
            size.bytes += kept.size_bytes();
        }
        size
    }
}
