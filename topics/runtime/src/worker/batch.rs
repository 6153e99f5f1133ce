//! A batch in memory: its records with their states, and what stepping them decided.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use schemas_records::{Key, Position, Timestamp};
use tokio::time::Instant;
use topics_catalog::Inbox;
use topics_guard::{Guard, stands};
use topics_log::{NewRecord, Record, TopicPartition, partition_of};
use topics_state::{Row, Version};

use super::ownership::Owned;
use super::settings::OUTPUT_BYTES_MAX;
use super::{Parts, Settings, Worker, moving};
use crate::dead_letters::{DeadReason, dead_letter};
use crate::error::{Error, Remedy};
use crate::handler::{Beside, Input, NewState, Step, Stopped};
use crate::spans;

/// Records with the states of their keys as they stand before the batch.
pub(super) struct Batch {
    records: Vec<Record>,
    states: States,
}

/// The state of each key of a batch, in the order in which keys were met: the same on every run.
#[derive(Default)]
struct States {
    index: HashMap<(TopicPartition, Key), usize>,
    slots: Vec<KeyState>,
}

struct KeyState {
    topic_partition: TopicPartition,
    key: Key,
    version: Option<Version>,
    /// Its newest row in the generation before, if there is such a generation and such a row.
    before: Option<Version>,
    /// Whether the store holds a version of it from before this batch.
    is_stored: bool,
    /// How many records of the batch it has.
    records: u32,
    changed: Option<NewState>,
}

impl KeyState {
    /// What a step left: the state that the key's next record finds, and the row to be written.
    fn take(&mut self, position: Position, state: NewState) {
        let value = state.value().clone();
        let is_new = || self.version.as_ref().map_or(!value.is_empty(), |before| before.value != value);
        let is_written = stands(Guard::EveryStepWrites) || is_new();
        self.version = Some(Version { position, value });
        if is_written {
            self.changed = Some(state);
        }
    }
}

/// What a batch decided: rows, outputs, offsets, and what to count.
#[derive(Default)]
pub(super) struct Stepped {
    /// One row a key, at the last position at which the key was met.
    pub(super) keys: Vec<SteppedKey>,
    /// Every output, in the order of the steps.
    pub(super) outputs: Vec<NewRecord>,
    /// The next offset of each partition.
    pub(super) next: BTreeMap<TopicPartition, i64>,
    /// How many records.
    pub(super) records: u64,
    /// The append time of the newest record.
    pub(super) newest: Timestamp,
    /// Dead letters by code.
    pub(super) dead: BTreeMap<&'static str, u64>,
    /// Notes by name.
    pub(super) notes: BTreeMap<&'static str, u64>,
    /// Those of its steps that somebody keeps; they count once the batch does.
    pub(super) spans: Vec<tracing::Span>,
    /// Partitions whose draining record was among its records.
    pub(super) draining: BTreeMap<TopicPartition, Arc<Inbox>>,
}

/// A key's last version in a batch.
pub(super) struct SteppedKey {
    pub(super) topic_partition: TopicPartition,
    pub(super) key: Key,
    pub(super) version: Version,
    /// Whether there was a version before, which is now only in the way.
    pub(super) replaces: bool,
    /// Whether it reads as no state.
    is_none: bool,
    /// For a tombstone with versions below it, or that may have some: how long it lives once they are deleted.
    pub(super) ends: Option<Duration>,
    /// For an absent row, or a tombstone with nothing below it: how long it lives, from the first write.
    lives: Option<Duration>,
}

impl SteppedKey {
    /// Whether it had no version before and needs none from now on.
    pub(super) fn is_fleeting(&self) -> bool {
        !self.replaces && self.lives.is_some()
    }

    /// Whether it reads as no state, or was over with its first record.
    pub(super) fn is_absent(&self) -> bool {
        (self.is_none && stands(Guard::AbsentAskedAgain)) || self.lives.is_some()
    }
}

impl Worker {
    /// Loads the state of every key of the batch that is not in the cache.
    pub(super) async fn load(&mut self, records: Vec<Record>) -> Result<Batch, Error> {
        let records: Vec<Record> =
            records.into_iter().filter(|record| self.owned.contains_key(&record.topic_partition)).collect();
        let mut states = States::default();
        let mut wanted: Vec<(Key, Position)> = Vec::new();
        let mut wanted_slots: Vec<usize> = Vec::new();
        for record in &records {
            let at = (record.topic_partition.clone(), record.key.clone());
            if states.index.contains_key(&at) {
                continue;
            }
            let cached = self.owned.get_mut(&at.0).and_then(|owned| owned.cache.get(&at.1));
            let slot = states.slots.len();
            if cached.is_none() {
                wanted.push((record.key.clone(), position(&self.settings, record)));
                wanted_slots.push(slot);
            }
            let (topic_partition, key) = at.clone();
            let is_stored = cached.is_some();
            let state = KeyState {
                topic_partition,
                key,
                version: cached,
                before: None,
                is_stored,
                records: 0,
                changed: None,
            };
            states.slots.push(state);
            states.index.insert(at, slot);
        }
        if !wanted.is_empty() {
            if let Some(before) = &self.settings.before {
                wanted.extend_from_within(..);
                for (key, position) in wanted.iter_mut().skip(wanted_slots.len()) {
                    (*key, *position) = moving::row_before(before, key);
                }
            }
            let (store, agent) = (&self.parts.store, self.settings.agent.as_str());
            let mut read = patiently(&self.settings, || store.read(agent, &wanted)).await?.into_iter();
            for (slot, version) in wanted_slots.iter().zip(read.by_ref()) {
                states.slots[*slot].is_stored = version.is_some();
                states.slots[*slot].version = version;
            }
            for (slot, before) in wanted_slots.into_iter().zip(read) {
                states.slots[slot].before = before;
            }
        }
        Ok(Batch { records, states })
    }

    /// Steps every record, in order. Changes nothing outside this process.
    pub(super) async fn step(&mut self, batch: &mut Batch) -> Result<Stepped, Error> {
        let mut out = Stepped::default();
        for record in &batch.records {
            out.records += 1;
            out.newest = out.newest.max(record.timestamp);
            out.next.insert(record.topic_partition.clone(), record.offset + 1);
            let is_draining = moving::is_draining(record);
            let partition = partition_of(record.key.as_bytes(), self.settings.partitions);
            let is_misplaced = partition != record.topic_partition.partition && !is_draining;
            if is_misplaced && stands(Guard::KeysInTheirPartition) {
                self.misplaced(record, &mut out)?;
                continue;
            }
            let slot = batch.states.index[&(record.topic_partition.clone(), record.key.clone())];
            let state = &mut batch.states.slots[slot];
            state.records += 1;
            let (before, next) = (self.settings.before.clone(), self.next_inbox(&out, record));
            let beside = Beside {
                before: before.as_ref().map(|inbox| (inbox, state.before.as_ref())),
                next: next.as_deref(),
            };
            let input = Input {
                record,
                position: position(&self.settings, record),
                state: state.version.as_ref(),
                beside,
            };
            let span = spans::step(&self.settings.name, &input);
            let step = if is_draining { self.drain(&input, &mut out) } else { self.step_one(&input).await? };
            if let Some(reason) = &step.dead {
                span.record("error.type", reason.code);
                self.bury(record, reason, &mut out)?;
            }
            if !span.is_disabled() {
                span.record("records", step.outputs.len());
                out.spans.push(span);
            }
            for note in &step.notes {
                *out.notes.entry(note).or_default() += 1;
            }
            out.outputs.extend(step.outputs);
            state.take(input.position, step.state);
        }
        for state in batch.states.slots.drain(..) {
            let KeyState { topic_partition, key, version, is_stored, records, changed, .. } = state;
            let (Some(version), Some(changed)) = (version, changed) else { continue };
            let is_none = matches!(changed, NewState::Absent { .. });
            let (ends, lives) = match changed {
                NewState::Value(_) => (None, None),
                // Begun and ended by one record, its first: no version can lie below it, not even one that
                // a batch left behind which came to nothing.
                NewState::Ended { lives, .. } if !is_stored && records == 1 => (None, Some(lives)),
                NewState::Ended { lives, .. } => (Some(lives), None),
                // Alone in its batch it stands where whatever was left would. Of several it is the last, and what a
                // dead owner with other code left at an earlier one must be gone before this row is.
                NewState::Absent { lives, .. } if records == 1 || !stands(Guard::LifeWhenAlone) => {
                    (None, Some(lives))
                }
                NewState::Absent { lives, .. } => (Some(lives), None),
            };
            let replaces = is_stored;
            out.keys.push(SteppedKey { topic_partition, key, version, replaces, is_none, ends, lives });
        }
        Ok(out)
    }

    /// The generation that keys belong to which are not known where this record stands.
    fn next_inbox(&self, out: &Stepped, record: &Record) -> Option<Arc<Inbox>> {
        let at = &record.topic_partition;
        let known = self.owned.get(at).and_then(|owned| owned.next_inbox.as_ref());
        known.or_else(|| out.draining.get(at)).cloned()
    }

    /// The step of a draining record, which is the worker's own.
    fn drain(&self, input: &Input<'_>, out: &mut Stepped) -> Step {
        let (step, next) = moving::step(&self.parts.codec, &self.settings, input);
        if let Some(next) = next {
            tracing::info!(handler = %self.settings.name, partition = %input.record.topic_partition,
                generation = next.generation, "drains: what is not known here belongs to the next generation");
            out.draining.insert(input.record.topic_partition.clone(), Arc::new(next));
        }
        step
    }

    /// One step, under the watchdog's eye, or the failure of a record whose steps kill.
    async fn step_one(&mut self, input: &Input<'_>) -> Result<Step, Error> {
        let topic_partition = &input.record.topic_partition;
        let condemned = self.mark(input).await?;
        let handler = &self.parts.handler;
        let stepped = if condemned {
            let reason = DeadReason::new(
                "step-never-returned",
                format!("{} owners died in this record's step", self.settings.step_deaths_max),
                "mend the agent, then put the record back",
            );
            handler.fail(input, &reason)
        } else {
            if let Some(watchdog) = &self.parts.watchdog {
                watchdog.begin(topic_partition.partition, input.record.offset);
            }
            let result = catch_unwind(AssertUnwindSafe(|| handler.step(input)));
            if let Some(watchdog) = &self.parts.watchdog {
                watchdog.end();
            }
            let result = result.map(|stepped| self.bounded(input, stepped));
            result.unwrap_or_else(|panic| {
                let reason = DeadReason::new(
                    "step-panicked",
                    format!("the step panicked: {}", panic_message(&*panic)),
                    "mend the agent, then put the record back",
                );
                handler.fail(input, &reason)
            })
        };
        self.unmark(topic_partition).await?;
        stepped.map_err(|stopped| {
            let at = format!("step {}/{} of {}", topic_partition, input.record.offset, self.settings.name);
            Error::new(Remedy::Stop, at, stopped.reason)
        })
    }

    /// A step whose output no log takes is the handler's fault: it fails, and the worker goes on.
    fn bounded(&self, input: &Input<'_>, stepped: Result<Step, Stopped>) -> Result<Step, Stopped> {
        let step = stepped?;
        let Some(largest) = step.outputs.iter().map(NewRecord::size_bytes).max() else { return Ok(step) };
        if largest <= OUTPUT_BYTES_MAX {
            return Ok(step);
        }
        let reason = DeadReason::new(
            "output-too-large",
            format!("the step made a record of {largest} bytes, at most {OUTPUT_BYTES_MAX} are allowed"),
            "mend the agent, then put the record back",
        );
        self.parts.handler.fail(input, &reason)
    }

    fn misplaced(&self, record: &Record, out: &mut Stepped) -> Result<(), Error> {
        let reason = DeadReason::new(
            "wrong-partition",
            format!("key {} does not belong to partition {}", record.key, record.topic_partition.partition),
            "set partitioner=murmur2_random in the producer, and do not choose partitions by hand",
        );
        out.outputs.extend(self.parts.handler.misplaced(record));
        self.bury(record, &reason, out)
    }

    fn bury(&self, record: &Record, reason: &DeadReason, out: &mut Stepped) -> Result<(), Error> {
        tracing::warn!(handler = %self.settings.name, partition = %record.topic_partition,
            offset = record.offset, code = reason.code, message = %reason.message, "dead letter");
        *out.dead.entry(reason.code).or_default() += 1;
        let Settings { dead_letters, name, .. } = &self.settings;
        let letter = dead_letter(&self.parts.codec, dead_letters, name, record, reason)
            .map_err(|error| Error::new(Remedy::Stop, "write a dead letter", error.to_string()))?;
        if stands(Guard::DeadLetters) {
            out.outputs.push(letter);
        }
        Ok(())
    }
}

/// Where a record stands, in the inbox's generation.
fn position(settings: &Settings, record: &Record) -> Position {
    Position {
        generation: settings.generation,
        partition: record.topic_partition.partition,
        offset: record.offset,
    }
}

/// Writes the rows of a batch, each slot's under its own epoch.
pub(super) async fn save(
    parts: &Parts,
    settings: &Settings,
    stepped: &Stepped,
    owned: &BTreeMap<TopicPartition, Owned>,
) -> Result<(), Error> {
    let mut rows: BTreeMap<&TopicPartition, Vec<Row>> = BTreeMap::new();
    for key in &stepped.keys {
        let row = Row {
            key: key.key.clone(),
            position: key.version.position,
            value: key.version.value.clone(),
            lives: key.lives,
        };
        rows.entry(&key.topic_partition).or_default().push(row);
    }
    let writes = rows.into_iter().filter_map(|(topic_partition, rows)| {
        let epoch = owned.get(topic_partition)?.epoch();
        Some(async move {
            if !stands(Guard::RowsBeforeCommit) {
                let _ = parts.store.write(&settings.agent, epoch, rows).await;
                return Ok(());
            }
            patiently(settings, || parts.store.write(&settings.agent, epoch, rows.clone())).await
        })
    });
    futures::future::try_join_all(writes).await.map(|_| ())
}

/// Asks a store again while it answers `Retry`, within the settings' patience.
pub(super) async fn patiently<T, F, Fut>(settings: &Settings, mut ask: F) -> Result<T, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, topics_state::Error>>,
{
    let until = Instant::now() + settings.store_patience;
    loop {
        match ask().await {
            Ok(value) => return Ok(value),
            Err(error) if error.remedy == topics_state::Remedy::Retry && Instant::now() < until => {
                tokio::time::sleep(settings.retry_pause).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
