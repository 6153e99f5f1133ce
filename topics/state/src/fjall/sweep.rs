//! Forgets, a few rows at a time and just before other changes, what has expired.
//!
//! No task of its own: a store that nobody writes to keeps what it has, and one that is written to
//! sweeps twice as fast as it fills. What has expired is unseen in any case.

use fjall::Keyspace;
use schemas_records::Timestamp;

use super::disk::Disk;
use super::files::Tables;
use super::layout;
use super::trouble::Trouble;

/// Most rows looked at in one step: well under a millisecond, paid by the one change that makes it.
const STEP_ROWS: usize = 16;

/// A step is made after so many rows were written: half of [`STEP_ROWS`], so that sweeping catches up.
const ROWS_BEFORE_STEP: usize = 8;

/// A table whose rows end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Ending {
    /// A version of a state.
    Cell = 1,
    /// The deletions of a line.
    Floors = 2,
    /// A value by key.
    Held = 3,
}

/// How far the list of what ends has been worked through.
#[derive(Default)]
pub(super) struct Sweep {
    /// Everything before this entry is done. The engine's own marks of removed entries lie there, which
    /// must not be walked over again each time; empty after opening, so they are once.
    done_before: Vec<u8>,
    /// When the next entry is due, as far as is known; `None` after opening.
    next: Option<Timestamp>,
    /// Rows written since the last step.
    rows_since: usize,
}

impl Sweep {
    /// Takes note of an entry that was added.
    pub fn added(&mut self, from: Timestamp, end_key: &[u8]) {
        self.next = self.next.map(|next| next.min(from));
        if end_key < self.done_before.as_slice() {
            self.done_before = end_key.to_vec();
        }
    }

    /// Counts rows that are about to be written, and makes a step if it is time: removes from the tables
    /// what the next entries name, if it has truly ended. A batch of its own: the change that follows may
    /// write a row that this removes.
    pub fn step(&mut self, rows: usize, disk: &Disk, tables: &Tables, now: Timestamp) -> Result<(), Trouble> {
        self.rows_since += rows;
        if self.rows_since < ROWS_BEFORE_STEP || self.next.is_some_and(|next| now < next) {
            return Ok(());
        }
        self.rows_since = 0;
        let mut batch = disk.engine_batch();
        let (mut done_before, mut next) = (self.done_before.clone(), Timestamp(i64::MAX));
        let entries = tables.ends.range(done_before.clone()..);
        for (index, entry) in entries.enumerate() {
            let entry = entry.key()?;
            let (from, ending, key) = layout::end_of(&entry).ok_or(Trouble::Unreadable("an end of life"))?;
            done_before = entry.to_vec();
            if from > now || index == STEP_ROWS {
                next = from;
                break;
            }
            if let Some(table) = ended(tables, ending, key, now)? {
                batch.remove(table, key);
            }
            batch.remove(&tables.ends, entry.clone());
        }
        batch.commit()?;
        self.done_before = done_before;
        self.next = Some(next);
        Ok(())
    }
}

/// The table of a row that may be forgotten at a time; `None` if it is gone, or was given another life
/// since its end was listed.
fn ended<'a>(
    tables: &'a Tables,
    ending: u8,
    key: &[u8],
    now: Timestamp,
) -> Result<Option<&'a Keyspace>, Trouble> {
    let (table, from) = if ending == Ending::Cell as u8 {
        let Some(value) = tables.cells.get(key)? else { return Ok(None) };
        let cell = layout::cell_of(&value).ok_or(Trouble::Unreadable("a state"))?;
        (&tables.cells, cell.forgettable_from())
    } else if ending == Ending::Floors as u8 {
        let Some(value) = tables.floors.get(key)? else { return Ok(None) };
        let floors = layout::floors_of(&value).ok_or(Trouble::Unreadable("a deletion"))?;
        (&tables.floors, floors.forgettable_from())
    } else {
        let Some(value) = tables.held.get(key)? else { return Ok(None) };
        let (expires, _) = layout::held_of(&value).ok_or(Trouble::Unreadable("a value"))?;
        (&tables.held, expires)
    };
    Ok(from.is_some_and(|from| from <= now).then_some(table))
}
