//! Rows in memory: what was decided lies in vectors, and goes with the process.

use std::collections::BTreeMap;
use std::ops::Range;

use super::control::Size;
use super::storage::{Batch, Kept, Place, Storage};
use crate::error::Error;
use crate::record::{Record, TopicPartition};
use crate::seam::NewTopic;

/// The rows. Topics and offsets are kept by the log's rules themselves; here lie the records only.
#[derive(Default)]
pub(super) struct Vectors {
    /// By partition, in the order of their offsets.
    records: BTreeMap<Place, Vec<Kept>>,
}

impl Vectors {
    /// A partition's records with offsets in a range.
    fn range(&self, place: Place, offsets: Range<i64>) -> &[Kept] {
        let Some(rows) = self.records.get(&place) else { return &[] };
        let first = index_of(rows, offsets.start);
        &rows[first..index_of(rows, offsets.end).max(first)]
    }
}

/// The index of the first record at or behind an offset.
fn index_of(rows: &[Kept], offset: i64) -> usize {
    rows.partition_point(|kept| kept.offset < offset)
}

impl Storage for Vectors {
    fn identity(&self) -> &str {
        "memory"
    }

    fn create(&mut self, _: u64, _: &NewTopic) -> Result<(), Error> {
        Ok(())
    }

    fn remove(&mut self, number: u64) -> Result<(), Error> {
        self.records.retain(|place, _| place.topic != number);
        Ok(())
    }

    fn append(&mut self, batch: Batch) -> Result<(), Error> {
        // A transaction's records may lie below what others appended since; then the tail is sorted once.
        let mut unsorted_from = BTreeMap::<Place, usize>::new();
        for (place, kept) in batch.records {
            let rows = self.records.entry(place).or_default();
            if rows.last().is_some_and(|last| kept.offset < last.offset) {
                unsorted_from.entry(place).or_insert_with(|| index_of(rows, kept.offset));
            }
            rows.push(kept);
        }
        for (place, from) in unsorted_from {
            if let Some(rows) = self.records.get_mut(&place) {
                rows[from..].sort_by_key(|kept| kept.offset);
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
        let rows = self.range(place, offsets).iter().take(max);
        Ok(rows.map(|kept| kept.clone().into_record(at)).collect())
    }

    fn records_end_below(&self, place: Place, offset: i64) -> Result<i64, Error> {
        Ok(self.range(place, 0..offset).last().map_or(0, |kept| kept.offset + 1))
    }

    fn start(&self, _: Place) -> i64 {
        0
    }

    fn size(&self, place: Place) -> Size {
        let rows = self.range(place, 0..i64::MAX);
        Size { records: rows.len(), bytes: rows.iter().map(Kept::size_bytes).sum() }
    }

    fn is_behind(&self) -> bool {
        false
    }
}
