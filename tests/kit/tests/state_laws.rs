//! The law of the state stores: what is read depends on which writes and deletions arrived, not on their
//! order. Random sequences on both embedded implementations, against an oracle that knows no order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tests_kit::hand_clock::HandClock;
use topics_state::fjall::FjallStore;
use topics_state::memory::MemoryStore;
use topics_state::{Epoch, Key, Position, Row, StateStore, Timestamp};

/// Small ranges, so that everything meets everything.
const KEYS: usize = 2;
const OFFSETS: i64 = 6;
const EPOCHS: i64 = 4;

/// What may arrive.
#[derive(Clone, Debug)]
enum Arrival {
    Write { key: usize, offset: i64, epoch: i64, value: Vec<u8>, lives: Option<u64> },
    Prune { key: usize, below: i64, epoch: i64 },
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let value = proptest::collection::vec(0..3_u8, 0..3);
    let lives = proptest::option::weighted(0.3, 1..4_u64);
    let write = (0..KEYS, 0..OFFSETS, 1..=EPOCHS, value, lives)
        .prop_map(|(key, offset, epoch, value, lives)| Arrival::Write { key, offset, epoch, value, lives });
    let prune = (0..KEYS, 0..=OFFSETS, 1..=EPOCHS).prop_map(|(key, below, epoch)| Arrival::Prune {
        key,
        below,
        epoch,
    });
    prop_oneof![4 => write, 1 => prune]
}

/// What a read below an offset must find after all arrivals, so many seconds after them: of the writes
/// at each position that no deletion covers the one that wins, if it still lives; of these the last.
fn oracle(arrivals: &[Arrival], key: usize, below: i64, seconds: u64) -> Option<(i64, Vec<u8>)> {
    let is_deleted = |offset: i64, epoch: i64| {
        arrivals.iter().any(|arrival| match arrival {
            Arrival::Prune { key: of, below, epoch: by } => *of == key && offset < *below && epoch <= *by,
            Arrival::Write { .. } => false,
        })
    };
    for at in (0..below).rev() {
        let writes = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Write { key: of, offset, epoch, value, lives } if *of == key && *offset == at => {
                Some((*epoch, *lives, value))
            }
            _ => None,
        });
        let standing = writes.filter(|(epoch, _, _)| !is_deleted(at, *epoch)).max();
        if let Some((_, lives, value)) = standing
            && lives.is_none_or(|lives| seconds < lives)
        {
            return Some((at, value.clone()));
        }
    }
    None
}

fn key(agent_key: usize) -> Key {
    Key::new(&b"key"[..=agent_key])
}

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

/// Lets them arrive in this order: one by one, or neighbours of one epoch in one call.
async fn arrive(store: &dyn StateStore, agent: &str, arrivals: &[Arrival], together: bool) {
    let mut rows: Vec<(i64, Row)> = Vec::new();
    for arrival in arrivals {
        let may_wait = match arrival {
            Arrival::Write { epoch, .. } => together && rows.last().is_none_or(|(of, _)| of == epoch),
            Arrival::Prune { .. } => false,
        };
        if !may_wait {
            write(store, agent, &mut rows).await;
        }
        match arrival {
            Arrival::Write { key: of, offset, epoch, value, lives } => {
                let lives = lives.map(Duration::from_secs);
                let (position, value) = (at(*offset), Bytes::copy_from_slice(value));
                rows.push((*epoch, Row { key: key(*of), position, value, lives }));
            }
            Arrival::Prune { key: of, below, epoch } => {
                store.prune(agent, Epoch(*epoch), &[(key(*of), at(*below))]).await.unwrap();
            }
        }
    }
    write(store, agent, &mut rows).await;
}

/// Writes what has gathered.
async fn write(store: &dyn StateStore, agent: &str, rows: &mut Vec<(i64, Row)>) {
    let Some((epoch, _)) = rows.first() else { return };
    let epoch = Epoch(*epoch);
    store.write(agent, epoch, rows.drain(..).map(|(_, row)| row).collect()).await.unwrap();
}

/// Compares every read with the oracle.
async fn check(store: &dyn StateStore, agent: &str, arrivals: &[Arrival], seconds: u64) {
    let questions: Vec<_> = (0..KEYS).flat_map(|of| (0..=OFFSETS).map(move |below| (of, below))).collect();
    let below: Vec<_> = questions.iter().map(|(of, below)| (key(*of), at(*below))).collect();
    let found = store.read(agent, &below).await.unwrap();
    for ((of, below), found) in questions.into_iter().zip(found) {
        let found = found.map(|version| (version.position.offset, version.value.to_vec()));
        assert_eq!(found, oracle(arrivals, of, below, seconds), "key {of} below {below} after {seconds} s");
    }
}

/// Shows that any writes and deletions under any epochs, in the order drawn, in another one, and in the
/// reverse with everything twice, are read as the oracle says, before, while and after lives end.
fn holds(open: impl FnOnce(Arc<HandClock>) -> Arc<dyn StateStore>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let clock = Arc::new(HandClock::showing(Timestamp(1_700_000_000_000)));
    let store = open(clock.clone());
    let agents = AtomicUsize::new(0);
    let drawn = proptest::collection::vec(arrival(), 0..24);
    let strategy =
        drawn.prop_flat_map(|drawn| (Just(drawn.clone()), Just(drawn).prop_shuffle(), any::<bool>()));
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(&strategy, |(drawn, shuffled, together)| {
        let twice: Vec<_> = drawn.iter().rev().chain(&drawn).cloned().collect();
        let orders = [drawn.clone(), shuffled, twice].map(|order| {
            let agent = format!("agent{}", agents.fetch_add(1, Ordering::Relaxed));
            (agent, order)
        });
        runtime.block_on(async {
            for (agent, order) in &orders {
                arrive(&*store, agent, order, together).await;
            }
            for seconds in 0..4 {
                for (agent, _) in &orders {
                    check(&*store, agent, &drawn, seconds).await;
                }
                clock.advance(Duration::from_secs(1));
            }
        });
        Ok(())
    });
    tried.unwrap();
}

/// Shows the law for the store in memory.
#[test]
fn in_memory() {
    holds(|clock| Arc::new(MemoryStore::new(clock)));
}

/// Shows the law for the store on disk.
#[test]
fn on_disk() {
    let folder = tempfile::tempdir().unwrap();
    holds(|clock| Arc::new(FjallStore::open(folder.path(), clock).unwrap()));
}
