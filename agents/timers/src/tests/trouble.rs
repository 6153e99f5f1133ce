//! A log, a store and a clock that make trouble; and records that are no requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schemas_records::protocol::DeadLetter;
use schemas_records::{Envelope, Headers, Key, Kind, Outcome};
use tokio::time::Instant;
use topics_catalog::Directory;
use topics_log::memory::{Fate, Operation};
use topics_log::{Log, NewRecord};
use topics_runtime::Remedy;
use topics_state::memory::Strike;

use super::house::{DEAD, EPOCH, House, INBOX, TIMERS, request, until};

const SECOND: i64 = 1_000;

/// A number that looks random and is the same in every run.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let next = |seed: u64| {
            Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        let seed = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap();
        (seed >> 33) % sides
    }
}

impl topics_log::memory::Faults for Dice {
    fn strike(&self, door: &topics_log::memory::Door<'_>) -> topics_log::memory::Strike {
        let is_aimed = !matches!(door.operation, Operation::Join | Operation::Admin);
        match self.roll(8) {
            0 if is_aimed => topics_log::memory::Strike::Fail(topics_log::Remedy::Retry),
            1 => topics_log::memory::Strike::Delay(Duration::from_millis(self.roll(40))),
            2 if door.operation == Operation::Publish => topics_log::memory::Strike::Unknown(Fate::Happened),
            _ => topics_log::memory::Strike::None,
        }
    }
}

impl topics_state::memory::Faults for Dice {
    fn strike(&self, _: topics_state::memory::Door) -> Strike {
        match self.roll(8) {
            0 => Strike::Fail(topics_state::Remedy::Retry),
            1 => Strike::FailWritten,
            2 => Strike::Late(Duration::from_millis(self.roll(3_000))),
            3 => Strike::Delay(Duration::from_millis(self.roll(40))),
            _ => Strike::None,
        }
    }
}

/// Calls that fail, take long, or happen although they failed delay timers and repeat them; none is lost
/// and none is early.
#[tokio::test(start_paused = true)]
async fn outlives_faults() {
    for seed in 0..10 {
        let mut house = House::new().await;
        let start = Instant::now();
        house
            .send((0..60).map(|number| house.set(number, EPOCH + i64::from(number) * SECOND)).collect())
            .await;
        house.log = house.log.clone().with_faults(Arc::new(Dice(AtomicU64::new(seed))));
        house.store = house.store.clone().with_faults(Arc::new(Dice(AtomicU64::new(seed + 100))));
        let running = house.start("a");
        until(start, Duration::from_secs(300)).await;
        house.log = house.log.clone().with_faults(Arc::new(topics_log::memory::NoFaults));
        until(start, Duration::from_secs(400)).await;
        running.end().await.unwrap();
        let fired = house.fired();
        for number in 0..60 {
            assert!(fired.iter().any(|(other, ..)| *other == number), "seed {seed}: {number} is lost");
        }
        assert!(fired.iter().all(|(_, due, at)| at >= due), "seed {seed}: early");
    }
}

/// A broker's clock that steps back holds back what is not due by it, and what is set then is on time.
#[tokio::test(start_paused = true)]
async fn follows_a_clock_that_steps_back() {
    let house = House::new().await;
    let start = Instant::now();
    let steps_back = 90 * SECOND;
    house.send(vec![house.set(1, EPOCH + 200 * SECOND)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(150)).await;
    house.log.control().step_clock_back(Duration::from_millis(steps_back.cast_unsigned()));
    let now = EPOCH + 150 * SECOND - steps_back;
    house.send(vec![house.set(2, now + 20 * SECOND), house.set(3, now + 100 * SECOND)]).await;
    until(start, Duration::from_secs(400)).await;
    running.end().await.unwrap();
    let late: Vec<(u32, i64)> =
        house.fired().into_iter().map(|(number, due, at)| (number, at - due)).collect();
    assert_eq!(late.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 3, 1]);
    assert!(late.iter().all(|(_, late)| (0..250).contains(late)), "{late:?}");
}

/// Fails so many publishings.
struct FailPublishing {
    left: AtomicU64,
}

impl topics_log::memory::Faults for FailPublishing {
    fn strike(&self, door: &topics_log::memory::Door<'_>) -> topics_log::memory::Strike {
        let take = |left: u64| left.checked_sub(1);
        let fails = door.operation == Operation::Publish
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if fails {
            topics_log::memory::Strike::Fail(topics_log::Remedy::Retry)
        } else {
            topics_log::memory::Strike::None
        }
    }
}

/// Nothing fires by an old report: if the broker cannot be asked for its time, timers wait, for its clock
/// may have stepped back since.
#[tokio::test(start_paused = true)]
async fn fires_by_no_old_report() {
    let house = House::new().await;
    let (start, due) = (Instant::now(), EPOCH + 100 * SECOND);
    house.send(vec![house.set(1, due)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(50)).await;
    house.log.control().step_clock_back(Duration::from_secs(30));
    // Asked from five seconds before it seems due, five times a second, without an answer for eight.
    let _ = house.log.clone().with_faults(Arc::new(FailPublishing { left: AtomicU64::new(40) }));
    until(start, Duration::from_secs(140)).await;
    running.end().await.unwrap();
    let late: Vec<i64> = house.fired().into_iter().map(|(_, due, at)| at - due).collect();
    assert!(late.len() == 1 && (0..250).contains(&late[0]), "{late:?}");
}

/// A store that is out for a while.
struct Outage {
    start: Instant,
    from: u64,
    until: u64,
}

impl topics_state::memory::Faults for Outage {
    fn strike(&self, _: topics_state::memory::Door) -> Strike {
        let is_out = (self.from..self.until).contains(&self.start.elapsed().as_secs());
        if is_out { Strike::Fail(topics_state::Remedy::Retry) } else { Strike::None }
    }
}

/// While the store is out, what is in memory fires on time; what is set then fires once it is back.
#[tokio::test(start_paused = true)]
async fn fires_while_the_store_is_out() {
    let mut house = House::new().await;
    let start = Instant::now();
    house.send((0..30).map(|number| house.set(number, EPOCH + i64::from(number) * SECOND)).collect()).await;
    house.store = house.store.clone().with_faults(Arc::new(Outage { start, from: 5, until: 25 }));
    let running = house.start("a");
    until(start, Duration::from_secs(10)).await;
    house.send(vec![house.set(77, EPOCH + 12 * SECOND)]).await;
    until(start, Duration::from_secs(60)).await;
    running.end().await.unwrap();
    let late = |(number, due, at): (u32, i64, i64)| (number, at - due);
    for (number, late) in house.fired().into_iter().map(late) {
        let most = if number == 77 { 13_500 } else { 250 };
        assert!((0..most).contains(&late), "{number} fired {late} ms late");
    }
    assert_eq!((house.fired().len(), house.rows()), (31, 0), "each once, and no row is left");
}

/// What is no request becomes a dead letter with its bytes and origin, and the rest goes on.
#[tokio::test(start_paused = true)]
async fn buries_what_is_no_request() {
    let house = House::new().await;
    let bare = NewRecord {
        topic: TIMERS.into(),
        partition: Some(0),
        key: Key::new(b"k"),
        value: "hello".into(),
        headers: Headers::new(),
    };
    house.send(vec![bare, request(1, Kind::Input, "nonsense".into()), house.set(2, EPOCH)]).await;
    let running = house.start("a");
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    running.end().await.unwrap();
    let letters: Vec<DeadLetter> =
        house.records(DEAD).iter().map(|record| house.codec.decode(&record.value).unwrap()).collect();
    let check = |code: &str, value: &[u8]| {
        let letter = letters.iter().find(|letter| letter.code == code).unwrap();
        assert_eq!((&*letter.topic, &letter.value[..], &*letter.handler), (TIMERS, value, "timers"));
        assert!(!letter.remedy.is_empty());
    };
    check("bad-headers", b"hello");
    check("undecodable", b"nonsense");
    assert_eq!(letters.len(), 2);
    let said = |record: &topics_log::Record| Envelope::read(&record.headers).unwrap();
    let inbox: Vec<_> =
        house.records(INBOX).iter().map(|record| (said(record).kind, said(record).outcome)).collect();
    assert_eq!(inbox.len(), 2);
    assert!(inbox.contains(&(Kind::Timer, None)) && inbox.contains(&(Kind::Timer, Some(Outcome::Failed))));
    assert_eq!(
        house.committed().iter().map(|(_, next, _)| *next).sum::<i64>(),
        house.log.control().size(TIMERS).records as i64
    );
}

/// A timer whose asker's topic is gone becomes a dead letter when it is due, and holds up nobody.
#[tokio::test(start_paused = true)]
async fn buries_what_has_nowhere_to_go() {
    let house = House::new().await;
    let start = Instant::now();
    house.send(vec![house.set(1, EPOCH + 30 * SECOND)]).await;
    let running = house.start("a");
    until(start, Duration::from_secs(1)).await;
    running.end().await.unwrap();
    house.log.remove(&[INBOX.to_owned()]).await.unwrap();
    let mut parts = house.parts();
    parts.directory = Directory::default();
    let running = house.start_with(parts, house.settings("a"));
    until(start, Duration::from_secs(100)).await;
    running.end().await.unwrap();
    let letter: DeadLetter = house.codec.decode(&house.records(DEAD)[0].value).unwrap();
    assert_eq!((letter.code.as_str(), house.rows()), ("undeclared-topic", 0));
}

/// A row that this version cannot read stops the gateway with what was attempted: nothing is dropped.
#[tokio::test(start_paused = true)]
async fn stops_at_a_row_it_cannot_read() {
    use topics_state::{DueRow, KeyedStore, Timestamp};
    let house = House::new().await;
    house.send(vec![house.set(1, EPOCH + SECOND)]).await;
    for bucket in 0..2 {
        let row = DueRow { due: Timestamp(EPOCH), key: "x".into(), value: "of a newer version".into() };
        house.store.schedule(TIMERS, bucket, EPOCH / 60_000, row).await.unwrap();
    }
    let error = house.start("a").ended.await.unwrap().unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.to_string().contains("could not read a row of ns.timers/"), "{error}");
}

/// A broker that is away: calls of one kind do not come back.
struct Away(Operation);

impl topics_log::memory::Faults for Away {
    fn strike(&self, door: &topics_log::memory::Door<'_>) -> topics_log::memory::Strike {
        if door.operation == self.0 {
            topics_log::memory::Strike::Delay(Duration::from_secs(1_000))
        } else {
            topics_log::memory::Strike::None
        }
    }
}

/// Told to stop while the broker is away, timers leave at once if they only wait, and within their bound if
/// they work; the next owner fires what is due.
#[tokio::test(start_paused = true)]
async fn leaves_a_broker_that_is_away() {
    let at_once = Duration::from_millis(100);
    let in_time = Duration::from_secs(10) + at_once;
    let cases = [
        (Operation::Join, at_once),
        (Operation::Committed, at_once),
        (Operation::Poll, at_once),
        (Operation::Publish, in_time),
        (Operation::CommitOffsets, in_time),
    ];
    for (operation, bound) in cases {
        let house = House::new().await;
        let start = Instant::now();
        house.send((0..10).map(|number| house.set(number, EPOCH + SECOND)).collect()).await;
        let _ = house.log.clone().with_faults(Arc::new(Away(operation)));
        let running = house.start("a");
        until(start, Duration::from_secs(3)).await;
        let told = Instant::now();
        running.end().await.unwrap();
        assert!(told.elapsed() <= bound, "{operation:?} took {:?}", told.elapsed());
        let _ = house.log.clone().with_faults(Arc::new(topics_log::memory::NoFaults));
        let running = house.start("a");
        until(start, Duration::from_secs(60)).await;
        running.end().await.unwrap();
        let fired = house.fired_numbers();
        assert!((0..10).all(|number| fired.contains(&number)), "{operation:?}: {fired:?}");
    }
}
