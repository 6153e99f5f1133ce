//! What has come in and was not handed over yet: records, changes of the assignment, errors.
//!
//! The client's thread puts things here, the owner's poll takes them, each in one short step: so a poll
//! that is abandoned half-way loses nothing. It holds at most what one poll asked for.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use topics_log::{Assignment, Error, Polled, Record, Room, TopicPartition};

/// What an owner is told before it gets more records.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// These partitions came.
    Assigned(Vec<Assignment>),
    /// These partitions went; their tokens are dead.
    Revoked(Vec<Assignment>),
    /// Polling failed.
    Failed(Error),
}

/// The shelf between the client's thread and the owner.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    changes: VecDeque<Change>,
    records: VecDeque<Record>,
}

impl Arrivals {
    /// Puts records behind those that lie here.
    pub(crate) fn put(&self, records: Vec<Record>) {
        self.shelf().records.extend(records);
    }

    /// Notes a change. Records of partitions that went are forgotten.
    pub(crate) fn note(&self, change: Change) {
        let mut shelf = self.shelf();
        if let Change::Revoked(gone) = &change {
            shelf
                .records
                .retain(|record| gone.iter().all(|one| one.topic_partition != record.topic_partition));
        }
        shelf.changes.push_back(change);
    }

    /// Forgets the records of these partitions.
    pub(crate) fn forget(&self, partitions: &[&TopicPartition]) {
        self.shelf().records.retain(|record| !partitions.contains(&&record.topic_partition));
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        let shelf = self.shelf();
        shelf.changes.is_empty() && shelf.records.is_empty()
    }

    /// Whether no more can be taken at once than what lies here, by a poll for so many records.
    pub(crate) fn is_full(&self, max: usize) -> bool {
        let mut room = Room::for_records(max);
        self.shelf().records.iter().for_each(|record| room.take(record));
        room.left() == 0
    }

    /// Whether there is something to be told.
    pub(crate) fn has_changes(&self) -> bool {
        !self.shelf().changes.is_empty()
    }

    /// Takes the next change, or else at most `max` records, or nothing.
    ///
    /// # Errors
    /// What [`Change::Failed`] holds.
    pub(crate) fn take(&self, max: usize) -> Result<Option<Polled>, Error> {
        let change = self.shelf().changes.pop_front();
        match change {
            Some(Change::Assigned(assignments)) => return Ok(Some(Polled::Assigned(assignments))),
            Some(Change::Revoked(assignments)) => return Ok(Some(Polled::Revoked(assignments))),
            Some(Change::Failed(error)) => return Err(error),
            None => {}
        }
        let records = self.take_records(max);
        Ok((!records.is_empty()).then_some(Polled::Records(records)))
    }

    /// Takes records, as far as there is [`Room`] for them.
    pub(crate) fn take_records(&self, max: usize) -> Vec<Record> {
        let mut shelf = self.shelf();
        let mut records = Vec::with_capacity(max.min(shelf.records.len()));
        Room::for_records(max).fill(&mut records, std::iter::from_fn(|| shelf.records.pop_front()));
        records
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Each step leaves the shelf whole, so what a panicking thread left is whole too.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
