//! An inbox on its way to another partition count: two generations of it, and which of them a record is for.
//!
//! A work lives and ends in the generation of its first record. So one thing must be known for certain before
//! the new generation begins any work: that the old one begins none any more. The way there, every step of
//! which may be repeated:
//!
//! 1. The new generation's topic is made. Its workers join, are assigned partitions, and step nothing.
//! 2. A *draining record* is put into each partition of the old generation. Its step writes a row as every step
//!    does, under a key of its own: so whether a partition drains is a function of position like all state, and
//!    a new owner reads it below the committed offset. Behind that record the old generation passes on what it
//!    does not know, unchanged and in order; what it knows it steps as ever.
//! 3. Once every partition of the old generation has *committed* past its draining record the new one begins
//!    ([`has_moved`]): no key can begin a work in the old one from then on. What the new one does not know it
//!    looks for among the old one's rows, and sends back what is known there.
//!
//! Whoever sends may know either generation, or both, and for as long as it likes: the old one passes on, the
//! new one sends back, and no key is unknown to the old one and then known again. The order of a key's records
//! is kept, since a detour leads from one partition to one partition. It ends with the old topic's removal,
//! once nothing in it can matter any more; only until then the new generation looks twice.
//!
//! What a record is to a work is not known here: what is passed on is the handler's say.

use schemas_codec::Codec;
use schemas_records::headers::{Headers, KIND};
use schemas_records::protocol::Draining;
use schemas_records::{Key, Kind, Position};
use topics_catalog::Inbox;
use topics_log::{NewRecord, Record, partition_of};
use topics_state::{LATE_WRITE_MAX, Slot, StateStore};

use super::Settings;
use crate::dead_letters::DeadReason;
use crate::handler::{Input, NewState, Step};

/// What the keys of draining records begin with: no work's does, since those are hexadecimal digits.
const KEY_PREFIX: &str = "draining-";

/// The key of a partition's draining record. Rows are not told apart by partition, so keys are.
fn key_of(partition: i32) -> Key {
    Key::new(format!("{KEY_PREFIX}{partition}").as_bytes())
}

/// The record by which a partition of `old` learns that new works begin in `new`.
///
/// # Errors
/// The codec's own, which would be a bug.
pub fn draining_record(
    codec: &Codec,
    old: &Inbox,
    partition: i32,
    new: &Inbox,
) -> Result<NewRecord, schemas_codec::Error> {
    let Inbox { topic, generation, partitions } = new;
    let draining = Draining { topic: topic.to_string(), generation: *generation, partitions: *partitions };
    let mut headers = Headers::new();
    headers.push(KIND, Kind::Draining.as_str());
    Ok(NewRecord {
        topic: old.topic.clone(),
        partition: Some(partition),
        key: key_of(partition),
        value: codec.encode(&draining)?,
        headers,
    })
}

/// Whether every partition of a generation has committed past its draining record, as far as the store tells:
/// the owners' rows say less than what is committed, never more. Once it is so it stays so.
///
/// # Errors
/// The store's own.
pub async fn has_moved(
    store: &dyn StateStore,
    agent: &str,
    old: &Inbox,
) -> Result<bool, topics_state::Error> {
    let mut below = Vec::new();
    for partition in 0..old.partitions {
        let slot = Slot { agent: agent.into(), generation: old.generation, partition };
        let Some(offset) = store.owner(&slot).await?.and_then(|owner| owner.committed) else {
            return Ok(false);
        };
        below.push((key_of(partition), Position { generation: old.generation, partition, offset }));
    }
    Ok(store.read(agent, &below).await?.iter().all(Option::is_some))
}

/// The generation that a record tells its partition to drain to; `None` if it is no draining record.
#[must_use]
pub fn names_next(codec: &Codec, record: &Record) -> Option<Inbox> {
    let draining = is_draining(record).then(|| codec.decode::<Draining>(&record.value).ok())??;
    let Draining { topic, generation, partitions } = draining;
    Some(Inbox { topic: topic.into(), generation, partitions })
}

/// Whether a record is a draining record. Told by its key first: it is asked of every record.
pub(super) fn is_draining(record: &Record) -> bool {
    record.key.as_bytes().starts_with(KEY_PREFIX.as_bytes())
        && record.headers.text(KIND) == Some(Kind::Draining.as_str())
}

/// Where a partition's draining row stands, if there is one below `next`.
pub(super) fn row_below(settings: &Settings, partition: i32, next: i64) -> (Key, Position) {
    (key_of(partition), Position { generation: settings.generation, partition, offset: next })
}

/// Where a key's row of the generation before would stand, if it has one.
pub(super) fn row_before(before: &Inbox, key: &Key) -> (Key, Position) {
    let partition = partition_of(key.as_bytes(), before.partitions);
    (key.clone(), Position { generation: before.generation, partition, offset: i64::MAX })
}

/// The generation that a draining record or row names.
///
/// # Errors
/// A sentence, if it cannot be read or names no later generation.
pub(super) fn next_of(codec: &Codec, settings: &Settings, value: &[u8]) -> Result<Inbox, String> {
    let draining: Draining = codec.decode(value).map_err(|error| error.to_string())?;
    if draining.generation <= settings.generation || draining.partitions < 1 {
        return Err(format!(
            "it names generation {} with {} partitions, and this is generation {}",
            draining.generation, draining.partitions, settings.generation
        ));
    }
    let Draining { topic, generation, partitions } = draining;
    Ok(Inbox { topic: topic.into(), generation, partitions })
}

/// The step of a draining record: its partition drains from here on. The first one counts; one that says the
/// same again changes nothing, and one that says something else is a dead letter.
pub(super) fn step(codec: &Codec, settings: &Settings, input: &Input<'_>) -> (Step, Option<Inbox>) {
    let record = input.record;
    let found = if record.key == key_of(record.topic_partition.partition) {
        next_of(codec, settings, &record.value)
    } else {
        Err("its key is another partition's".to_owned())
    };
    let stood = input.state.and_then(|row| Some((row, next_of(codec, settings, &row.value).ok()?)));
    let state = |value| Step { state: value, outputs: Vec::new(), dead: None, notes: vec!["draining"] };
    match (found, stood) {
        (Ok(found), None) => (state(NewState::Value(record.value.clone())), Some(found)),
        (Ok(found), Some((row, stood))) if found == stood => {
            (state(NewState::Value(row.value.clone())), Some(stood))
        }
        (found, stood) => {
            let why = found.err().unwrap_or_else(|| "this partition drains to another generation".to_owned());
            let reason = DeadReason::new(
                "bad-draining",
                format!("read a draining record: {why}"),
                "only `tributary inbox migrate` writes them; see who wrote this one",
            );
            let kept = match &stood {
                Some((row, _)) => NewState::Value(row.value.clone()),
                None => NewState::Absent { value: record.value.slice(..0), lives: LATE_WRITE_MAX },
            };
            let step = Step { dead: Some(reason), notes: Vec::new(), ..state(kept) };
            (step, stood.map(|(_, inbox)| inbox))
        }
    }
}
