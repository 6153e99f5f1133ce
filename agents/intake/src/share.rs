//! One task partition's share of the open tasks: what waits, what was counted, and when reading stops.
//! Pure: whoever holds it polls, commits and follows the closings.
//!
//! The log is polled for all partitions at once. A partition that has no room and still gets records
//! would fill memory, or keep its neighbours from being polled; so it is *parked*: sent to the end of its
//! log, where next to nothing comes, until what waits is taken and there is room, and then sent back to
//! where it was. Records that come while it is parked are dropped: they are read again.

use std::collections::VecDeque;

use topics_log::{Assignment, NewRecord, Record, Start};

use crate::counts::Counts;

/// Most bytes that wait in one partition: a hundred tasks of the largest size allowed; a producer that
/// sends a megabyte a record gets eight of them read ahead.
pub(crate) const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Record by record.
    Reading,
    /// To be parked; to go on here.
    ToPark(i64),
    /// Parked; to go on here.
    Parked(i64),
}

/// One ownership of one task partition.
pub(crate) struct Share {
    pub assignment: Assignment,
    /// The offset of the next task to be taken or refused; none before the first.
    pub next: Option<i64>,
    /// With what is not committed yet.
    pub counts: Counts,
    /// As they stand in the committed metadata.
    pub committed: Counts,
    /// The dead letter for a closing that is none, until a transaction takes it along.
    pub letter: Option<NewRecord>,
    /// Whether it is known where the closings that are not counted begin.
    pub is_following: bool,
    waiting: VecDeque<Record>,
    waiting_bytes: usize,
    flow: Flow,
    room_max: u64,
}

impl Share {
    /// A new ownership that may hold `room_max` open tasks. Without a committed offset nothing was ever
    /// taken, so whatever closings there are, are not ours to count: they are followed from their end.
    pub fn new(assignment: Assignment, committed: Option<(i64, Counts)>, room_max: u64) -> Self {
        let (next, counts) = committed.unzip();
        Self {
            assignment,
            next,
            counts: counts.unwrap_or_default(),
            committed: counts.unwrap_or_default(),
            letter: None,
            is_following: next.is_some(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            flow: Flow::Reading,
            room_max,
        }
    }

    /// How many more tasks may be taken.
    pub fn room(&self) -> u64 {
        if self.is_following { self.room_max.saturating_sub(self.counts.open()) } else { 0 }
    }

    /// Whether records should be polled for it.
    pub fn is_hungry(&self) -> bool {
        self.room() > 0 && self.waiting.is_empty()
    }

    /// The records that wait, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Record> {
        self.waiting.iter()
    }

    /// How many wait.
    pub fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a record that was polled.
    pub fn receive(&mut self, record: Record) {
        if self.flow != Flow::Reading {
            return;
        }
        let bytes = size_bytes(&record);
        if self.waiting_bytes + bytes > WAITING_BYTES_MAX && !self.waiting.is_empty() {
            self.flow = Flow::ToPark(record.offset);
            return;
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back(record);
    }

    /// The first `taken` records have an outcome that is committed, with these counts beside the offset, if
    /// there is one.
    pub fn pass(&mut self, taken: usize, next: Option<i64>, counts: Counts) {
        for record in self.waiting.drain(..taken.min(self.waiting.len())) {
            self.waiting_bytes -= size_bytes(&record);
        }
        self.next = next;
        self.counts = counts;
        self.committed = counts;
        self.letter = None;
    }

    /// Where the partition is to be read from next, if that is to change. `is_polled` says whether records
    /// will be polled at all, that is, whether any partition is hungry.
    pub fn turn(&self, is_polled: bool) -> Option<Start> {
        match self.flow {
            Flow::ToPark(next) | Flow::Parked(next) if self.is_hungry() => Some(Start::At(next)),
            Flow::ToPark(_) => Some(Start::End),
            Flow::Reading if is_polled && self.room() == 0 && !self.waiting.is_empty() => Some(Start::End),
            Flow::Reading | Flow::Parked(_) => None,
        }
    }

    /// It was sent there.
    pub fn turned(&mut self, to: Start) {
        let behind_waiting = self.waiting.back().map_or(0, |record| record.offset + 1);
        self.flow = match (to, self.flow) {
            (Start::End, Flow::ToPark(next) | Flow::Parked(next)) => Flow::Parked(next),
            (Start::End, Flow::Reading) => Flow::Parked(behind_waiting),
            _ => Flow::Reading,
        };
    }
}

fn size_bytes(record: &Record) -> usize {
    record.key.as_bytes().len() + record.value.len() + record.headers.size_bytes()
}

#[cfg(test)]
mod tests;
