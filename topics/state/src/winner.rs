//! Which write wins, and what a deletion hides: the one rule every implementation keeps.
//!
//! It is CQL's, so that the embedded stores promise nothing a cluster would not keep. It knows nothing
//! about where cells lie.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::Timestamp;
use topics_guard::{Guard, stands};

use crate::state::{Epoch, LATE_WRITE_MAX};

/// A version as it lies in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Who wrote it: its timestamp.
    pub epoch: Epoch,
    /// When it stops being seen; `None` never.
    pub expires: Option<Timestamp>,
    /// The bytes.
    pub value: Bytes,
}

impl Cell {
    /// Whether this write stands against `other` at the same position. The higher epoch wins; at equal
    /// epochs what expires beats what does not, the later end of life the earlier one, and only then the
    /// larger value the smaller: a life can be given and prolonged under one epoch, not taken back.
    pub fn beats(&self, other: &Self) -> bool {
        let rank = |cell: &Self| {
            let epoch = if stands(Guard::EpochDecides) { cell.epoch } else { Epoch(0) };
            (epoch, cell.expires)
        };
        (rank(self), &self.value) > (rank(other), &other.value)
    }

    /// Whether it is seen at a time. What has expired is not seen, but still beats lower epochs.
    pub fn is_seen(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// From when on no write that it must beat can still arrive, and it may be forgotten.
    pub fn forgettable_from(&self) -> Option<Timestamp> {
        self.expires.map(|expires| expires.plus(LATE_WRITE_MAX))
    }
}

/// When a life that begins now ends; `None` never, as for one that reaches beyond the end of time.
pub(crate) fn end_of_life(now: Timestamp, lives: Option<Duration>) -> Option<Timestamp> {
    lives.map(|lives| now.plus(lives)).filter(|end| end.0 != i64::MAX)
}

/// A deletion of all versions below an offset, as a store remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Floor {
    /// Versions below this offset ...
    pub offset: i64,
    /// ... of this epoch or a lower one are deleted, ...
    pub epoch: Epoch,
    /// ... also those that arrive before this time.
    pub until: Timestamp,
}

/// The deletions of one key in one generation of which none covers another. Nearly always one; as many
/// as there were owners of whom an earlier one deleted further up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Floors(pub Vec<Floor>);

impl Floors {
    /// Whether a version of this epoch at this offset is deleted.
    pub fn hide(&self, offset: i64, epoch: Epoch) -> bool {
        self.0.iter().any(|floor| offset < floor.offset && epoch <= floor.epoch)
    }

    /// Below which offset no version of this epoch or a lower one is left.
    pub fn gone_below(&self, epoch: Epoch) -> Option<i64> {
        self.0.iter().filter(|floor| floor.epoch >= epoch).map(|floor| floor.offset).max()
    }

    /// Adds a deletion. One that another covers only keeps that one for longer.
    pub fn add(&mut self, offset: i64, epoch: Epoch, now: Timestamp) {
        self.0.retain(|floor| now < floor.until);
        let until = now.plus(LATE_WRITE_MAX);
        let covering = self.0.iter_mut().find(|floor| floor.offset >= offset && floor.epoch >= epoch);
        if let Some(floor) = covering {
            floor.until = floor.until.max(until);
            return;
        }
        self.0.retain(|floor| floor.offset > offset || floor.epoch > epoch);
        self.0.push(Floor { offset, epoch, until });
    }

    /// From when on nothing that these hide can still arrive.
    pub fn forgettable_from(&self) -> Option<Timestamp> {
        self.0.iter().map(|floor| floor.until).max()
    }
}

#[cfg(test)]
mod tests;
