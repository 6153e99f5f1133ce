//! Killed before and after every call to the log: every task has exactly one outcome, and the counts are
//! exact.

use std::sync::Arc;
use std::time::Duration;

use super::house::{House, PARTITIONS, bad, good};
use super::stumble::{Stumble, StumblingLog};

const SECOND: Duration = Duration::from_secs(1);
const OPEN_MAX: u64 = 3;

/// Runs into a crash at one step while tasks are taken, refused and closed, then another life without
/// one. Returns the steps seen.
async fn check(at: usize, instance: &str) -> usize {
    let house = House::new().await;
    house
        .send(
            (0..21)
                .map(
                    |number| {
                        if number % 5 == 0 { bad(number % PARTITIONS) } else { good(number % PARTITIONS) }
                    },
                )
                .collect(),
        )
        .await;
    let stumble = Stumble::at(at);
    let mut parts = house.parts();
    parts.log = Arc::new(StumblingLog(parts.log, stumble.clone()));
    let running = house.start_with(parts, house.settings("a", OPEN_MAX));
    tokio::select! {
        () = stumble.bell.notified() => {}
        () = house.live(3 * SECOND, 50) => {}
    }
    running.kill().await;
    let running = house.start(instance, OPEN_MAX);
    house.live(20 * SECOND, 50).await;
    tokio::time::sleep(15 * SECOND).await; // virtual clock
    running.end().await.unwrap();
    let context = format!("step {at}, then {instance}");
    house.check_outcomes(&context);
    assert!(house.most_open() <= OPEN_MAX as usize, "{context}: {} open", house.most_open());
    for (partition, (_, counts)) in house.committed() {
        assert_eq!(counts.accepted, counts.closed, "{context}: {partition}");
    }
    stumble.seen()
}

/// The same instance comes back at once.
#[tokio::test(start_paused = true)]
async fn survives_a_crash_at_every_step() {
    let steps = check(usize::MAX, "a").await;
    assert!(steps > 40, "only {steps} steps");
    for at in 0..steps {
        check(at, "a").await;
    }
}

/// Another instance takes over once the session, and the transaction, have run out.
#[tokio::test(start_paused = true)]
async fn is_survived_by_another_at_every_step() {
    let steps = check(usize::MAX, "b").await;
    for at in 0..steps {
        check(at, "b").await;
    }
}
