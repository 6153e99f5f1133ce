//! What is past its deadline is neither asked nor waited for, and holds nobody up.

use std::time::Duration;

use super::{Bench, EPOCH};

const SECOND: Duration = Duration::from_secs(1);

impl Bench {
    /// A request that is to be answered within so many seconds of the log's beginning.
    async fn request_until(&self, task: &str, millis: &str, deadline: u32) {
        self.request(task, millis, |e| e.limits.deadline = EPOCH.plus(deadline * SECOND)).await;
    }
}

/// The time of what was read has passed: what was to be done by then is not begun.
#[tokio::test(start_paused = true)]
async fn what_is_past_is_not_asked() {
    let bench = Bench::new().await;
    bench.request_until("late", "10", 5).await;
    tokio::time::sleep(5 * SECOND).await; // virtual clock
    bench.request_until("timely", "10", 6).await;
    let (running, shutdown) = bench.start(8);
    bench.wait_for_answers(2).await;
    assert_eq!(bench.answers().await, ["late too late", "timely"]);
    assert_eq!(bench.counts(), (1, 1, 1));
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// What is under way ends at its deadline and not before, and the place is free.
#[tokio::test(start_paused = true)]
async fn waiting_ends_at_the_deadline() {
    let bench = Bench::new().await;
    bench.request_until("slow", "600000", 30).await;
    bench.request_until("next", "10", 60).await;
    let (running, shutdown) = bench.start(1);
    tokio::time::sleep(Duration::from_millis(29_900)).await; // virtual clock
    assert_eq!(bench.counts(), (1, 0, 0));
    tokio::time::sleep(Duration::from_millis(200)).await; // virtual clock
    assert_eq!(bench.answers().await, ["slow too late", "next"]);
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let committed = &bench.log.control().committed_offsets()["n.slow"];
    assert_eq!(committed.values().next().map(|committed| committed.offset), Some(2));
}

/// What waits behind a slow request for its place is told at its deadline, however urgent the slow one is.
#[tokio::test(start_paused = true)]
async fn what_is_past_needs_no_place() {
    let bench = Bench::new().await;
    bench.request("slow", "600000", |e| e.limits.priority = 9).await;
    for number in 0..200 {
        bench.request_until(&format!("waiting-{number}"), "10", 30).await;
    }
    let (running, shutdown) = bench.start(1);
    tokio::time::sleep(29 * SECOND).await; // virtual clock
    assert_eq!(bench.counts(), (1, 0, 0));
    tokio::time::sleep(2 * SECOND).await; // virtual clock
    assert_eq!(bench.counts(), (1, 0, 200));
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// After a start on old records nobody knows what time it is: no more is begun in vain than has a place,
/// since the first delivery report tells.
#[tokio::test(start_paused = true)]
async fn old_records_are_begun_in_vain_within_the_bound() {
    let check = async |answer_after: &str, in_flight_max: usize, asked: usize| {
        let bench = Bench::new().await;
        for number in 0..100 {
            bench.request_until(&format!("old-{number}"), answer_after, 60).await;
        }
        tokio::time::sleep(3_600 * SECOND).await; // virtual clock
        let (running, shutdown) = bench.start(in_flight_max);
        bench.wait_for_answers(100).await;
        assert_eq!(bench.counts().0, asked);
        assert_eq!(bench.answers().await.len(), 100, "one answer each");
        shutdown.cancel();
        running.await.unwrap().unwrap();
    };
    check("10", 1, 1).await;
    check("10", 8, 8).await;
    // They never end: by the time that was read, and the time since, they do.
    check("600000", 8, 8).await;
}

/// A record from now tells the time to those who wait by old ones.
#[tokio::test(start_paused = true)]
async fn a_jump_of_the_time_ends_the_waiting() {
    let bench = Bench::new().await;
    bench.request_until("old", "600000", 60).await;
    tokio::time::sleep(3_600 * SECOND).await; // virtual clock
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(SECOND).await; // virtual clock
    assert_eq!(bench.counts(), (1, 0, 0));
    bench.request_until("new", "10", 3_700).await;
    tokio::time::sleep(SECOND).await; // virtual clock
    assert_eq!(bench.counts(), (2, 1, 1));
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
