//! Runs the stores' conformance suites on both embedded implementations.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tests_kit::hand_clock::HandClock;
use tests_kit::{keyed_conformance, state_conformance};
use topics_state::fjall::FjallStore;
use topics_state::memory::{Door, Faults, MemoryStore, Strike};
use topics_state::{KeyedStore, StateStore, Timestamp};

/// A clock, and the function that moves it.
fn clock() -> (Arc<HandClock>, Arc<dyn Fn(Duration) -> state_conformance::Going + Send + Sync>) {
    let clock = Arc::new(HandClock::showing(Timestamp(1_700_000_000_000)));
    let moved = clock.clone();
    let advance = move |time| {
        moved.advance(time);
        Box::pin(std::future::ready(())) as state_conformance::Going
    };
    (clock, Arc::new(advance))
}

/// Runs all cases of both suites on one store, one after the other, each in a namespace of its own, and
/// names those that fail.
async fn check<S: StateStore + KeyedStore + 'static>(open: impl FnOnce(Arc<HandClock>) -> S) {
    let (clock, advance) = clock();
    let store = Arc::new(open(clock));
    let mut failed = Vec::new();
    for (name, case) in state_conformance::cases() {
        let (store, advance, namespace) = (store.clone(), advance.clone(), name.to_owned());
        let subject = state_conformance::Subject { store, advance, namespace };
        if tokio::spawn(case(subject)).await.is_err() {
            failed.push(name);
        }
    }
    for (name, case) in keyed_conformance::cases() {
        let (store, advance, namespace) = (store.clone(), advance.clone(), name.to_owned());
        let subject = keyed_conformance::Subject { store, advance, namespace };
        if tokio::spawn(case(subject)).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these do not hold: {failed:#?}");
}

/// Shows that the store in memory keeps the contract.
#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    check(|clock| MemoryStore::new(clock)).await;
}

/// Shows that the store in memory keeps the contract when calls are slow, several rows come in two
/// halves, and calls overtake each other.
#[tokio::test(flavor = "multi_thread")]
async fn in_memory_and_slow() {
    struct Slow(AtomicUsize);
    impl Faults for Slow {
        fn strike(&self, _: Door) -> Strike {
            match self.0.fetch_add(1, Ordering::Relaxed) % 50 {
                0 => Strike::Delay(Duration::from_millis(2)),
                1 => Strike::Delay(Duration::from_millis(1)),
                _ => Strike::None,
            }
        }
    }
    check(|clock| MemoryStore::new(clock).with_faults(Arc::new(Slow(AtomicUsize::new(0))))).await;
}

/// Shows that the store on disk keeps the contract.
#[tokio::test(flavor = "multi_thread")]
async fn on_disk() {
    let folder = tempfile::tempdir().unwrap();
    check(|clock| FjallStore::open(folder.path(), clock).unwrap()).await;
}
