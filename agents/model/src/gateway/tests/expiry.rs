//! What is reported of a call whose deadline has passed, and what is left of it.

use std::time::Duration;

use schemas_records::FailureCode;
use topics_runtime::gateway::{Answered, Gateway, Request};

use super::super::ModelGateway;
use super::{Heard, House, call, sampled, shared};

/// As the loop does it: asks for so long, then drops what is under way and says that it is too late.
async fn ask_until(gateway: &ModelGateway, request: Request, millis: u64) -> Answered {
    let limit = Duration::from_millis(millis);
    match tokio::time::timeout(limit, gateway.answer(request.clone())).await {
        Ok(answered) => answered.unwrap(),
        Err(_) => gateway.expired(request).await.unwrap(),
    }
}

fn assert_late(heard: &Heard, spent: i32, sent: &str) {
    let failure = heard.result.as_ref().unwrap_err();
    assert_eq!((failure.code, failure.calls_spent), (FailureCode::DeadlineExceeded, spent), "{failure:?}");
    assert!(failure.message.contains(sent) && failure.path == "asker", "{failure:?}");
}

/// What was answered is reported again however late it is, also if the answer was a failure.
#[tokio::test(start_paused = true)]
async fn an_answer_is_an_answer_however_late() {
    for reply in [r#"{"kind": "restate"}"#, r#"{"kind": "refused"}"#] {
        let house = House::new(&format!(r#"{{"rules": [{{"reply": {reply}}}]}}"#));
        let request = sampled("- It rains.");
        let first = house.gateway().answer(house.request(1, &request)).await.unwrap();
        let late = house.gateway().expired(house.request(1, &request)).await.unwrap();
        assert_eq!((late.records, house.paid()), (first.records, 1), "{reply}");
    }
}

/// The failure says what was sent and costs a call if anything was; it stands, also for a gateway that
/// does not know the time; and no attempt is left.
#[tokio::test(start_paused = true)]
async fn a_late_call_is_settled() {
    let check = async |script: &str, millis: u64, rest: u32, sent: &str, paid: u32| {
        let house = House::new(script);
        let request = sampled("- It rains.");
        let late = ask_until(&house.gateway(), house.request(1, &request), millis).await;
        let heard = house.read(&late);
        assert_late(&heard, i32::try_from(5 - rest).unwrap(), sent);
        assert_eq!((heard.rest, house.paid(), house.running()), (rest, paid, 0), "{script}");
        assert_eq!(house.attempt(&request, 1).await, None, "{script}");
        let again = house.gateway().answer(house.request(1, &request)).await.unwrap();
        assert_eq!((again.records, house.paid()), (late.records, paid), "{script}");
    };
    let never = r#"{"rules": [{"reply": {"kind": "never"}}]}"#;
    check(never, 0, 5, "0 requests sent", 0).await;
    check(never, 1_000, 4, "1 request sent", 1).await;
    let busy = r#"{"rules": [{"reply": {"kind": "rate-limited", "retry_after_ms": 5000}}]}"#;
    check(busy, 12_000, 4, "3 requests sent", 3).await;
}

/// What is no longer ours is settled by its next owner, whose attempt stays.
#[tokio::test(start_paused = true)]
async fn a_late_call_of_another_is_left_alone() {
    let house = House::new(r#"{"rules": [{"reply": {"kind": "never"}}]}"#);
    let request = sampled("- It rains.");
    let lost = house.request(1, &request);
    let asking = house.gateway();
    let asks = ask_until(&asking, house.request(1, &request), 9_000);
    let expires = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
        lost.token.revoke();
        let old = house.gateway().expired(lost.clone()).await.unwrap();
        assert!(old.records.is_empty() && old.dead.is_none());
        assert_eq!((house.entry(1).await, house.attempt(&request, 1).await.unwrap().open), (None, true));
    };
    tokio::join!(asks, expires);
}

/// What cannot be read is told so, late or not.
#[tokio::test(start_paused = true)]
async fn a_late_request_is_read_all_the_same() {
    let house = House::plain();
    let broken = house.record(1, bytes::Bytes::from_static(b"?"));
    let timely = house.gateway().answer(broken.clone()).await.unwrap();
    let late = house.gateway().expired(broken).await.unwrap();
    assert_eq!(late.records, timely.records);
    assert_eq!(late.dead.map(|reason| reason.code), Some("undecodable"));
}

/// Of two that share a flight the one with more time gets the answer, whoever began it; the other is told
/// that it was too late. If both are too late nothing is left.
#[tokio::test(start_paused = true)]
async fn who_has_more_time_gets_the_answer() {
    let check = async |first_ms: u64, second_ms: u64| {
        let house = House::new(r#"{"rules": [{"latency_ms": 10000, "reply": {"kind": "restate"}}]}"#);
        let (gateway, request) = (house.gateway(), shared("- It rains."));
        let (first, second) = tokio::join!(
            ask_until(&gateway, house.request(1, &request), first_ms),
            ask_until(&gateway, house.request(2, &request), second_ms),
        );
        for (answered, millis) in [(first, first_ms), (second, second_ms)] {
            let heard = house.read(&answered);
            if millis > 10_000 {
                assert_eq!(heard.result.unwrap().attempts, 1);
            } else {
                assert_late(&heard, 1, "1 request sent");
            }
        }
        let left = (house.paid(), house.running(), gateway.flights.count());
        assert_eq!(left, (1, 0, 0), "{first_ms} {second_ms}");
        assert_eq!(house.attempt(&request, 1).await, None, "{first_ms} {second_ms}");
    };
    check(5_000, 60_000).await;
    check(60_000, 5_000).await;
    check(5_000, 6_000).await;
    check(5_000, 5_000).await;
}

/// The row of a flight that goes on stays in force when its first waiter is too late: a crash then counts
/// its attempt unknown.
#[tokio::test(start_paused = true)]
async fn a_flight_that_goes_on_keeps_its_attempt() {
    let house = House::new(r#"{"rules": [{"latency_ms": 10000, "reply": {"kind": "restate"}}]}"#);
    let (gateway, request) = (house.gateway(), shared("- It rains."));
    let both = async {
        tokio::join!(
            ask_until(&gateway, house.request(1, &request), 2_000),
            ask_until(&gateway, house.request(2, &request), 60_000),
        )
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), both).await.is_err());
    assert_eq!(house.attempt(&request, 1).await.unwrap().call, call(1));
    let answered = house.gateway().answer(house.request(2, &request)).await.unwrap();
    let answer = house.read(&answered).result.unwrap();
    assert_eq!((answer.attempts, answer.unknown_attempts), (2, 1));
}

/// An owner who knows that he lost the partition leaves the attempts to his successor.
#[tokio::test(start_paused = true)]
async fn a_late_old_owner_leaves_the_row() {
    for reply in [r#"{"kind": "restate"}"#, r#"{"kind": "rate-limited"}"#, r#"{"kind": "transient"}"#] {
        let script = format!(
            r#"{{"rules": [{{"times": 1, "latency_ms": 5000, "reply": {reply}}},
            {{"latency_ms": 60000, "reply": {{"kind": "restate"}}}}]}}"#
        );
        let house = House::new(&script);
        let request = shared("- It rains.");
        let (old, new) = (house.gateway(), house.gateway());
        let lost = house.request(1, &request);
        let takes_over = async {
            tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
            lost.token.revoke();
            ask_until(&new, house.request(2, &request), 9_000_000).await
        };
        let looks = async {
            tokio::time::sleep(Duration::from_secs(10)).await; // virtual clock
            house.attempt(&request, 2).await
        };
        let (_, _, row) = tokio::join!(old.answer(lost.clone()), takes_over, looks);
        let row = row.unwrap();
        assert_eq!((row.call, row.open, row.unknown_attempts), (call(2), true, 1), "{reply}");
    }
}
