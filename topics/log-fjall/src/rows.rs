//! The log's rows in tables on disk: the storage under the rules.
//!
//! In memory stands how far each partition goes, never what is in it. Rows are written in one batch with
//! that, so that both always agree.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use topics_log::memory::Size;
use topics_log::memory::storage::{Batch, Contents, KeptPartition, KeptTopic, Place, Storage};
use topics_log::{Clock, Error, NewTopic, Record, Remedy, TopicPartition};
use topics_state::fjall::{Disk, LARGE_TABLE_BYTES, SMALL_TABLE_BYTES, Table};

use crate::layout;
use crate::retention::Retention;
use crate::sweep::Sweep;
use crate::{PARTITIONS_MAX, TOPIC_BYTES_MAX};

/// The version of what [`layout`] writes. Another one is refused, never guessed at.
pub(crate) const FORMAT: u32 = 1;

/// Most records of a partition that one call reads: some milliseconds under the log's lock.
const READ_RECORDS_MAX: usize = 2000;

/// From so many bytes on a call reads no further record of a partition.
const READ_BYTES: usize = 1024 * 1024;

/// The tables.
pub(crate) struct Tables {
    /// Topics by number, and the number given last.
    pub topics: Table,
    /// How far each partition goes.
    pub extents: Table,
    /// Records.
    pub records: Table,
    /// Committed offsets.
    pub offsets: Table,
    /// Removed topics whose records are still there.
    pub gone: Table,
}

/// How far a partition goes and how much is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// What lies below was let go of.
    pub start: i64,
    /// The offset the next record gets.
    pub end: i64,
    /// The offset behind the last record; 0 if there never was one.
    pub records_end: i64,
    /// How many records lie there.
    pub records: u64,
    /// Bytes of their keys, values and headers.
    pub bytes: u64,
}

/// A partition as it stands in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Partition {
    pub extent: Extent,
    pub retention: Retention,
}

/// The rows.
pub(crate) struct Rows {
    disk: Disk,
    tables: Tables,
    /// Every partition of every topic.
    partitions: BTreeMap<Place, Partition>,
    sweep: Sweep,
    clock: Arc<dyn Clock>,
}

impl Rows {
    /// Opens or makes the tables, and returns too what is in them, records apart.
    pub fn open(disk: Disk, clock: Arc<dyn Clock>) -> Result<(Self, Contents), Error> {
        disk.expect_format("log", FORMAT).map_err(from_disk)?;
        let table = |name: &str, bytes| disk.table(&format!("log-{name}"), bytes).map_err(from_disk);
        let tables = Tables {
            topics: table("topics", SMALL_TABLE_BYTES)?,
            extents: table("extents", SMALL_TABLE_BYTES)?,
            records: table("records", LARGE_TABLE_BYTES)?,
            offsets: table("offsets", SMALL_TABLE_BYTES)?,
            gone: table("gone", SMALL_TABLE_BYTES)?,
        };
        let mut rows = Self { disk, tables, partitions: BTreeMap::new(), sweep: Sweep::default(), clock };
        let contents = rows.contents()?;
        Ok((rows, contents))
    }

    /// Reads what is there, and notes how far each partition goes.
    fn contents(&mut self) -> Result<Contents, Error> {
        let (mut contents, mut names) = (Contents::default(), BTreeSet::new());
        all(&self.tables.topics, "a topic", |key, value| {
            match layout::topic_of(key)? {
                layout::LAST_NUMBER => contents.last_number = layout::topic_of(value)?,
                number => {
                    let topic = layout::topic_value_of(value)?;
                    // The row of the last number comes first. Of two topics with one name one could not be reached.
                    let is_possible = number <= contents.last_number && names.insert(topic.name.clone());
                    is_possible.then_some(())?;
                    // It was understood when the topic was made.
                    let retention = Retention::of(&topic).unwrap_or_default();
                    let partition = Partition { retention, ..Partition::default() };
                    let places = (0..topic.partitions).map(|partition| Place { topic: number, partition });
                    self.partitions.extend(places.map(|place| (place, partition)));
                    contents.topics.push(KeptTopic { name: topic.name, number, partitions: Vec::new() });
                }
            }
            Some(())
        })?;
        all(&self.tables.extents, "a partition", |key, value| {
            let (place, _) = layout::split_place(key)?;
            if let Some(partition) = self.partitions.get_mut(&place) {
                partition.extent = layout::extent_of(value)?;
            }
            Some(())
        })?;
        all(&self.tables.offsets, "an offset", |key, value| {
            contents.offsets.push(layout::committed_of(key, value)?);
            Some(())
        })?;
        for topic in &mut contents.topics {
            let partitions = self.partitions.range(places(topic.number));
            topic.partitions = partitions.map(|(_, partition)| partition.extent.kept()).collect();
        }
        Ok(contents)
    }

    fn extent(&self, place: Place) -> Extent {
        self.partitions.get(&place).map(|partition| partition.extent).unwrap_or_default()
    }

    /// Lets go of some of what may go, before so many records are written.
    fn sweep(&mut self, records: usize) -> Result<(), Error> {
        self.sweep.step(records, &self.disk, &self.tables, &mut self.partitions, self.clock.now())
    }
}

impl Extent {
    fn kept(self) -> KeptPartition {
        KeptPartition { end: self.end, records_end: self.records_end }
    }
}

impl Storage for Rows {
    fn identity(&self) -> &str {
        self.disk.identity()
    }

    fn create(&mut self, number: u64, topic: &NewTopic) -> Result<(), Error> {
        let refused = |cause| Error::new(Remedy::Stop, "create a topic", cause);
        if topic.name.len() > TOPIC_BYTES_MAX {
            let length = topic.name.len();
            return Err(refused(format!(
                "its name has {length} bytes, at most {TOPIC_BYTES_MAX} are allowed"
            )));
        }
        if topic.partitions > PARTITIONS_MAX {
            let (name, count) = (&topic.name, topic.partitions);
            return Err(refused(format!(
                "topic {name} cannot have {count} partitions: at most {PARTITIONS_MAX}"
            )));
        }
        let retention = Retention::of(topic).map_err(refused)?;
        let mut batch = self.disk.batch();
        let last = layout::topic_key(layout::LAST_NUMBER);
        batch.insert(&self.tables.topics, last, layout::topic_key(number));
        batch.insert(&self.tables.topics, layout::topic_key(number), layout::topic_value(topic));
        batch.commit().map_err(from_disk)?;
        let partition = Partition { retention, ..Partition::default() };
        let places = (0..topic.partitions).map(|partition| Place { topic: number, partition });
        self.partitions.extend(places.map(|place| (place, partition)));
        Ok(())
    }

    fn remove(&mut self, number: u64) -> Result<(), Error> {
        let (key, behind) = (layout::topic_key(number), layout::topic_key(number + 1));
        let mut batch = self.disk.batch();
        for table in [&self.tables.topics, &self.tables.extents, &self.tables.offsets] {
            let mut keys = Vec::new();
            let visited = table.visit(&key, &behind, |key, _| {
                keys.push(key.to_vec());
                ControlFlow::Continue(())
            });
            visited.map_err(from_disk)?;
            keys.into_iter().for_each(|key| batch.remove(table, key));
        }
        batch.insert(&self.tables.gone, key, Vec::new());
        batch.commit().map_err(from_disk)?;
        self.partitions.retain(|place, _| place.topic != number);
        self.sweep.removed(number);
        Ok(())
    }

    fn append(&mut self, decided: Batch) -> Result<(), Error> {
        self.sweep(decided.records.len())?;
        let mut extents = BTreeMap::<Place, Extent>::new();
        let mut batch = self.disk.batch();
        for (place, end) in decided.ends {
            let extent = extents.entry(place).or_insert_with(|| self.extent(place));
            extent.end = extent.end.max(end);
        }
        for (place, kept) in &decided.records {
            let extent = extents.entry(*place).or_insert_with(|| self.extent(*place));
            // A transaction's record may come after later ones were let go of already.
            extent.start = extent.start.min(kept.offset);
            extent.records_end = extent.records_end.max(kept.offset + 1);
            extent.records += 1;
            extent.bytes += kept.size_bytes() as u64;
            let key = layout::record_key(*place, kept.offset);
            batch.insert(&self.tables.records, key, layout::record_value(kept));
        }
        for (place, extent) in &extents {
            batch.insert(&self.tables.extents, layout::place_key(*place), layout::extent_value(*extent));
        }
        for (group, place, committed) in &decided.offsets {
            let key = layout::offset_key(*place, group);
            batch.insert(&self.tables.offsets, key, layout::offset_value(committed));
        }
        batch.commit().map_err(from_disk)?;
        for (place, extent) in extents {
            if let Some(partition) = self.partitions.get_mut(&place) {
                partition.extent = extent;
            }
        }
        Ok(())
    }

    fn read(
        &self,
        at: &TopicPartition,
        place: Place,
        offsets: Range<i64>,
        max: usize,
    ) -> Result<Vec<Record>, Error> {
        let (max, mut records, mut bytes) = (max.min(READ_RECORDS_MAX), Vec::new(), 0);
        if max == 0 {
            return Ok(records);
        }
        let [from, to] = [offsets.start, offsets.end].map(|offset| layout::record_key(place, offset));
        let mut is_readable = true;
        let visited = self.tables.records.visit(&from, &to, |key, value| {
            let kept = layout::offset_of(key).and_then(|offset| layout::record_of(offset, value));
            is_readable = kept.is_some();
            bytes += value.len();
            records.extend(kept.map(|kept| kept.into_record(at)));
            if is_readable && records.len() < max && bytes < READ_BYTES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        visited.map_err(from_disk)?;
        if is_readable { Ok(records) } else { Err(from_disk(self.tables.records.unreadable("a record"))) }
    }

    fn records_end_below(&self, place: Place, offset: i64) -> Result<i64, Error> {
        let start = self.start(place);
        if offset <= start {
            return Ok(0);
        }
        let [from, to] = [start, offset].map(|offset| layout::record_key(place, offset));
        let Some(last) = self.tables.records.last_key(&from, &to).map_err(from_disk)? else { return Ok(0) };
        let offset = layout::offset_of(&last);
        offset.map(|offset| offset + 1).ok_or_else(|| from_disk(self.tables.records.unreadable("a record")))
    }

    fn start(&self, place: Place) -> i64 {
        self.extent(place).start
    }

    fn size(&self, place: Place) -> Size {
        let Extent { records, bytes, .. } = self.extent(place);
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Size { records: count(records), bytes: count(bytes) }
    }

    fn is_behind(&self) -> bool {
        let Tables { topics, extents, records, offsets, gone } = &self.tables;
        self.disk.is_behind([topics, extents, records, offsets, gone])
    }
}

/// The places of a topic.
fn places(topic: u64) -> Range<Place> {
    Place { topic, partition: 0 }..Place { topic: topic + 1, partition: 0 }
}

/// Shows every row of a table; `None` for one that is not what it should be.
fn all(
    table: &Table,
    what: &'static str,
    mut show: impl FnMut(&[u8], &[u8]) -> Option<()>,
) -> Result<(), Error> {
    let mut is_readable = true;
    let visited = table.visit(&[], &[u8::MAX; 16], |key, value| match show(key, value) {
        Some(()) => ControlFlow::Continue(()),
        None => {
            is_readable = false;
            ControlFlow::Break(())
        }
    });
    visited.map_err(from_disk)?;
    if is_readable { Ok(()) } else { Err(from_disk(table.unreadable(what))) }
}

/// What the database said, as the log's own error.
pub(crate) fn from_disk(error: topics_state::Error) -> Error {
    let remedy = match error.remedy {
        topics_state::Remedy::Retry => Remedy::Retry,
        topics_state::Remedy::Lost | topics_state::Remedy::Stop => Remedy::Stop,
    };
    Error::new(remedy, error.attempted, error.cause)
}
