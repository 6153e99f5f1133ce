//! Who shares a flight, who does not, and what happens to those who leave.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use schemas_records::Kind;
use schemas_records::model::ModelRequest;
use topics_runtime::gateway::Gateway;

use super::{House, sampled, shared};

/// A thousand identical requests are one call with a thousand answers; where sampling is on each is its
/// own, unless it says otherwise; and another tenant's is another question.
#[tokio::test(start_paused = true)]
async fn identical_requests_share_one_call() {
    let check = async |request: ModelRequest, tenants: u32, count: u32, paid: u32| {
        let house = House::plain();
        let gateway = house.gateway();
        let requests = (0..count).map(|number| {
            let mut asked = house.request(number, &request);
            asked.envelope.limits.tenant = format!("tenant-{}", number % tenants);
            asked
        });
        let answers = join_all(requests.map(|asked| gateway.answer(asked))).await;
        assert_eq!(house.paid(), paid, "{request:?} {tenants}");
        for (number, answered) in (0..count).zip(answers) {
            let answered = answered.unwrap();
            assert_eq!(house.entry(number).await.unwrap().value, answered.records[0].value);
            assert_eq!(house.read(&answered).rest, 4, "each is charged one call");
        }
    };
    check(shared("- It rains."), 1, 1000, 1).await;
    check(shared("- It rains."), 2, 20, 2).await;
    check(sampled("- It rains."), 1, 20, 20).await;
    check(ModelRequest { shared: true, ..sampled("- It rains.") }, 1, 20, 1).await;
}

/// When the first of many is reported, the journal holds the answers of all.
#[tokio::test(start_paused = true)]
async fn all_are_journaled_before_any_is_reported() {
    let house = House::plain();
    let gateway = house.gateway();
    let request = shared("- It rains.");
    let mut answers: FuturesUnordered<_> =
        (0..100).map(|number| gateway.answer(house.request(number, &request))).collect();
    answers.next().await.unwrap().unwrap();
    for number in 0..100 {
        assert!(house.entry(number).await.is_some(), "call {number}");
    }
}

/// One that joins while the others' answers are being written is served by the same flight.
#[tokio::test(start_paused = true)]
async fn late_joiners_are_served() {
    let request = shared("- It rains.");
    for delay_ms in 0..40 {
        let house = House::plain();
        let gateway = house.gateway();
        let late = async {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await; // virtual clock
            gateway.answer(house.request(2, &request)).await
        };
        let (first, second) = tokio::join!(gateway.answer(house.request(1, &request)), late);
        let (first, second) = (house.read(&first.unwrap()), house.read(&second.unwrap()));
        assert_eq!(first.result.unwrap().text, second.result.unwrap().text);
        // The model answers after 26 ms at the earliest: row, request; later ones begin a flight of their own.
        assert!(house.paid() == 1 || delay_ms > 26, "{} paid with a delay of {delay_ms} ms", house.paid());
        assert_eq!(house.attempt(&request, 1).await, None);
    }
}

/// A single-flight is no cache: once it has landed, another call asks anew.
#[tokio::test(start_paused = true)]
async fn a_later_call_asks_anew() {
    let house = House::plain();
    let gateway = house.gateway();
    for number in 1..=3 {
        gateway.answer(house.request(number, &shared("- It rains."))).await.unwrap();
        assert_eq!(house.paid(), number);
    }
}

/// A call that is delivered twice at once is one call, also where nothing is shared.
#[tokio::test(start_paused = true)]
async fn a_call_meets_itself() {
    let house = House::plain();
    let gateway = house.gateway();
    let request = sampled("- It rains.");
    let twice = (0..2).map(|_| gateway.answer(house.request(1, &request)));
    let answers: Vec<_> = join_all(twice).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers[0].records, answers[1].records);
    assert_eq!(house.paid(), 1);
}

/// A waiter that leaves does not end the flight, whichever it is; the last one aborts the request that is
/// under way.
#[tokio::test(start_paused = true)]
async fn the_last_to_leave_aborts() {
    let check = async |leaving: &[usize]| {
        let house = House::new(r#"{"rules": [{"latency_ms": 10000, "reply": {"kind": "restate"}}]}"#);
        let gateway = house.gateway();
        let request = shared("- It rains.");
        let mut waiters: Vec<_> =
            (0..3).map(|number| Some(gateway.answer(house.request(number, &request)))).collect();
        let all = join_all(waiters.iter_mut().flatten());
        assert!(tokio::time::timeout(Duration::from_secs(1), all).await.is_err());
        assert_eq!(house.running(), 1);
        for waiter in leaving {
            waiters[*waiter] = None;
        }
        let left: Vec<_> = waiters.into_iter().flatten().collect();
        assert_eq!(house.running(), usize::from(!left.is_empty()), "after {leaving:?} left");
        for answered in join_all(left).await {
            assert!(house.read(&answered.unwrap()).result.is_ok());
        }
        assert_eq!((house.paid(), gateway.flights.count()), (1, 0), "nothing is left of the flight");
    };
    check(&[]).await;
    check(&[0]).await;
    check(&[2, 1]).await;
    check(&[0, 1, 2]).await;
}

/// A cancellation takes the call off its flight, and with the last one the attempt's row goes: it was not
/// an attempt of any call that is still asked.
#[tokio::test(start_paused = true)]
async fn cancellations_settle() {
    let house = House::new(r#"{"rules": [{"latency_ms": 10000, "reply": {"kind": "restate"}}]}"#);
    let gateway = house.gateway();
    let request = shared("- It rains.");
    let mut waiters: Vec<_> = (1..=2).map(|number| gateway.answer(house.request(number, &request))).collect();
    assert!(tokio::time::timeout(Duration::from_secs(1), join_all(&mut waiters)).await.is_err());
    for number in [1, 2, 3] {
        assert_eq!(house.attempt(&request, 1).await.is_some(), number < 3, "before cancellation {number}");
        let mut cancellation = house.request(number, &request).envelope;
        cancellation.kind = Kind::Cancellation;
        gateway.cancelled(&cancellation).await.unwrap();
    }
    drop(waiters);
    assert_eq!(house.running(), 0);
    assert_eq!(house.entry(1).await, None);

    let answered = gateway.answer(house.request(4, &request)).await.unwrap();
    assert_eq!(house.read(&answered).result.unwrap().unknown_attempts, 0);
}
