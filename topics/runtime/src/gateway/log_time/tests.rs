//! What waits for a deadline goes on once it has passed for certain: no earlier, and not much later.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp};
use tokio::time::{Instant, advance};
use topics_log::{Appended, Record, TopicPartition};

use super::{JUMP_MIN, LogTime};

fn records(times: &[i64]) -> Vec<Record> {
    let record = |time: &i64| Record {
        topic_partition: TopicPartition::new("t", 0),
        offset: 0,
        timestamp: Timestamp(*time),
        key: Key::new(b"k"),
        value: Bytes::new(),
        headers: Headers::new(),
    };
    times.iter().map(record).collect()
}

fn appended(times: &[i64]) -> Vec<Appended> {
    times.iter().map(|time| Appended { partition: 0, offset: 0, timestamp: Timestamp(*time) }).collect()
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One that waits, polled by hand.
struct Waiting<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    woken: Arc<Woken>,
}

impl<'a> Waiting<'a> {
    fn new(time: &'a LogTime, deadline: i64) -> Self {
        let mut this = Self { future: Box::pin(time.passes(Timestamp(deadline))), woken: Arc::default() };
        let _ = this.has_passed();
        this
    }

    fn has_passed(&mut self) -> bool {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(())
    }

    fn woken(&self) -> u32 {
        self.woken.0.load(Ordering::SeqCst)
    }
}

/// Of many records the newest counts, of many reports the earliest.
#[tokio::test(start_paused = true)]
async fn knows_what_is_past() {
    let check = |read: &[i64], reported: &[i64], now: Option<i64>| {
        let time = LogTime::default();
        time.read(&records(read));
        time.appended(Instant::now(), &appended(reported));
        assert_eq!(time.is_past(Timestamp(now.unwrap_or(0))), now.is_some(), "{read:?} {reported:?}");
        assert!(!time.is_past(Timestamp(now.unwrap_or(0) + 1)), "{read:?} {reported:?}");
    };
    check(&[], &[], None);
    check(&[5_000, 7_000, 6_000], &[], Some(7_000));
    check(&[], &[7_000, 6_000], Some(6_000));
    check(&[5_000], &[7_000, 6_000], Some(6_000));
}

/// Before anything is known nothing has passed; then each waits as long as is left, and a little more.
#[tokio::test(start_paused = true)]
async fn waits_until_the_deadline() {
    let check = async |read: i64, deadline: i64, wait: Duration| {
        let time = LogTime::default();
        let begin = Instant::now();
        let learn = async {
            advance(Duration::from_secs(3_600)).await;
            time.read(&records(&[read]));
        };
        tokio::join!(time.passes(Timestamp(deadline)), learn);
        let wait = Duration::from_secs(3_600) + wait;
        let late = begin.elapsed().saturating_sub(wait);
        assert!(begin.elapsed() >= wait && late <= wait / 500, "{read} {deadline}: {late:?} late");
    };
    check(60_000, 60_000, Duration::ZERO).await;
    check(60_000, 9_000, Duration::ZERO).await;
    check(60_000, 60_001, Duration::from_millis(1)).await;
    check(60_000, 3_660_000, Duration::from_secs(3_600)).await;
}

/// A jump of what is known wakes who waits; small steps wake nobody until they are a jump together; one
/// that lets the deadline pass ends the wait.
#[tokio::test(start_paused = true)]
async fn wakes_on_jumps_alone() {
    let time = LogTime::default();
    time.read(&records(&[10_000]));
    let mut waiting = Waiting::new(&time, 20_000);
    let step = i64::try_from(JUMP_MIN.as_millis()).unwrap() / 5;
    for number in 1..=4 {
        time.read(&records(&[10_000 + number * step]));
        assert_eq!(waiting.woken(), 0, "after {number} small steps");
    }
    time.read(&records(&[10_000 + 5 * step]));
    assert_eq!((waiting.woken(), waiting.has_passed()), (1, false));
    time.read(&records(&[9_000]));
    assert_eq!(waiting.woken(), 1, "old records say nothing");
    time.read(&records(&[20_000]));
    assert_eq!((waiting.woken(), waiting.has_passed()), (2, true));
}

/// A clock that steps back takes the wait with it, and a later jump ends it.
#[tokio::test(start_paused = true)]
async fn steps_back_with_the_broker() {
    let time = LogTime::default();
    assert!(!time.appended(Instant::now(), &appended(&[50_000])));
    let mut waiting = Waiting::new(&time, 60_000);
    advance(Duration::from_secs(5)).await;
    assert!(time.appended(Instant::now(), &appended(&[30_000])));
    advance(Duration::from_secs(6)).await;
    assert!(!waiting.has_passed(), "55 s would have been 61 s");
    time.appended(Instant::now(), &appended(&[59_999]));
    assert!(waiting.woken() > 0 && !waiting.has_passed());
    advance(Duration::from_millis(2)).await;
    assert!(waiting.has_passed());
}
