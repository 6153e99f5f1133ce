//! On time: never early, hardly late, once each, and little traffic while nothing is due.

use std::time::Duration;

use tokio::time::Instant;
use topics_runtime::Moment;

use super::house::{DEAD, EPOCH, House, TIMERS, until};
use crate::request::HEARTBEAT;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Sends requests at once, runs so long, and compares what fired with when; then looks that nothing is left.
async fn check(requests: impl Fn(&House) -> Vec<topics_log::NewRecord>, runs: Duration, expected: &[u32]) {
    let house = House::new().await;
    let start = Instant::now();
    house.send(requests(&house)).await;
    let running = house.start("a");
    until(start, runs).await;
    running.end().await.unwrap();
    assert_eq!(house.fired_numbers(), expected);
    for (number, due, at) in house.fired() {
        assert!(at >= due, "{number} fired {} ms early", due - at);
        let late = at - due.max(EPOCH);
        assert!(late < 250, "{number} fired {late} ms late");
    }
    assert_eq!(house.rows(), 0, "rows are left");
    assert_eq!(house.records(DEAD).len(), 0);
}

/// One, several, past and cancelled timers fire as they should, each once.
#[tokio::test(start_paused = true)]
async fn fires_when_due() {
    let secs = Duration::from_secs;
    check(|house| vec![house.set(1, EPOCH + SECOND)], secs(2), &[1]).await;
    check(
        |house| vec![house.set(1, EPOCH - MINUTE), house.set(2, 0), house.set(3, i64::MIN)],
        secs(1),
        &[3, 2, 1],
    )
    .await;
    check(
        |house| vec![house.set(1, EPOCH + 9 * MINUTE), house.set(2, EPOCH + 3 * MINUTE)],
        secs(600),
        &[2, 1],
    )
    .await;
    check(|house| vec![house.set(1, EPOCH + SECOND), house.cancel(1, EPOCH + SECOND)], secs(9), &[]).await;
    check(|house| vec![house.cancel(7, EPOCH + SECOND), house.cancel(8, 0)], secs(9), &[]).await;
    check(|house| vec![house.set(1, EPOCH + SECOND), house.set(1, EPOCH + SECOND)], secs(9), &[1]).await;
}

/// A timer that is set while the gateway runs is on time too, however near it is.
#[tokio::test(start_paused = true)]
async fn fires_what_is_set_late() {
    let house = House::new().await;
    let (start, running) = (Instant::now(), house.start("a"));
    until(start, Duration::from_secs(90)).await;
    let now = EPOCH + 90 * SECOND;
    house
        .send(vec![house.set(1, now + 5), house.set(2, now - 70 * SECOND), house.set(3, now + 61 * SECOND)])
        .await;
    until(start, Duration::from_secs(200)).await;
    running.end().await.unwrap();
    let late: Vec<(u32, i64)> =
        house.fired().into_iter().map(|(number, due, at)| (number, at - due.max(now))).collect();
    assert_eq!(late.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1, 3]);
    assert!(late.iter().all(|(_, late)| (0..50).contains(late)), "{late:?}");
}

/// A cancellation that comes while its timer waits ends it; one whose minute is over finds nothing.
#[tokio::test(start_paused = true)]
async fn cancels_between() {
    let house = House::new().await;
    let (start, due) = (Instant::now(), EPOCH + 65 * SECOND);
    house.send(vec![house.set(1, due), house.set(2, due)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(64)).await;
    house.send(vec![house.cancel(1, due)]).await;
    until(start, Duration::from_secs(300)).await;
    house.send(vec![house.cancel(2, due)]).await;
    until(start, Duration::from_secs(301)).await;
    running.end().await.unwrap();
    assert_eq!((house.fired_numbers(), house.rows()), (vec![2], 0));
}

/// Whatever the order of a cancellation and its timer's moment, it fires once or never, and no row is left.
#[tokio::test(start_paused = true)]
async fn cancels_race_firings() {
    for offset in -30..=30 {
        let house = House::new().await;
        let (start, due) = (Instant::now(), EPOCH + 2 * SECOND);
        house.send(vec![house.set(1, due)]).await;
        let running = house.start("a");
        until(start, Duration::from_millis((2_000 + offset) as u64)).await;
        house.send(vec![house.cancel(1, due)]).await;
        until(start, Duration::from_secs(70)).await;
        running.end().await.unwrap();
        assert!(house.fired().len() <= usize::from(offset >= 0), "{offset}: {:?}", house.fired());
        assert_eq!(house.rows(), 0, "{offset}");
    }
}

/// Ten thousand timers in one minute, in little memory: each once, none early, the 99th percentile within
/// 250 ms; and all that moved is committed.
#[tokio::test(start_paused = true)]
async fn fires_ten_thousand_in_a_minute() {
    let house = House::new().await;
    let start = Instant::now();
    let due = |number: u32| EPOCH + MINUTE + i64::from(number % 100) * 600;
    let requests: Vec<_> = (0..10_000).map(|number| house.set(number, due(number))).collect();
    house.send(requests).await;
    let mut settings = house.settings("a");
    settings.held_max = 700;
    let running = house.start_with(house.parts(), settings);
    until(start, Duration::from_secs(180)).await;
    running.end().await.unwrap();
    let mut numbers = house.fired_numbers();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..10_000), "each once");
    let mut late: Vec<i64> = house.fired().into_iter().map(|(_, due, at)| at - due).collect();
    late.sort_unstable();
    assert!(late[0] >= 0 && late[9_900] < 250, "{} to {}", late[0], late[9_900]);
    assert_eq!(house.rows(), 0);
    let committed: i64 = house.committed().iter().map(|(_, next, _)| *next).sum();
    assert!(committed >= 10_000, "{committed}");
    for moment in [Moment::Assigned, Moment::Polled, Moment::Saved, Moment::Reported, Moment::Committed] {
        assert!(house.has_reached(moment), "{moment:?}");
    }
}

/// A timer a year away costs nothing until then, and fires when the year is over.
#[tokio::test(start_paused = true)]
async fn fires_a_year_away() {
    let house = House::new().await;
    let (start, year) = (Instant::now(), Duration::from_secs(365 * 24 * 3_600));
    house.send(vec![house.set(1, EPOCH + 365 * 24 * 60 * MINUTE)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(30)).await;
    running.end().await.unwrap();
    assert_eq!((house.fired().len(), house.rows()), (0, 1));
    tokio::time::advance(year).await;
    let running = house.start("a");
    tokio::time::sleep(Duration::from_secs(120)).await; // virtual clock
    running.end().await.unwrap();
    assert_eq!((house.fired_numbers(), house.rows()), (vec![1], 0));
}

/// While nothing is due the broker hears next to nothing: a heartbeat at the start, one before a firing.
#[tokio::test(start_paused = true)]
async fn keeps_quiet() {
    let check = async |due_in: i64, runs: u64, heartbeats: usize| {
        let house = House::new().await;
        let start = Instant::now();
        if due_in > 0 {
            house.send(vec![house.set(1, EPOCH + due_in)]).await;
        }
        let running = house.start("a");
        until(start, Duration::from_secs(runs)).await;
        running.end().await.unwrap();
        let is_heartbeat = |record: &topics_log::Record| record.headers.text("kind") == Some(HEARTBEAT);
        let sent = house.records(TIMERS).into_iter().filter(is_heartbeat).count();
        assert_eq!(sent, heartbeats, "due in {due_in} ms, {runs} s");
    };
    check(0, 900, 0).await;
    check(SECOND, 900, 1).await;
    check(90 * MINUTE, 900, 1).await;
    check(10 * MINUTE, 900, 2).await;
}
