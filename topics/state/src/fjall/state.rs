//! The seam for agents' state, over the tables on disk.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use schemas_records::{Key, Position, Timestamp};

use super::FjallStore;
use super::change::Change;
use super::files::Tables;
use super::layout;
use super::sweep::Ending;
use super::trouble::Trouble;
use crate::error::Error;
use crate::owners;
use crate::state::{Epoch, Owner, Row, Slot, StateStore, Version};
use crate::winner::{Cell, Floors, end_of_life};

#[async_trait]
impl StateStore for FjallStore {
    async fn identity(&self) -> Result<String, Error> {
        Ok(self.shared.disk.identity().to_owned())
    }

    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        let attempted = || format!("read the owner's row of {slot}");
        self.shared.look(attempted, |tables, _| owner(tables, slot))
    }

    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        let attempted = || format!("register as owner of {slot}");
        self.shared.change(attempted, 1, |change| {
            let stood = owner(change.tables, slot)?;
            Ok(owners::successor(slot, stood.as_ref(), topic_id).map(|next| {
                change.batch.insert(
                    &change.tables.owners,
                    layout::owner_key(slot),
                    layout::owner_value(&next),
                );
                (stood, next.epoch)
            }))
        })?
    }

    async fn note(&self, slot: &Slot, noted: &Owner) -> Result<(), Error> {
        let attempted = || format!("note the owner's row of {slot}");
        self.shared.change(attempted, 1, |change| {
            let stood = owner(change.tables, slot)?;
            Ok(owners::may_note(slot, stood.as_ref(), noted).map(|()| {
                change.batch.insert(
                    &change.tables.owners,
                    layout::owner_key(slot),
                    layout::owner_value(noted),
                );
            }))
        })?
    }

    async fn read(&self, agent: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error> {
        let attempted = || format!("read {} states of {agent}", below.len());
        self.shared.look(attempted, |tables, now| {
            let mut found = Vec::with_capacity(below.len());
            for (key, position) in below {
                let line = layout::line(agent, key.as_bytes(), position.generation);
                let newest = newest_below(tables, &line, position.offset, now)?;
                found.push(newest.map(|(offset, cell)| Version {
                    position: Position { offset, ..*position },
                    value: cell.value,
                }));
            }
            Ok(found)
        })
    }

    async fn write(&self, agent: &str, epoch: Epoch, rows: Vec<Row>) -> Result<(), Error> {
        self.shared.give_way().await;
        let count = rows.len();
        let attempted = || format!("write {count} states of {agent}");
        self.shared.change(attempted, count, |change| {
            // A position that is given twice is settled first: a change does not see its own writes.
            let mut cells = BTreeMap::<(Vec<u8>, i64), Cell>::new();
            for row in rows {
                let line = layout::line(agent, row.key.as_bytes(), row.position.generation);
                let cell = Cell { epoch, expires: end_of_life(change.now, row.lives), value: row.value };
                let at = (line, row.position.offset);
                if cells.get(&at).is_none_or(|other| cell.beats(other)) {
                    cells.insert(at, cell);
                }
            }
            for ((line, offset), cell) in cells {
                write_cell(change, &line, offset, &cell)?;
            }
            Ok(())
        })
    }

    async fn prune(&self, agent: &str, epoch: Epoch, below: &[(Key, Position)]) -> Result<(), Error> {
        self.shared.give_way().await;
        let attempted = || format!("prune {} states of {agent}", below.len());
        self.shared.change(attempted, below.len(), |change| {
            // Of a line that is given twice the highest offset says it all.
            let mut offsets = BTreeMap::<Vec<u8>, i64>::new();
            for (key, position) in below {
                let line = layout::line(agent, key.as_bytes(), position.generation);
                let highest = offsets.entry(line).or_insert(position.offset);
                *highest = position.offset.max(*highest);
            }
            for (line, offset) in offsets {
                prune_line(change, &line, offset, epoch)?;
            }
            Ok(())
        })
    }
}

/// The owner's row.
fn owner(tables: &Tables, slot: &Slot) -> Result<Option<Owner>, Trouble> {
    let Some(value) = tables.owners.get(layout::owner_key(slot))? else { return Ok(None) };
    layout::owner_of(&value).map(Some).ok_or(Trouble::Unreadable("an owner's row"))
}

/// The newest version below an offset that is seen at a time. One seek: offsets lie in falling order, so
/// it is the first one met, and the marks of pruned versions lie behind it.
fn newest_below(
    tables: &Tables,
    line: &[u8],
    offset: i64,
    now: Timestamp,
) -> Result<Option<(i64, Cell)>, Trouble> {
    if offset == i64::MIN {
        return Ok(None);
    }
    let (behind, last) = (layout::cell_key(line, offset), layout::cell_key(line, i64::MIN));
    let below = (Bound::Excluded(behind), Bound::Included(last));
    for entry in tables.cells.range(below) {
        let (key, value) = entry.into_inner()?;
        let cell = layout::cell_of(&value).ok_or(Trouble::Unreadable("a state"))?;
        if cell.is_seen(now) {
            let offset = layout::offset_of(&key).ok_or(Trouble::Unreadable("a state's offset"))?;
            return Ok(Some((offset, cell)));
        }
    }
    Ok(None)
}

/// The deletions of a line.
fn floors(tables: &Tables, line: &[u8]) -> Result<Floors, Trouble> {
    let Some(value) = tables.floors.get(line)? else { return Ok(Floors::default()) };
    layout::floors_of(&value).ok_or(Trouble::Unreadable("a deletion"))
}

/// Writes a cell, if it wins.
fn write_cell(change: &mut Change<'_>, line: &[u8], offset: i64, cell: &Cell) -> Result<(), Trouble> {
    if floors(change.tables, line)?.hide(offset, cell.epoch) {
        return Ok(());
    }
    let key = layout::cell_key(line, offset);
    if let Some(standing) = change.tables.cells.get(&key)? {
        let standing = layout::cell_of(&standing).ok_or(Trouble::Unreadable("a state"))?;
        if !cell.beats(&standing) {
            return Ok(());
        }
    }
    change.ends(cell.forgettable_from(), Ending::Cell, &key);
    change.batch.insert(&change.tables.cells, key, layout::cell_value(cell));
    Ok(())
}

/// Deletes the cells of a line below an offset that are not of a higher epoch, also late ones.
fn prune_line(change: &mut Change<'_>, line: &[u8], offset: i64, epoch: Epoch) -> Result<(), Trouble> {
    let mut floors = floors(change.tables, line)?;
    // What an earlier deletion of this epoch or a higher one covers is gone already, and only the marks
    // of it remain: walking over them each time would make pruning slower with every version.
    let gone_below = floors.gone_below(epoch).unwrap_or(i64::MIN);
    if gone_below < offset {
        let last = layout::cell_key(line, gone_below);
        let between = (Bound::Excluded(layout::cell_key(line, offset)), Bound::Included(last));
        for entry in change.tables.cells.range(between) {
            let (key, value) = entry.into_inner()?;
            let cell = layout::cell_of(&value).ok_or(Trouble::Unreadable("a state"))?;
            if cell.epoch <= epoch {
                change.batch.remove(&change.tables.cells, key);
            }
        }
    }
    floors.add(offset, epoch, change.now);
    change.ends(floors.forgettable_from(), Ending::Floors, line);
    change.batch.insert(&change.tables.floors, line, layout::floors_value(&floors));
    Ok(())
}
