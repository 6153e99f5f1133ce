//! Killed before and after every call to the log and the store: nothing lost, nothing early, nothing left.

use std::sync::Arc;
use std::time::Duration;

use schemas_records::Kind;
use tokio::time::Instant;

use super::house::{DEAD, EPOCH, House, until};
use super::stumble::{Stumble, StumblingLog, StumblingStore};

const SECOND: i64 = 1_000;

/// Timers near, past, far and cancelled, and a record that is none.
async fn ask(house: &House) {
    house
        .send(vec![
            house.set(1, EPOCH + SECOND),
            house.set(2, 0),
            super::house::request(3, Kind::Input, "nonsense".into()),
            house.set(4, EPOCH + 61 * SECOND),
            house.set(5, EPOCH + 40 * SECOND),
            house.cancel(5, EPOCH + 40 * SECOND),
        ])
        .await;
}

/// Runs into a crash at one step, then another owner's life without one. Returns the steps seen.
async fn check(at: usize, instance: &str) -> usize {
    let house = House::new().await;
    let start = Instant::now();
    ask(&house).await;
    let stumble = Stumble::at(at);
    let mut parts = house.parts();
    parts.log = Arc::new(StumblingLog(parts.log, stumble.clone()));
    parts.store = Arc::new(StumblingStore(parts.store, stumble.clone()));
    let running = house.start_with(parts, house.settings("a"));
    tokio::select! {
        () = stumble.bell.notified() => {}
        () = until(start, Duration::from_secs(64)) => {}
    }
    running.kill().await;
    let running = house.start(instance);
    tokio::time::sleep(Duration::from_secs(75)).await; // virtual clock
    running.end().await.unwrap();
    let mut numbers = house
        .fired()
        .into_iter()
        .map(|(number, due, at)| {
            assert!(at >= due, "step {at}: {number} fired early");
            number
        })
        .collect::<Vec<_>>();
    assert!(numbers.len() <= 3 + 1, "step {at}: one crash repeats one publishing: {numbers:?}");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 4], "step {at}");
    assert!((1..=2).contains(&house.records(DEAD).len()), "step {at}");
    assert_eq!(house.rows(), 0, "step {at}");
    stumble.seen()
}

/// The same instance comes back at once and goes on.
#[tokio::test(start_paused = true)]
async fn survives_a_crash_at_every_step() {
    let steps = check(usize::MAX, "a").await;
    assert!(steps > 40, "only {steps} steps");
    for at in 0..steps {
        check(at, "a").await;
    }
}

/// Another instance takes over once the session has run out.
#[tokio::test(start_paused = true)]
async fn is_survived_by_another_at_every_step() {
    let steps = check(usize::MAX, "b").await;
    for at in 0..steps {
        check(at, "b").await;
    }
}
