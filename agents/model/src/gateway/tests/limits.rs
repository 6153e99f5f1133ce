//! Budgets, pauses, bounds of retrying, ownership.

use std::time::Duration;

use schemas_records::FailureCode;
use tokio::time::Instant;
use topics_runtime::gateway::Gateway;

use super::{House, sampled, shared};

/// A call takes one out of its allotment, well or not; without one nothing is sent.
#[tokio::test(start_paused = true)]
async fn a_call_takes_one() {
    let check = async |reply: &str, calls: u32, rest: u32, paid: u32, code: Option<FailureCode>| {
        let house = House::new(&format!(r#"{{"rules": [{{"reply": {reply}}}]}}"#));
        let gateway = house.gateway();
        for delivery in 1..=2 {
            let mut request = house.request(1, &sampled("- It rains."));
            request.envelope.limits.budget.calls = calls;
            let heard = house.read(&gateway.answer(request).await.unwrap());
            assert_eq!(heard.rest, rest, "{reply} with {calls}, delivery {delivery}");
            let spent =
                heard.result.as_ref().err().map_or(calls - rest, |f| f.calls_spent.try_into().unwrap());
            assert_eq!(spent, calls - rest, "{reply} with {calls}");
            assert_eq!(heard.result.err().map(|failure| failure.code), code, "{reply} with {calls}");
            assert_eq!(house.paid(), paid, "{reply} with {calls}, delivery {delivery}");
        }
    };
    let restate = r#"{"kind": "restate"}"#;
    check(restate, 5, 4, 1, None).await;
    check(restate, 1, 0, 1, None).await;
    check(restate, 0, 0, 0, Some(FailureCode::OutOfBudget)).await;
    check(r#"{"kind": "refused"}"#, 5, 4, 1, Some(FailureCode::ModelFailed)).await;
    check(r#"{"kind": "transient"}"#, 1, 0, 4, Some(FailureCode::ModelFailed)).await;
    check(r#"{"kind": "garbage"}"#, 1, 0, 1, Some(FailureCode::ModelFailed)).await;
}

/// After a 429 every request of that model waits as long as was asked for, and none of another model; no
/// number of pauses makes a call fail.
#[tokio::test(start_paused = true)]
async fn a_pause_is_everybodys() {
    let house = House::new(
        r#"{"rules": [{"match": "rain", "times": 1, "reply": {"kind": "rate-limited", "retry_after_ms": 30000}}]}"#,
    );
    let gateway = house.gateway();
    let begin = Instant::now();
    let ask = async |number: u32, prompt: &str, model: &str| {
        // Behind the first one.
        tokio::time::sleep(Duration::from_millis(100 * u64::from(number))).await; // virtual clock
        let mut request = sampled(prompt);
        request.model = model.into();
        let answered = gateway.answer(house.request(number, &request)).await.unwrap();
        (house.read(&answered).result.unwrap().attempts, begin.elapsed().as_secs())
    };
    let (rain, snow, other) =
        tokio::join!(ask(0, "- rain", "small"), ask(1, "- snow", "small"), ask(2, "- snow", "large"));
    assert_eq!((rain, snow, other), ((2, 30), (1, 30), (1, 0)));

    let house = House::new(r#"{"rules": [{"times": 50, "reply": {"kind": "rate-limited"}}]}"#);
    let answered = house.gateway().answer(house.request(1, &sampled("- rain"))).await.unwrap();
    assert_eq!(house.read(&answered).result.unwrap().attempts, 51);
}

/// Failures that may pass are tried again up to the bound, with growing pauses; others not at all.
#[tokio::test(start_paused = true)]
async fn retries_are_bounded() {
    let check = async |reply: &str, times: u32, attempts: u32, seconds: (u64, u64)| {
        let house = House::new(&format!(r#"{{"rules": [{{"times": {times}, "reply": {reply}}}]}}"#));
        let begin = Instant::now();
        let answered = house.gateway().answer(house.request(1, &sampled("- rain"))).await.unwrap();
        let heard = house.read(&answered).result;
        assert_eq!(house.paid(), attempts, "{reply} {times} times");
        let recovers = times < attempts;
        assert_eq!(heard.is_ok(), recovers, "{reply} {times} times: {heard:?}");
        let took = begin.elapsed().as_secs();
        assert!((seconds.0..=seconds.1).contains(&took), "{reply} {times} times took {took} s");
        let known = heard.map_or_else(|failure| failure.message, |answer| answer.attempts.to_string());
        assert!(known.contains(&attempts.to_string()), "{known} names the {attempts} requests sent");
    };
    check(r#"{"kind": "transient"}"#, 1, 2, (0, 0)).await;
    check(r#"{"kind": "transient"}"#, 3, 4, (5, 8)).await;
    check(r#"{"kind": "transient"}"#, 4, 4, (5, 8)).await;
    check(r#"{"kind": "never"}"#, 1, 2, (120, 121)).await;
    check(r#"{"kind": "never"}"#, 9, 4, (485, 488)).await;
    check(r#"{"kind": "refused"}"#, 1, 1, (0, 0)).await;
}

/// What costs is only sent for partitions that are ours; an owner who lost all of them says nothing.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_what_is_not_ours() {
    let request = shared("- It rains.");
    let house = House::plain();
    let gateway = house.gateway();
    let lost = house.request(1, &request);
    lost.token.revoke();
    let answered = gateway.answer(lost.clone()).await.unwrap();
    assert!(answered.records.is_empty() && answered.dead.is_none());
    assert_eq!(house.paid(), 0);

    // Lost at any time before it is sent, also while its attempt is being written.
    for revoked_after_ms in 0..=5 {
        let house = House::plain();
        let asked = house.request(1, &request);
        let revoke = async {
            tokio::time::sleep(Duration::from_millis(revoked_after_ms)).await; // virtual clock
            asked.token.revoke();
        };
        let gateway = house.gateway();
        let (answered, ()) = tokio::join!(gateway.answer(asked.clone()), revoke);
        assert!(answered.unwrap().records.is_empty());
        assert_eq!(house.paid(), 0, "lost after {revoked_after_ms} ms");
    }

    // One of two is still ours: the flight goes on, and both may be told.
    let (first, second) = tokio::join!(gateway.answer(lost), gateway.answer(house.request(2, &request)));
    assert_eq!(house.paid(), 1);
    assert!(house.read(&first.unwrap()).result.is_ok() && house.read(&second.unwrap()).result.is_ok());

    // Lost in a pause: the next owner knows that the attempt has ended.
    let house =
        House::new(r#"{"rules": [{"times": 1, "reply": {"kind": "rate-limited", "retry_after_ms": 5000}}]}"#);
    let (old, asked) = (house.gateway(), house.request(1, &request));
    let revoke = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
        asked.token.revoke();
    };
    let (answered, ()) = tokio::join!(old.answer(asked.clone()), revoke);
    assert!(answered.unwrap().records.is_empty());
    assert_eq!(house.paid(), 1);
    let answered = house.gateway().answer(house.request(1, &request)).await.unwrap();
    let answer = house.read(&answered).result.unwrap();
    assert_eq!((answer.attempts, answer.unknown_attempts), (2, 0));
}
