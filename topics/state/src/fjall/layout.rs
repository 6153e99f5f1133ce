//! The bytes of keys and values on disk. Changing any of them takes a new [`super::files::FORMAT`].
//!
//! Numbers are big-endian with the sign bit turned, so that bytes sort as numbers do. Names and keys
//! carry their length before them, so that none is another's prefix.

use bytes::Bytes;
use schemas_records::Timestamp;

use crate::state::{Epoch, Owner, Slot};
use crate::winner::{Cell, Floor, Floors};

/// Longest name or key that is stored as it is. A longer one is filed under its hash: fjall takes keys
/// of 65,535 bytes in all, and whoever sends a longer key must not stop a node.
const PART_BYTES_MAX: usize = 4096;

/// Stands where the length would, before a hash. No length reaches it.
const HASHED: u16 = u16::MAX;

/// Stands for no end of life.
const NEVER: i64 = i64::MAX;

/// Bytes of an epoch or a time.
const NUMBER_BYTES: usize = 8;

/// A number whose bytes sort as it does.
fn number(number: i64) -> [u8; NUMBER_BYTES] {
    (number ^ i64::MIN).to_be_bytes()
}

/// A number whose bytes sort as it does.
fn small(number: i32) -> [u8; 4] {
    (number ^ i32::MIN).to_be_bytes()
}

/// The number of [`number`] at the beginning, and the rest.
fn split_number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*first) ^ i64::MIN, rest))
}

/// Appends a name or key.
fn push_part(out: &mut Vec<u8>, part: &[u8]) {
    match u16::try_from(part.len()) {
        Ok(length) if part.len() <= PART_BYTES_MAX => {
            out.extend(length.to_be_bytes());
            out.extend(part);
        }
        _ => {
            out.extend(HASHED.to_be_bytes());
            out.extend(blake3::hash(part).as_bytes());
        }
    }
}

/// Where the versions of a key in a generation lie: the beginning of their keys, and the key of their
/// deletions.
pub(super) fn line(agent: &str, key: &[u8], generation: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(agent.len() + key.len() + 16);
    push_part(&mut out, agent.as_bytes());
    push_part(&mut out, key);
    out.extend(small(generation));
    out
}

/// A version's key: its line, then its offset, the highest first.
pub(super) fn cell_key(line: &[u8], offset: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + NUMBER_BYTES);
    out.extend(line);
    out.extend(number(!offset));
    out
}

/// The offset in a version's key.
pub(super) fn offset_of(cell_key: &[u8]) -> Option<i64> {
    let last = cell_key.last_chunk()?;
    Some(!(i64::from_be_bytes(*last) ^ i64::MIN))
}

/// A version's value: epoch, end of life, bytes.
pub(super) fn cell_value(cell: &Cell) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * NUMBER_BYTES + cell.value.len());
    out.extend(number(cell.epoch.0));
    out.extend(number(cell.expires.map_or(NEVER, |expires| expires.0)));
    out.extend(&cell.value);
    out
}

/// Reads [`cell_value`]. The bytes are copied: a slice would keep a whole block of the file in memory.
pub(super) fn cell_of(value: &[u8]) -> Option<Cell> {
    let (epoch, rest) = split_number(value)?;
    let (expires, rest) = split_number(rest)?;
    let expires = (expires != NEVER).then_some(Timestamp(expires));
    Some(Cell { epoch: Epoch(epoch), expires, value: Bytes::copy_from_slice(rest) })
}

/// Deletions: offset, epoch and until when, for each.
pub(super) fn floors_value(floors: &Floors) -> Vec<u8> {
    let fields = |floor: &Floor| [number(floor.offset), number(floor.epoch.0), number(floor.until.0)];
    floors.0.iter().flat_map(fields).flatten().collect()
}

/// Reads [`floors_value`].
pub(super) fn floors_of(mut value: &[u8]) -> Option<Floors> {
    let mut floors = Vec::new();
    while !value.is_empty() {
        let (offset, rest) = split_number(value)?;
        let (epoch, rest) = split_number(rest)?;
        let (until, rest) = split_number(rest)?;
        floors.push(Floor { offset, epoch: Epoch(epoch), until: Timestamp(until) });
        value = rest;
    }
    Some(Floors(floors))
}

/// An owner's key.
pub(super) fn owner_key(slot: &Slot) -> Vec<u8> {
    let mut out = Vec::with_capacity(slot.agent.len() + 16);
    push_part(&mut out, slot.agent.as_bytes());
    out.extend(small(slot.generation));
    out.extend(small(slot.partition));
    out
}

/// An owner's row: epoch, committed and stepping ([`i64::MIN`] for none), deaths, closed, topic id.
pub(super) fn owner_value(owner: &Owner) -> Vec<u8> {
    let mut out = Vec::with_capacity(3 * NUMBER_BYTES + 5 + owner.topic_id.len());
    out.extend(number(owner.epoch.0));
    out.extend(number(owner.committed.unwrap_or(i64::MIN)));
    out.extend(number(owner.stepping.unwrap_or(i64::MIN)));
    out.extend(owner.deaths.to_be_bytes());
    out.push(u8::from(owner.closed));
    out.extend(owner.topic_id.as_bytes());
    out
}

/// Reads [`owner_value`].
pub(super) fn owner_of(value: &[u8]) -> Option<Owner> {
    let (epoch, rest) = split_number(value)?;
    let (committed, rest) = split_number(rest)?;
    let (stepping, rest) = split_number(rest)?;
    let (deaths, rest) = rest.split_first_chunk()?;
    let (closed, topic_id) = rest.split_first()?;
    Some(Owner {
        epoch: Epoch(epoch),
        topic_id: std::str::from_utf8(topic_id).ok()?.to_owned(),
        committed: (committed != i64::MIN).then_some(committed),
        stepping: (stepping != i64::MIN).then_some(stepping),
        deaths: u32::from_be_bytes(*deaths),
        closed: *closed == 1,
    })
}

/// The key of a value by key.
pub(super) fn held_key(space: &str, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(space.len() + key.len() + 4);
    push_part(&mut out, space.as_bytes());
    push_part(&mut out, key);
    out
}

/// A value by key: end of life, bytes.
pub(super) fn held_value(value: &[u8], expires: Option<Timestamp>) -> Vec<u8> {
    let mut out = Vec::with_capacity(NUMBER_BYTES + value.len());
    out.extend(number(expires.map_or(NEVER, |expires| expires.0)));
    out.extend(value);
    out
}

/// Reads [`held_value`].
pub(super) fn held_of(value: &[u8]) -> Option<(Option<Timestamp>, &[u8])> {
    let (expires, rest) = split_number(value)?;
    Some(((expires != NEVER).then_some(Timestamp(expires)), rest))
}

/// Where the due rows of a minute lie: the beginning of their keys.
pub(super) fn minute(space: &str, bucket: i32, minute: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(space.len() + 16);
    push_part(&mut out, space.as_bytes());
    out.extend(small(bucket));
    out.extend(number(minute));
    out
}

/// A due row's key: its minute, when it is due, its own key as it is.
pub(super) fn due_key(minute: &[u8], due: Timestamp, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(minute.len() + NUMBER_BYTES + key.len());
    out.extend(minute);
    out.extend(number(due.0));
    out.extend(key);
    out
}

/// When a row is due and its own key, from the key on disk.
pub(super) fn due_of<'a>(minute: &[u8], key: &'a [u8]) -> Option<(Timestamp, &'a [u8])> {
    let (due, key) = split_number(key.strip_prefix(minute)?)?;
    Some((Timestamp(due), key))
}

/// An entry in the list of what may be forgotten: from when on, in which table, under which key.
pub(super) fn end_key(from: Timestamp, table: u8, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(NUMBER_BYTES + 1 + key.len());
    out.extend(number(from.0));
    out.push(table);
    out.extend(key);
    out
}

/// Reads [`end_key`].
pub(super) fn end_of(end_key: &[u8]) -> Option<(Timestamp, u8, &[u8])> {
    let (from, rest) = split_number(end_key)?;
    let (table, key) = rest.split_first()?;
    Some((Timestamp(from), *table, key))
}

#[cfg(test)]
mod tests;
