//! The bytes of keys and values on disk. Changing any of them takes a new [`super::rows::FORMAT`].
//!
//! Numbers are big-endian and never negative, so that bytes sort as numbers do. What has no fixed length
//! carries it before it.
//!
//! What is read is `None` if it is nothing that was ever written: bytes of the right length are not yet numbers
//! that one may add to or make room for.

use std::collections::BTreeMap;

use bytes::Bytes;
use topics_log::memory::storage::{Kept, Place};
use topics_log::{Committed, Headers, Key, NewTopic, Timestamp};

use crate::PARTITIONS_MAX;
use crate::rows::Extent;

/// Highest number of a topic, and highest offset, that is believed. Half of what their types hold: no log gets
/// there, and whoever adds to them stays within.
pub(crate) const NUMBER_MAX: u64 = u64::MAX / 2;
const OFFSET_MAX: i64 = i64::MAX / 2;

/// Bytes of a record's key: topic, partition, offset.
const RECORD_KEY_BYTES: usize = 20;

/// The row beside the topics' that says which number was given last: no topic has it.
pub(crate) const LAST_NUMBER: u64 = 0;

/// A topic's key; also where the rows of its partitions begin in the other tables.
pub(crate) fn topic_key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The number in a topic's key.
pub(crate) fn topic_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.try_into().ok()?)).filter(|number| *number <= NUMBER_MAX)
}

/// A partition's key; also where its rows begin.
pub(crate) fn place_key(place: Place) -> Vec<u8> {
    let mut out = topic_key(place.topic);
    out.extend(place.partition.to_be_bytes());
    out
}

/// The place at the beginning of a key, and the rest.
pub(crate) fn split_place(key: &[u8]) -> Option<(Place, &[u8])> {
    let (topic, rest) = key.split_first_chunk::<8>()?;
    let (partition, rest) = rest.split_first_chunk()?;
    let place = Place { topic: topic_of(topic)?, partition: i32::from_be_bytes(*partition) };
    (place.partition >= 0).then_some((place, rest))
}

/// A record's key.
pub(crate) fn record_key(place: Place, offset: i64) -> Vec<u8> {
    let mut out = place_key(place);
    out.extend(offset.to_be_bytes());
    out
}

/// The offset in a record's key.
pub(crate) fn offset_of(record_key: &[u8]) -> Option<i64> {
    let last = record_key.last_chunk().filter(|_| record_key.len() == RECORD_KEY_BYTES);
    offset_in(last?)
}

/// An offset that a log can have.
fn offset_in(bytes: &[u8; 8]) -> Option<i64> {
    Some(i64::from_be_bytes(*bytes)).filter(|offset| (0..=OFFSET_MAX).contains(offset))
}

/// A record: when it was appended, key, value, then each header.
pub(crate) fn record_value(kept: &Kept) -> Vec<u8> {
    let mut out = Vec::with_capacity(kept.size_bytes() + 16 + 8 * kept.headers.len());
    out.extend(kept.timestamp.0.to_be_bytes());
    push_part(&mut out, kept.key.as_bytes());
    push_part(&mut out, &kept.value);
    for (name, value) in kept.headers.iter() {
        push_part(&mut out, name.as_bytes());
        push_part(&mut out, value);
    }
    out
}

/// Reads [`record_value`]. The bytes are copied: a slice would keep a whole block of the file in memory.
pub(crate) fn record_of(offset: i64, value: &[u8]) -> Option<Kept> {
    let timestamp = time_of(value)?;
    let (key, rest) = split_part(value.get(8..)?)?;
    let (value, mut rest) = split_part(rest)?;
    let mut headers = Headers::new();
    while !rest.is_empty() {
        let (name, after) = split_part(rest)?;
        let (header, after) = split_part(after)?;
        headers.push(std::str::from_utf8(name).ok()?, header);
        rest = after;
    }
    let (key, value) = (Key::new(key), Bytes::copy_from_slice(value));
    Some(Kept { offset, timestamp, key, value, headers })
}

/// When a record was appended, from its value.
pub(crate) fn time_of(record_value: &[u8]) -> Option<Timestamp> {
    record_value.first_chunk().map(|time| Timestamp(i64::from_be_bytes(*time)))
}

/// Bytes of a record's key, value and headers, from its value.
pub(crate) fn size_of(record_value: &[u8]) -> Option<u64> {
    let (mut rest, mut size) = (record_value.get(8..)?, 0);
    while !rest.is_empty() {
        let (part, after) = split_part(rest)?;
        size += part.len() as u64;
        rest = after;
    }
    Some(size)
}

/// How far a partition goes and how much is in it.
pub(crate) fn extent_value(extent: Extent) -> Vec<u8> {
    let Extent { start, end, records_end, records, bytes } = extent;
    let offsets = [start, end, records_end].map(i64::to_be_bytes);
    let amounts = [records, bytes].map(u64::to_be_bytes);
    offsets.into_iter().chain(amounts).flatten().collect()
}

/// Reads [`extent_value`].
pub(crate) fn extent_of(value: &[u8]) -> Option<Extent> {
    let (numbers, []) = value.as_chunks::<8>() else { return None };
    let [start, end, records_end, records, bytes] = *numbers else { return None };
    let [start, end, records_end] = [offset_in(&start)?, offset_in(&end)?, offset_in(&records_end)?];
    let [records, bytes] = [records, bytes].map(u64::from_be_bytes);
    let is_possible = start <= records_end && records_end <= end && records.max(bytes) <= NUMBER_MAX;
    is_possible.then_some(Extent { start, end, records_end, records, bytes })
}

/// The key of a committed offset.
pub(crate) fn offset_key(place: Place, group: &str) -> Vec<u8> {
    let mut out = place_key(place);
    out.extend(group.as_bytes());
    out
}

/// A committed offset: the offset, what is noted with it.
pub(crate) fn offset_value(committed: &Committed) -> Vec<u8> {
    let mut out = committed.offset.to_be_bytes().to_vec();
    out.extend(committed.metadata.as_bytes());
    out
}

/// Reads [`offset_key`] and [`offset_value`].
pub(crate) fn committed_of(key: &[u8], value: &[u8]) -> Option<(String, Place, Committed)> {
    let (place, group) = split_place(key)?;
    let (offset, metadata) = value.split_first_chunk()?;
    let metadata = std::str::from_utf8(metadata).ok()?.to_owned();
    let committed = Committed { offset: offset_in(offset)?, metadata };
    Some((std::str::from_utf8(group).ok()?.to_owned(), place, committed))
}

/// A topic: partitions, name, then each line of its configuration.
pub(crate) fn topic_value(topic: &NewTopic) -> Vec<u8> {
    let mut out = topic.partitions.to_be_bytes().to_vec();
    push_part(&mut out, topic.name.as_bytes());
    for (name, value) in &topic.config {
        push_part(&mut out, name.as_bytes());
        push_part(&mut out, value.as_bytes());
    }
    out
}

/// Reads [`topic_value`].
pub(crate) fn topic_value_of(value: &[u8]) -> Option<NewTopic> {
    let text = |part: &[u8]| std::str::from_utf8(part).ok().map(str::to_owned);
    let (partitions, rest) = value.split_first_chunk()?;
    let (name, mut rest) = split_part(rest)?;
    let mut config = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = split_part(rest)?;
        let (value, after) = split_part(after)?;
        config.insert(text(name)?, text(value)?);
        rest = after;
    }
    let partitions =
        Some(i32::from_be_bytes(*partitions)).filter(|count| (1..=PARTITIONS_MAX).contains(count))?;
    Some(NewTopic { name: text(name)?, partitions, replication: 1, config })
}

/// Appends bytes with their length before them. No part reaches 4 GiB: the log bounds records.
fn push_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(part);
}

/// Reads [`push_part`], and the rest.
fn split_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

#[cfg(test)]
mod tests;
