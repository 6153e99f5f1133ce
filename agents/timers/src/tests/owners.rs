//! Owners come and go: taken over in the middle of a minute, shared, frozen, and refused with another store.

use std::time::Duration;

use tokio::time::Instant;
use topics_runtime::{Moment, Remedy};

use super::house::{EPOCH, House, until};

const SECOND: i64 = 1_000;

/// Every timer fires, at most this often, and never early.
fn check(house: &House, timers: u32, times_max: usize) {
    let fired = house.fired();
    for number in 0..timers {
        let times = fired.iter().filter(|(other, ..)| *other == number).count();
        assert!((1..=times_max).contains(&times), "{number} fired {times} times");
    }
    assert!(fired.iter().all(|(_, due, at)| at >= due), "early");
    assert_eq!(house.rows(), 0);
}

/// A second instance joins in the middle of a minute and takes half of the timers; each fires once.
#[tokio::test(start_paused = true)]
async fn hands_over_politely() {
    let house = House::new().await;
    let start = Instant::now();
    house.send((0..200).map(|number| house.set(number, EPOCH + i64::from(number) * 500)).collect()).await;
    let first = house.start("a");
    until(start, Duration::from_secs(25)).await;
    let second = house.start("b");
    until(start, Duration::from_secs(50)).await;
    assert!(house.has_reached(Moment::Revoked), "nothing was handed over");
    first.end().await.unwrap();
    until(start, Duration::from_secs(180)).await;
    second.end().await.unwrap();
    check(&house, 200, 1);
}

/// An instance dies in the middle of a minute; another fires the rest as soon as it has the partitions.
#[tokio::test(start_paused = true)]
async fn takes_over_in_mid_minute() {
    let house = House::new().await;
    let start = Instant::now();
    house.send((0..200).map(|number| house.set(number, EPOCH + i64::from(number) * 500)).collect()).await;
    let first = house.start("a");
    until(start, Duration::from_millis(25_003)).await;
    first.kill().await;
    let second = house.start("b");
    until(start, Duration::from_secs(180)).await;
    second.end().await.unwrap();
    check(&house, 200, 2);
}

/// An owner that is cut off goes on firing for a while beside its successor: repeats, but no loss.
#[tokio::test(start_paused = true)]
async fn bears_a_frozen_owner() {
    let house = House::new().await;
    let start = Instant::now();
    house.send((0..100).map(|number| house.set(number, EPOCH + i64::from(number) * SECOND)).collect()).await;
    let first = house.start("a");
    until(start, Duration::from_secs(20)).await;
    house.log.control().freeze("ns.timers", "a");
    let second = house.start("b");
    until(start, Duration::from_secs(60)).await;
    house.log.control().thaw("ns.timers", "a");
    until(start, Duration::from_secs(180)).await;
    first.end().await.unwrap();
    second.end().await.unwrap();
    check(&house, 100, 2);
}

/// The minutes that were fired stand beside the offset, and a new owner begins behind them.
#[tokio::test(start_paused = true)]
async fn marks_what_was_fired() {
    let house = House::new().await;
    let start = Instant::now();
    house.send(vec![house.set(1, EPOCH + SECOND)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(3_600)).await;
    running.end().await.unwrap();
    let committed = house.committed();
    let marks: Vec<&str> = committed.iter().map(|(_, _, metadata)| metadata.as_str()).collect();
    let minute = (EPOCH + 3_600 * SECOND) / 60_000;
    let recent: Vec<String> = (1..=11).map(|ago| format!("store;fired-through={}", minute - ago)).collect();
    assert_eq!(marks.len(), 1, "the other partition never had a timer");
    assert!(recent.iter().any(|mark| mark == marks[0]), "{marks:?} at {minute}");
}

/// An owner with another store refuses, and says what it found and what to do.
#[tokio::test(start_paused = true)]
async fn refuses_another_store() {
    let house = House::new().await;
    house.send(vec![house.set(1, EPOCH + 90 * SECOND)]).await;
    let running = house.start("a");
    tokio::time::sleep(Duration::from_secs(2)).await; // virtual clock
    running.end().await.unwrap();
    let mut settings = house.settings("a");
    settings.note = "elsewhere".to_owned();
    let error = house.start_with(house.parts(), settings).ended.await.unwrap().unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    let text = error.to_string();
    assert!(
        text.contains("take over ns.timers/") && text.contains("\"store\", this one is \"elsewhere\""),
        "{text}"
    );
}
