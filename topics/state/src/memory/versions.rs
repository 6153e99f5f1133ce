//! State's cells in memory, by agent, key, generation and offset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas_records::{Key, Timestamp};

use crate::state::Epoch;
use crate::winner::{Cell, Floors};

/// The versions of one key in one generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub agent: Arc<str>,
    pub key: Key,
    pub generation: i32,
}

/// What will be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Forgettable {
    Cell(Line, i64),
    Floors(Line),
}

/// All cells and deletions.
#[derive(Default)]
pub(super) struct Versions {
    cells: BTreeMap<(Line, i64), Cell>,
    floors: BTreeMap<Line, Floors>,
    /// By the time from which on each may be forgotten. An entry may be outdated: what it names is
    /// looked at again.
    forgettable: BTreeSet<(Timestamp, Forgettable)>,
}

impl Versions {
    /// The newest version below an offset that is seen at a time.
    pub fn newest_below(&self, line: &Line, offset: i64, now: Timestamp) -> Option<(i64, &Cell)> {
        let below = (line.clone(), i64::MIN)..(line.clone(), offset);
        let seen = self.cells.range(below).rev().find(|(_, cell)| cell.is_seen(now));
        seen.map(|((_, offset), cell)| (*offset, cell))
    }

    /// Writes a cell, if it wins.
    pub fn write(&mut self, line: Line, offset: i64, cell: Cell) {
        if self.floors.get(&line).is_some_and(|floors| floors.hide(offset, cell.epoch)) {
            return;
        }
        let at = (line, offset);
        if self.cells.get(&at).is_some_and(|standing| !cell.beats(standing)) {
            return;
        }
        if let Some(from) = cell.forgettable_from() {
            self.forgettable.insert((from, Forgettable::Cell(at.0.clone(), offset)));
        }
        self.cells.insert(at, cell);
    }

    /// Deletes all cells below an offset that are not of a higher epoch, also late ones.
    pub fn prune(&mut self, line: &Line, offset: i64, epoch: Epoch, now: Timestamp) {
        let below = (line.clone(), i64::MIN)..(line.clone(), offset);
        let deleted = self.cells.range(below).filter(|(_, cell)| cell.epoch <= epoch);
        for at in deleted.map(|(at, _)| at.clone()).collect::<Vec<_>>() {
            self.cells.remove(&at);
        }
        let floors = self.floors.entry(line.clone()).or_default();
        floors.add(offset, epoch, now);
        if let Some(from) = floors.forgettable_from() {
            self.forgettable.insert((from, Forgettable::Floors(line.clone())));
        }
    }

    /// Forgets what can no longer matter at a time.
    pub fn forget(&mut self, now: Timestamp) {
        while self.forgettable.first().is_some_and(|(from, _)| *from <= now) {
            let Some((_, what)) = self.forgettable.pop_first() else { return };
            match what {
                Forgettable::Cell(line, offset) => {
                    let at = (line, offset);
                    let is_over = |cell: &Cell| cell.forgettable_from().is_some_and(|from| from <= now);
                    if self.cells.get(&at).is_some_and(is_over) {
                        self.cells.remove(&at);
                    }
                }
                Forgettable::Floors(line) => {
                    let is_over = |floors: &Floors| floors.forgettable_from().is_none_or(|from| from <= now);
                    if self.floors.get(&line).is_some_and(is_over) {
                        self.floors.remove(&line);
                    }
                }
            }
        }
    }

    /// Whether there are no deletions to remember and nothing else to forget.
    #[cfg(test)]
    pub fn is_settled(&self) -> bool {
        self.floors.is_empty() && self.forgettable.is_empty()
    }

    /// How many cells there are, seen or not, and their bytes: agents' names, keys and values.
    pub fn count(&self) -> (usize, usize) {
        let bytes = |((line, _), cell): (&(Line, i64), &Cell)| {
            line.agent.len() + line.key.as_bytes().len() + cell.value.len()
        };
        (self.cells.len(), self.cells.iter().map(bytes).sum())
    }
}
