//! A process may die between any two steps: the future is dropped at each of its polls in turn.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::join_all;
use schemas_records::model::ModelRequest;
use topics_runtime::gateway::{Answered, Gateway};
use topics_state::memory::{Door, Faults, Strike};
use topics_state::{KeyedStore, Remedy};

use super::{House, call, sampled, shared};

/// Lets a future be polled so many times; then it is dropped with all it holds.
struct Mortal<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Mortal<F> {
    fn new(future: F, polls: u32) -> Self {
        Self { future: Box::pin(future), polls }
    }
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// Asks for one call, and dies after each number of polls in `deaths`. Returns whether all of them came
/// before the end.
async fn ask_and_die(house: &House, request: &ModelRequest, deaths: &[u32]) -> bool {
    let mut crashes = 0;
    for polls in deaths {
        let gateway = house.gateway();
        let died = Mortal::new(gateway.answer(house.request(1, request)), *polls).await.is_none();
        crashes += u32::from(died);
    }
    let first = house.gateway().answer(house.request(1, request)).await.unwrap();
    let paid = house.paid();
    assert!((1..=1 + crashes).contains(&paid), "{paid} paid after deaths at {deaths:?}");

    let entry = house.entry(1).await.unwrap();
    assert_eq!(first.records[0].value, entry.value, "what is reported is what the journal holds");
    let answer = house.read(&first).result.unwrap();
    let attempts = u32::try_from(answer.attempts).unwrap();
    assert!((paid..=1 + crashes).contains(&attempts), "{attempts} written down, {paid} paid at {deaths:?}");
    assert_eq!(answer.attempts, 1 + answer.unknown_attempts, "all but the last are unknown");
    assert_eq!((answer.attempts, answer.unknown_attempts), (entry.attempts, entry.unknown_attempts));
    assert_nothing_open(house, request).await;

    let second = house.gateway().answer(house.request(1, request)).await.unwrap();
    assert_eq!(second.records, first.records, "a redelivery reports the same bytes");
    assert_eq!(house.paid(), paid, "a redelivery pays nothing");
    crashes == u32::try_from(deaths.len()).unwrap()
}

/// The attempts' row goes when the answer is there; if a crash came between, it is about an answered call,
/// and so counts for nothing.
async fn assert_nothing_open(house: &House, request: &ModelRequest) {
    if let Some(row) = house.attempt(request, 1).await {
        let journaled = house.store.get("test.journal", row.call.key().as_bytes()).await.unwrap();
        assert!(journaled.is_some(), "{row:?} is left of a call that is not answered");
    }
}

/// One death, then two, at every poll: each costs at most one more request, the answer is one.
#[tokio::test(start_paused = true)]
async fn paid_once_and_once_more_for_each_crash() {
    for request in [shared("- It rains."), sampled("- It rains.")] {
        let mut last = 0;
        while ask_and_die(&House::plain(), &request, &[last]).await {
            last += 1;
        }
        assert!(last > 8, "only {last} places to die at: the steps do not wait for the store");
        for first in 0..last {
            for second in 0..last {
                ask_and_die(&House::plain(), &request, &[first, second]).await;
            }
        }
    }
}

/// Of three that share a flight, those whose answer was journaled before a crash do not pay again; the
/// others pay once together.
#[tokio::test(start_paused = true)]
async fn a_shared_flight_dies() {
    let request = shared("- It rains.");
    for polls in 0.. {
        let house = House::plain();
        let gateway = house.gateway();
        let ask = |gateway: Arc<_>| {
            let requests: Vec<_> = (1..=3).map(|number| house.request(number, &request)).collect();
            let ask = move |request| {
                let gateway: Arc<super::ModelGateway> = Arc::clone(&gateway);
                async move { gateway.answer(request).await.unwrap() }
            };
            join_all(requests.into_iter().map(ask))
        };
        let ended = Mortal::new(ask(Arc::new(gateway)), polls).await.is_some();
        let answers: Vec<Answered> = ask(Arc::new(house.gateway())).await;
        assert!(house.paid() <= 2, "{} paid after a death at poll {polls}", house.paid());
        for (number, answered) in (1..=3).zip(&answers) {
            assert_eq!(answered.records[0].value, house.entry(number).await.unwrap().value);
        }
        assert_nothing_open(&house, &request).await;
        if ended {
            assert!(polls > 8, "only {polls} places to die at");
            return;
        }
    }
}

/// An attempt whose end was written down is not unknown to the next owner; one that is under way is.
#[tokio::test(start_paused = true)]
async fn only_open_attempts_are_unknown() {
    let check = async |died_ms: u64, attempts: i32, unknown: i32| {
        let house = House::new(
            r#"{"rules": [
                {"times": 1, "latency_ms": 1000, "reply": {"kind": "rate-limited", "retry_after_ms": 5000}},
                {"latency_ms": 1000, "reply": {"kind": "restate"}}]}"#,
        );
        let request = sampled("- It rains.");
        let gateway = house.gateway();
        let death =
            tokio::time::timeout(Duration::from_millis(died_ms), gateway.answer(house.request(1, &request)));
        assert!(death.await.is_err(), "answered within {died_ms} ms");
        let answered = house.gateway().answer(house.request(1, &request)).await.unwrap();
        let answer = house.read(&answered).result.unwrap();
        assert_eq!(
            (answer.attempts, answer.unknown_attempts),
            (attempts, unknown),
            "died after {died_ms} ms"
        );
    };
    // The first attempt is under way.
    check(500, 2, 1).await;
    // It was told to wait, and the pause runs.
    check(4000, 2, 0).await;
    // The second is under way.
    check(6500, 3, 1).await;
}

/// An answer that was journaled by another owner meanwhile stands, also for the one who was slower.
#[tokio::test(start_paused = true)]
async fn the_first_answer_in_the_journal_stands() {
    let house = House::new(
        r#"{"rules": [
            {"times": 1, "latency_ms": 5000, "reply": {"kind": "text", "text": "slow"}},
            {"reply": {"kind": "text", "text": "quick"}}]}"#,
    );
    let request = sampled("- It rains.");
    let (old, new) = (house.gateway(), house.gateway());
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
        new.answer(house.request(1, &request)).await.unwrap()
    };
    let (slow, quick) = tokio::join!(old.answer(house.request(1, &request)), later);
    assert_eq!(slow.unwrap().records, quick.records);
    let answer = house.read(&quick).result.unwrap();
    assert_eq!((answer.text.as_str(), answer.unknown_attempts), ("quick", 1));
}

/// Fails the first calls at one door of the store.
struct Away {
    door: Door,
    strike: Strike,
    left: std::sync::atomic::AtomicU32,
}

impl Faults for Away {
    fn strike(&self, door: Door) -> Strike {
        use std::sync::atomic::Ordering::SeqCst;
        let lessen = |left: u32| left.checked_sub(1);
        if door == self.door && self.left.fetch_update(SeqCst, SeqCst, lessen).is_ok() {
            return self.strike;
        }
        Strike::None
    }
}

/// While the store is away an answer that is paid for is kept and written until it is written; and what
/// was written without an acknowledgement is ours all the same.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_nothing() {
    let check = async |door: Door, strike: Strike| {
        let house = House::plain().troubled(Away { door, strike, left: 10.into() });
        let request = sampled("- It rains.");
        let answered = house.gateway().answer(house.request(1, &request)).await.unwrap();
        let answer = house.read(&answered).result.unwrap();
        assert_eq!(
            (house.paid(), answer.attempts, answer.unknown_attempts),
            (1, 1, 0),
            "{door:?} {strike:?}"
        );
        assert_eq!(house.attempt(&request, 1).await, None, "{door:?} {strike:?}");
    };
    for door in [Door::Put, Door::InsertIfAbsent, Door::Remove] {
        check(door, Strike::Fail(Remedy::Retry)).await;
        check(door, Strike::FailWritten).await;
    }
    // Before anything is sent, the loop is told to ask again.
    let house = House::plain().troubled(Away {
        door: Door::Get,
        strike: Strike::Fail(Remedy::Retry),
        left: 1.into(),
    });
    let error = house.gateway().answer(house.request(1, &shared("- It rains."))).await.unwrap_err();
    assert_eq!((error.remedy, house.paid()), (topics_runtime::Remedy::Retry, 0));
}

/// A row left by a flight whose answer is in the journal is no unknown attempt of the next flight.
#[tokio::test(start_paused = true)]
async fn a_row_that_was_not_removed_counts_for_nothing() {
    let house = House::plain();
    let request = shared("- It rains.");
    house.gateway().answer(house.request(1, &request)).await.unwrap();
    let row = super::ModelAttempt {
        request_hash: request.hash("acme"),
        call: call(1),
        attempts: 1,
        unknown_attempts: 0,
        open: true,
    };
    let key = request.routing_key("acme", call(1));
    let bytes = house.codec.encode_state(&row).unwrap();
    house.store.put("test.attempts", key.as_bytes(), bytes, None).await.unwrap();
    let answered = house.gateway().answer(house.request(2, &request)).await.unwrap();
    let answer = house.read(&answered).result.unwrap();
    assert_eq!((answer.attempts, answer.unknown_attempts), (1, 0));
    assert_eq!(house.attempt(&request, 1).await, None);
}
