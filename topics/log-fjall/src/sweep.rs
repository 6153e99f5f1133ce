//! Lets go, a few rows at a time and just before records are written, of what retention has given up and
//! of the records of removed topics.
//!
//! No task of its own, as in the stores: a log that nobody writes to keeps what it has, and one that is
//! written to sweeps twice as fast as it fills. Readers may so find a record that is older than its
//! topic's retention, never miss one that is younger.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use topics_log::memory::storage::Place;
use topics_log::{Error, Timestamp};
use topics_state::fjall::{Disk, Table};

use crate::layout;
use crate::rows::{Extent, Partition, Tables, from_disk};

/// Rows that a step looks at beyond twice those about to be written: well under a millisecond.
const STEP_ROWS: usize = 16;

/// Partitions that a step looks at, if their oldest record is due: a seek each.
const STEP_PARTITIONS: usize = 2;

/// Partitions whose oldest record a step compares with the clock.
const LOOK_PARTITIONS: usize = 16;

/// How far sweeping has come.
#[derive(Default)]
pub(crate) struct Sweep {
    /// The partition that was looked at last.
    last: Option<Place>,
    /// When the oldest record of a partition was appended, once that is known.
    oldest: BTreeMap<Place, (i64, Timestamp)>,
    /// Behind which record of a removed topic the next step goes on: before it lie only the engine's
    /// marks of removed rows, which must not be walked over again each time. Empty after opening.
    gone_from: Vec<u8>,
    /// Whether no removed topic is left, as far as is known.
    nothing_gone: bool,
}

impl Sweep {
    /// Takes note of a topic that was removed.
    pub fn removed(&mut self, topic: u64) {
        self.nothing_gone = false;
        self.oldest.retain(|place, _| place.topic != topic);
    }

    /// Makes a step. In a batch of its own: what follows may fail by itself.
    pub fn step(
        &mut self,
        records: usize,
        disk: &Disk,
        tables: &Tables,
        partitions: &mut BTreeMap<Place, Partition>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let rows = STEP_ROWS + 2 * records;
        if !self.nothing_gone {
            return self.step_gone(rows, disk, tables);
        }
        for _ in 0..STEP_PARTITIONS {
            let Some(place) = self.next_due(partitions, now) else { return Ok(()) };
            if let Some(partition) = partitions.get_mut(&place) {
                self.step_partition(rows, disk, tables, (place, partition), now)?;
            }
        }
        Ok(())
    }

    /// Removes records of a removed topic, and at last the note of it.
    fn step_gone(&mut self, rows: usize, disk: &Disk, tables: &Tables) -> Result<(), Error> {
        let Some(topic) = first_key(&tables.gone)? else {
            self.nothing_gone = true;
            return Ok(());
        };
        let number = layout::topic_of(&topic).ok_or_else(|| from_disk(tables.gone.unreadable("a topic")))?;
        let from = if self.gone_from.starts_with(&topic) { &self.gone_from } else { &topic };
        let mut keys = Vec::new();
        let visited = tables.records.visit(from, &layout::topic_key(number + 1), |key, _| {
            keys.push(key.to_vec());
            if keys.len() < rows { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        visited.map_err(from_disk)?;
        let mut batch = disk.batch();
        if keys.len() < rows {
            batch.remove(&tables.gone, topic);
        }
        let last = keys.last().cloned();
        keys.into_iter().for_each(|key| batch.remove(&tables.records, key));
        batch.commit().map_err(from_disk)?;
        self.gone_from = last.unwrap_or_default();
        Ok(())
    }

    /// The next partition, in turn, whose oldest record may go or is not known.
    fn next_due(&mut self, partitions: &BTreeMap<Place, Partition>, now: Timestamp) -> Option<Place> {
        let behind = partitions.range(self.last.map_or(FIRST, next_place)..);
        for (place, partition) in behind.chain(partitions).take(LOOK_PARTITIONS.min(partitions.len())) {
            self.last = Some(*place);
            if self.is_due(*place, partition, now) {
                return Some(*place);
            }
        }
        None
    }

    fn is_due(&self, place: Place, partition: &Partition, now: Timestamp) -> bool {
        let Partition { extent, retention } = *partition;
        if retention.is_for_ever() || extent.records == 0 {
            return false;
        }
        let known = self.oldest.get(&place).filter(|(start, _)| *start == extent.start);
        known.is_none_or(|(_, appended)| retention.lets_go(*appended, extent.bytes, now))
    }

    /// Removes the oldest records of a partition that may go.
    fn step_partition(
        &mut self,
        rows: usize,
        disk: &Disk,
        tables: &Tables,
        (place, partition): (Place, &mut Partition),
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut extent = partition.extent;
        let [from, to] = [extent.start, extent.end].map(|offset| layout::record_key(place, offset));
        let (mut keys, mut oldest, mut is_readable) = (Vec::new(), None, true);
        let visited = tables.records.visit(&from, &to, |key, value| {
            let fields = (layout::offset_of(key), layout::time_of(value), layout::size_of(value));
            let (Some(offset), Some(appended), Some(size)) = fields else {
                is_readable = false;
                return ControlFlow::Break(());
            };
            if keys.len() == rows || !partition.retention.lets_go(appended, extent.bytes, now) {
                oldest = Some(appended);
                return ControlFlow::Break(());
            }
            keys.push(key.to_vec());
            extent = extent.without_oldest(offset, size);
            ControlFlow::Continue(())
        });
        visited.map_err(from_disk)?;
        if !is_readable {
            return Err(from_disk(tables.records.unreadable("a record")));
        }
        if !keys.is_empty() {
            let mut batch = disk.batch();
            keys.into_iter().for_each(|key| batch.remove(&tables.records, key));
            batch.insert(&tables.extents, layout::place_key(place), layout::extent_value(extent));
            batch.commit().map_err(from_disk)?;
            partition.extent = extent;
        }
        match oldest {
            Some(appended) => drop(self.oldest.insert(place, (extent.start, appended))),
            None => drop(self.oldest.remove(&place)),
        }
        Ok(())
    }
}

impl Extent {
    /// What is left once the oldest record, at this offset and of this size, is gone.
    fn without_oldest(self, offset: i64, size: u64) -> Self {
        Self {
            start: offset + 1,
            records: self.records.saturating_sub(1),
            bytes: self.bytes.saturating_sub(size),
            ..self
        }
    }
}

/// Before every place.
const FIRST: Place = Place { topic: 0, partition: 0 };

/// The place behind another.
fn next_place(place: Place) -> Place {
    Place { partition: place.partition + 1, ..place }
}

fn first_key(table: &Table) -> Result<Option<Vec<u8>>, Error> {
    let mut first = None;
    let visited = table.visit(&[], &[u8::MAX; 9], |key, _| {
        first = Some(key.to_vec());
        ControlFlow::Break(())
    });
    visited.map_err(from_disk)?;
    Ok(first)
}
