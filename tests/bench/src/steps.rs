//! Steps a second through the whole worker, without a broker: the log in memory, state in memory and on
//! disk. What is left is what the runtime itself costs.
//!
//! A round repeats passes over a full inbox until they took the time asked for; filling and the first
//! assignment do not count.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemas_records::Position;
use topics_catalog::FIRST_GENERATION;
use topics_log::{NewRecord, partition_of};
use topics_runtime::Handler;

use crate::arena::{Arena, PARTITIONS};
use crate::figures::Sheet;
use crate::keys::Keys;
use crate::message::{Asker, Parrot};
use crate::traffic::{Traffic, key_of};
use crate::worker::{Copy, Store, start};

/// Records of one pass: they and their outputs lie in memory, some five kilobytes each.
const PASS_RECORDS: u64 = 60_000;

/// What is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    /// Bytes in, the same bytes out, a counter as state.
    Copy,
    /// A typed agent that replies to its input; a work of its own for each record.
    Reply,
    /// A typed agent that asks the model, is answered, and asks again: many steps for one work.
    Ask,
}

impl Steps {
    const fn name(self) -> &'static str {
        match self {
            Self::Copy => "byte-level handler",
            Self::Reply => "typed agent, input -> reply",
            Self::Ask => "typed agent, input or answer -> next call",
        }
    }
}

/// What is measured. An input can begin a work only once: so keys that repeat meet an agent as answers.
const CASES: [(Steps, Keys); 5] = [
    (Steps::Copy, Keys::Distinct),
    (Steps::Copy, Keys::Zipf),
    (Steps::Reply, Keys::Distinct),
    (Steps::Ask, Keys::Distinct),
    (Steps::Ask, Keys::Zipf),
];

/// Measures all of it, or those cases whose line has the text `only`.
///
/// # Errors
/// Whatever a worker or store could not do.
pub async fn measure(sheet: &mut Sheet, only: &str, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    for _ in 0..rounds {
        for (steps, keys) in CASES {
            for store in [Store::Memory, Store::Disk] {
                let what = format!("{}, {}, {}", steps.name(), keys.name(), store.name());
                if what.contains(only) {
                    let rate = round(steps, keys, store, Duration::from_secs(seconds.into())).await?;
                    sheet.add(&what, "steps/s", rate);
                }
            }
        }
    }
    sheet.note(format!(
        "one worker, log in memory, {PARTITIONS} partitions, 944-byte messages, passes of {PASS_RECORDS} records \
         taken up to 10,000 a transaction; Zipf: s = 1 over 10,000 keys"
    ));
    sheet.note(
        "an agent's records carry the runtime's 18 headers; an input begins a work only once, so under Zipf \
         an agent gets one input a key and then answers, and each step asks the model anew",
    );
    Ok(())
}

async fn round(steps: Steps, keys: Keys, store: Store, least: Duration) -> anyhow::Result<f64> {
    let (mut records, mut took) = (0, Duration::ZERO);
    while took < least {
        took += pass(steps, keys, store).await?;
        records += PASS_RECORDS;
    }
    Ok(records as f64 / took.as_secs_f64())
}

async fn pass(steps: Steps, keys: Keys, store: Store) -> anyhow::Result<Duration> {
    let arena = Arena::in_memory().await?;
    let traffic = Traffic::new(&arena)?;
    let drawn = keys.draw(PASS_RECORDS);
    let mut inbox = Asked::default();
    let index = |number: u64| drawn[usize::try_from(number).unwrap_or(0)];
    arena
        .fill(PASS_RECORDS, |number| match steps {
            Steps::Copy => traffic.bare(number, index(number)),
            Steps::Reply => traffic.input(number, index(number)),
            Steps::Ask => inbox.next(&traffic, number, index(number)),
        })
        .await?;
    let handler: Arc<dyn Handler> = match steps {
        Steps::Copy => Arc::new(Copy { to: arena.outbox.as_str().into() }),
        Steps::Reply => Arc::new(traffic.works(&arena, Parrot)?),
        Steps::Ask => Arc::new(traffic.works(&arena, Asker)?),
    };
    let spent = start(&arena, &traffic, handler, store, PASS_RECORDS)?.finish().await?;
    arena.check(PASS_RECORDS).await?;
    Ok(spent.all)
}

/// Knows where each key's last record will lie, and so the call that its step will make.
#[derive(Default)]
struct Asked {
    ends: BTreeMap<i32, i64>,
    last: BTreeMap<u64, Position>,
}

impl Asked {
    /// The input of a key, then answers to what was asked at its last record.
    fn next(&mut self, traffic: &Traffic, number: u64, key: u64) -> anyhow::Result<NewRecord> {
        let partition = partition_of(key_of(key).as_bytes(), PARTITIONS);
        let end = self.ends.entry(partition).or_default();
        let here = Position { generation: FIRST_GENERATION, partition, offset: *end };
        *end += 1;
        match self.last.insert(key, here) {
            None => traffic.input(number, key),
            Some(asked) => traffic.answer(number, key, asked),
        }
    }
}
