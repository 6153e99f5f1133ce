//! Values by key and rows by due time, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use schemas_records::Timestamp;

use crate::keyed::DueRow;

/// Where a value lies: space and key.
pub(super) type ValueId = (Arc<str>, Bytes);

/// Where due rows of one minute lie: space, bucket and minute.
pub(super) type MinuteId = (Arc<str>, i32, i64);

/// A value and when it stops being seen.
struct Held {
    value: Bytes,
    expires: Option<Timestamp>,
}

/// All values by key.
#[derive(Default)]
pub(super) struct Values {
    held: BTreeMap<ValueId, Held>,
    /// By end of life. An entry may be outdated: what it names is looked at again.
    ends: BTreeSet<(Timestamp, ValueId)>,
}

impl Values {
    /// The value, if it is seen at a time.
    pub fn get(&self, id: &ValueId, now: Timestamp) -> Option<Bytes> {
        let held = self.held.get(id)?;
        let is_seen = held.expires.is_none_or(|expires| now < expires);
        is_seen.then(|| held.value.clone())
    }

    /// Sets the value.
    pub fn put(&mut self, id: ValueId, value: Bytes, expires: Option<Timestamp>) {
        if let Some(expires) = expires {
            self.ends.insert((expires, id.clone()));
        }
        self.held.insert(id, Held { value, expires });
    }

    /// Removes the value.
    pub fn remove(&mut self, id: &ValueId) {
        self.held.remove(id);
    }

    /// Drops what has expired.
    pub fn forget(&mut self, now: Timestamp) {
        while self.ends.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, id)) = self.ends.pop_first() else { return };
            let is_over = |held: &Held| held.expires.is_some_and(|expires| expires <= now);
            if self.held.get(&id).is_some_and(is_over) {
                self.held.remove(&id);
            }
        }
    }

    /// How many values there are, and their bytes: spaces, keys and values.
    pub fn count(&self) -> (usize, usize) {
        let bytes = |((space, key), held): (&ValueId, &Held)| space.len() + key.len() + held.value.len();
        (self.held.len(), self.held.iter().map(bytes).sum())
    }
}

/// All rows by due time.
#[derive(Default)]
pub(super) struct Schedule {
    minutes: BTreeMap<MinuteId, BTreeMap<(Timestamp, Bytes), Bytes>>,
}

impl Schedule {
    /// Writes a row.
    pub fn insert(&mut self, minute: MinuteId, row: DueRow) {
        self.minutes.entry(minute).or_default().insert((row.due, row.key), row.value);
    }

    /// Deletes a row.
    pub fn remove(&mut self, minute: &MinuteId, at: &(Timestamp, Bytes)) {
        let Some(rows) = self.minutes.get_mut(minute) else { return };
        rows.remove(at);
        if rows.is_empty() {
            self.minutes.remove(minute);
        }
    }

    /// At most `max` rows of a minute behind `after`.
    pub fn page(&self, minute: &MinuteId, after: Option<(Timestamp, Bytes)>, max: usize) -> Vec<DueRow> {
        let Some(rows) = self.minutes.get(minute) else { return Vec::new() };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        rows.range((from, Bound::Unbounded))
            .take(max)
            .map(|((due, key), value)| DueRow { due: *due, key: key.clone(), value: value.clone() })
            .collect()
    }

    /// How many rows there are, and their bytes: spaces, keys and values.
    pub fn count(&self) -> (usize, usize) {
        let (mut rows, mut bytes) = (0, 0);
        for ((space, _, _), minute) in &self.minutes {
            rows += minute.len();
            bytes +=
                minute.iter().map(|((_, key), value)| space.len() + key.len() + value.len()).sum::<usize>();
        }
        (rows, bytes)
    }
}
