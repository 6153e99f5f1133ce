//! What one partition's owner knows of its timers: the next ones in memory, how far the rows were read,
//! and which minutes are over. Pure: whoever holds it reads and writes the rows.
//!
//! Rows lie in minutes, and by due time within a minute: that is the order of *places*. Three marks cut
//! this line. Up to `fired_through` no row is left, and none is ever written there. Up to the *cursor*
//! every row is in memory (or has fired). Behind it rows are only in the store, so that memory is bounded
//! however many timers wait: what is set behind the cursor is not kept here, and where memory is full its
//! last timer is forgotten and the cursor steps back to before it.
//!
//! A row lies in the minute of its due time, or in the one behind `fired_through` if that is later. So
//! among the rows that are left the order of places is the order of due times, and the first in memory is
//! the next to fire. (Rows of an earlier owner that went further may break this order: they are read, and
//! fire, a little late or twice, and the receiver lets the first firing count.)

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use schemas_records::Timestamp;
use topics_state::DueRow;

use crate::mark::Minute;
use crate::row::minute_of;

/// A timer's name within a partition: when it is due, and its call's id.
pub type Slot = (Timestamp, Bytes);

/// A timer in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The minute its row lies in.
    pub minute: Minute,
    /// Its row, encoded.
    pub row: Bytes,
}

/// How far the rows were read: everything below `minute`, and of it everything up to `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The minute to read on in.
    pub minute: Minute,
    /// The last place read in it.
    pub after: Option<Slot>,
}

/// One partition's timers.
#[derive(Clone, Debug)]
pub struct Agenda {
    held_max: usize,
    /// Both are unknown in a partition in which nothing was ever set.
    marks: Option<Marks>,
    held: BTreeMap<Slot, Held>,
    /// Fired and acknowledged, the row not yet deleted.
    fired: BTreeSet<(Minute, Slot)>,
}

#[derive(Clone, Debug)]
struct Marks {
    fired_through: Minute,
    cursor: Cursor,
}

impl Marks {
    fn at(fired_through: Minute) -> Self {
        Self { fired_through, cursor: Cursor { minute: fired_through + 1, after: None } }
    }

    fn has_read(&self, minute: Minute, slot: &Slot) -> bool {
        let Cursor { minute: reading, after } = &self.cursor;
        minute < *reading || (minute == *reading && after.as_ref().is_some_and(|after| slot <= after))
    }
}

impl Agenda {
    /// The agenda of a new owner: nothing is in memory, the last owner had fired through this minute.
    #[must_use]
    pub fn new(fired_through: Option<Minute>, held_max: usize) -> Self {
        let marks = fired_through.map(Marks::at);
        Self { held_max, marks, held: BTreeMap::new(), fired: BTreeSet::new() }
    }

    /// Tells of the partition's first record: nothing can have been set before it, so the minutes before
    /// it are over. Every owner that begins here finds the same record, and so the same minute.
    pub fn begin(&mut self, first: Timestamp) {
        self.marks.get_or_insert_with(|| Marks::at(minute_of(first) - 1));
    }

    /// The last minute of which no row is left; `None` while nothing was ever set.
    #[must_use]
    pub fn fired_through(&self) -> Option<Minute> {
        self.marks.as_ref().map(|marks| marks.fired_through)
    }

    /// The minute in which a timer's row lies.
    #[must_use]
    pub fn minute_for(&self, due: Timestamp) -> Minute {
        let minute = minute_of(due);
        self.marks.as_ref().map_or(minute, |marks| minute.max(marks.fired_through + 1))
    }

    /// Takes note of a row that was written.
    pub fn add(&mut self, minute: Minute, row: DueRow) {
        let slot = (row.due, row.key);
        if self.marks.as_ref().is_some_and(|marks| marks.has_read(minute, &slot)) {
            self.hold(minute, slot, row.value);
        }
    }

    /// Takes note of a row that was deleted.
    pub fn cancel(&mut self, slot: &Slot) {
        self.held.remove(slot);
    }

    /// When the next timer in memory is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.held.first_key_value().map(|((due, _), _)| *due)
    }

    /// The timers in memory that are due, first ones first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (&Slot, &Held)> {
        self.held.iter().take_while(move |((due, _), _)| *due <= now)
    }

    /// Takes note that a firing was acknowledged: the row is still to be deleted.
    pub fn fire(&mut self, slot: &Slot) {
        if let Some(Held { minute, .. }) = self.held.remove(slot) {
            self.fired.insert((minute, slot.clone()));
        }
    }

    /// Rows to be deleted, at most `max`.
    #[must_use]
    pub fn to_delete(&self, max: usize) -> Vec<(Minute, Slot)> {
        self.fired.iter().take(max).cloned().collect()
    }

    /// Takes note that a row was deleted after its firing.
    pub fn deleted(&mut self, row: &(Minute, Slot)) {
        self.fired.remove(row);
    }

    /// Where to read the next rows, if there is room for `page` of them and the minute is not behind
    /// `until`.
    #[must_use]
    pub fn page(&self, until: Minute, page: usize) -> Option<Cursor> {
        let cursor = &self.marks.as_ref()?.cursor;
        let has_room = self.held() + page <= self.held_max;
        (has_room && cursor.minute <= until).then(|| cursor.clone())
    }

    /// Takes note of the rows read at `from`; `is_last` if the minute has no more.
    pub fn read(&mut self, from: &Cursor, rows: Vec<DueRow>, is_last: bool) {
        let last = rows.last().map(|row| (row.due, row.key.clone()));
        if let Some(marks) = self.marks.as_mut().filter(|marks| marks.cursor == *from) {
            marks.cursor = match last {
                Some(after) if !is_last => Cursor { minute: from.minute, after: Some(after) },
                _ => Cursor { minute: from.minute + 1, after: None },
            };
        }
        self.find(from.minute, rows);
    }

    /// Takes rows into memory that lie before the cursor.
    pub fn find(&mut self, minute: Minute, rows: Vec<DueRow>) {
        for row in rows {
            let slot = (row.due, row.key);
            if !self.fired.contains(&(minute, slot.clone())) {
                self.hold(minute, slot, row.value);
            }
        }
    }

    /// The next minute to be passed, if it is over at `now` and nothing of it is known to be left: the
    /// store must be asked whether that is so.
    #[must_use]
    pub fn passable(&self, now: Timestamp) -> Option<Minute> {
        let next = self.fired_through()? + 1;
        let is_waiting = self.held.first_key_value().is_some_and(|(_, held)| held.minute <= next);
        let is_fired = self.fired.first().is_some_and(|(minute, _)| *minute <= next);
        (next < minute_of(now) && !is_waiting && !is_fired).then_some(next)
    }

    /// Takes note that the store has no row of a passable minute.
    pub fn pass(&mut self, minute: Minute) {
        let Some(marks) = self.marks.as_mut().filter(|marks| marks.fired_through + 1 == minute) else {
            return;
        };
        marks.fired_through = minute;
        if marks.cursor.minute <= minute {
            marks.cursor = Cursor { minute: minute + 1, after: None };
        }
    }

    /// How many timers are in memory, with those whose rows are still to be deleted.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len() + self.fired.len()
    }

    fn hold(&mut self, minute: Minute, slot: Slot, row: Bytes) {
        self.held.insert(slot, Held { minute, row });
        while self.held() > self.held_max && self.held.len() > 1 {
            self.held.pop_last();
            let last = self.held.last_key_value().map(|(slot, held)| (held.minute, slot.clone()));
            if let (Some(marks), Some((minute, slot))) = (self.marks.as_mut(), last) {
                marks.cursor = Cursor { minute, after: Some(slot) };
            }
        }
    }
}

#[cfg(test)]
mod tests;
