//! The stores' conformance suites, the same cases that the embedded stores pass.

use std::sync::Arc;
use std::time::Duration;

use tests_kit::keyed_conformance;
use tests_kit::state_conformance::{self, Going};
use tokio::task::JoinHandle;

use super::ground::{store, unique};
use super::hasty::{Hasty, TIMES};

/// Lets time pass as fast as lives end.
fn advance(time: Duration) -> Going {
    Box::pin(async move {
        tokio::time::sleep(time / TIMES).await; // paces load
    })
}

/// Shows that agents' state, values by key and due rows are kept as the seams promise. All cases run side
/// by side, as many processes share a cluster: most of them wait for rows to end.
#[tokio::test(flavor = "multi_thread")]
async fn both_seams() {
    let store = Arc::new(Hasty(store().await));
    let mut running: Vec<(&str, JoinHandle<()>)> = Vec::new();
    for (name, case) in state_conformance::cases() {
        let (store, namespace) = (store.clone(), unique("conformance"));
        let subject = state_conformance::Subject { store, advance: Arc::new(advance), namespace };
        running.push((name, tokio::spawn(case(subject))));
    }
    for (name, case) in keyed_conformance::cases() {
        let (store, namespace) = (store.clone(), unique("conformance"));
        let subject = keyed_conformance::Subject { store, advance: Arc::new(advance), namespace };
        running.push((name, tokio::spawn(case(subject))));
    }
    let mut failed = Vec::new();
    for (name, case) in running {
        if case.await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these do not hold: {failed:#?}");
}
