//! The store: cells by offset, the owner's row, and what is on its way there.
//!
//! Its one law is the `StateStore` seam's: the highest epoch wins, whatever the order of arrival. It
//! refuses nobody.

use crate::value::Value;

/// A version of a key's state. What compares greater stands: the higher epoch, then what has an end of
/// life, then the larger bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Its timestamp.
    pub epoch: u8,
    /// Whether it may expire.
    pub is_mortal: bool,
    /// The bytes.
    pub value: Value,
}

/// What stands at one offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    /// What is read.
    pub version: Option<Version>,
    /// Up to this epoch versions here are deleted, also those that arrive later; 0 for none.
    pub deleted: u8,
}

/// A change that was sent and has not arrived. It may arrive at any time or never, also after its sender is
/// dead, and before or after any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A row.
    Write {
        /// Its record's offset.
        offset: u8,
        /// What is written there.
        version: Version,
    },
    /// A delete of all versions of a key below an offset.
    Prune {
        /// The offsets, a bit each: those of the key's records below.
        offsets: u8,
        /// Its timestamp.
        epoch: u8,
    },
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// The epoch in the owner's row; 0 before the first.
    pub owner: u8,
    /// By offset. A record has one key, so an offset is a cell.
    pub cells: [Cell; crate::value::RECORDS_MAX],
    /// Sorted, without repeats, and without what would change nothing any more.
    pub under_way: Vec<Change>,
}

impl Store {
    /// Sends a change.
    pub fn send(&mut self, change: Change) {
        if self.matters(change)
            && let Err(at) = self.under_way.binary_search(&change)
        {
            self.under_way.insert(at, change);
        }
    }

    /// Lets a change happen, and forgets those that it has made pointless.
    pub fn arrive(&mut self, change: Change) {
        match change {
            Change::Write { offset, version } => self.cells[usize::from(offset)].version = Some(version),
            Change::Prune { offsets, epoch } => {
                for offset in bits(offsets) {
                    self.cells[offset].delete(epoch);
                }
            }
        }
        self.tidy();
    }

    /// Lets the version at an offset expire: it is unseen from now on, and still beats what it beat.
    pub fn expire(&mut self, offset: u8) {
        let cell = &mut self.cells[usize::from(offset)];
        if let Some(version) = cell.version {
            cell.delete(version.epoch);
        }
        self.tidy();
    }

    /// Whether a row is where nothing but a greater one can displace it.
    #[must_use]
    pub fn has_arrived(&self, offset: u8, version: Version) -> bool {
        !self.matters(Change::Write { offset, version })
    }

    fn tidy(&mut self) {
        let mut under_way = std::mem::take(&mut self.under_way);
        under_way.retain(|change| self.matters(*change));
        self.under_way = under_way;
    }

    /// Whether a change would change anything, now or later: versions and deletions at an offset only grow.
    fn matters(&self, change: Change) -> bool {
        match change {
            Change::Write { offset, version } => {
                let cell = self.cells[usize::from(offset)];
                version.epoch > cell.deleted && cell.version.is_none_or(|standing| version > standing)
            }
            Change::Prune { offsets, epoch } => {
                bits(offsets).any(|offset| self.cells[offset].deleted < epoch)
            }
        }
    }
}

impl Cell {
    fn delete(&mut self, epoch: u8) {
        self.deleted = self.deleted.max(epoch);
        self.version = self.version.filter(|version| version.epoch > self.deleted);
    }
}

/// The numbers of the bits that are set.
fn bits(set: u8) -> impl Iterator<Item = usize> {
    (0..crate::value::RECORDS_MAX).filter(move |bit| set >> bit & 1 == 1)
}
