//! What is reported of a call whose deadline has passed, and what is left of it.

use std::time::Duration;

use schemas_records::FailureCode;
use topics_runtime::gateway::{Answered, Gateway, Request};

use super::super::ToolGateway;
use super::{Does, Effects, House, read, request};

const ALL: [Effects; 3] = [Effects::Idempotent, Effects::Keyed, Effects::AtMostOnce];

/// As the loop does it: asks for so long, then drops what is under way and says that it is too late.
async fn ask_until(gateway: &ToolGateway, request: Request, millis: u64) -> Answered {
    let limit = Duration::from_millis(millis);
    match tokio::time::timeout(limit, gateway.answer(request.clone())).await {
        Ok(answered) => answered.unwrap(),
        Err(_) => gateway.expired(request).await.unwrap(),
    }
}

/// What was answered is reported again however late it is.
#[tokio::test(start_paused = true)]
async fn an_answer_is_an_answer_however_late() {
    for effects in ALL {
        let house = House::with(effects, &[]);
        let first = house.gateway().answer(request(1)).await.unwrap();
        let late = house.gateway().expired(request(1)).await.unwrap();
        assert_eq!((late.records, house.calls()), (first.records, 1), "{effects:?}");
    }
}

/// The failure says what was called; it stands, also for a gateway that does not know the time; and of a
/// call that acts at most once the intent is left.
#[tokio::test(start_paused = true)]
async fn a_late_call_is_settled() {
    for effects in ALL {
        for (millis, says, calls) in [(0, "0 calls made", 0), (1_000, "1 call made", 1)] {
            let house = House::with(effects, &[Does::Hangs]);
            let late = ask_until(&house.gateway(), request(1), millis).await;
            let failure = read(&late).unwrap_err();
            assert_eq!((failure.code, failure.calls_spent), (FailureCode::DeadlineExceeded, 0));
            assert!(failure.message.contains(says) && failure.path == "asker", "{effects:?} {failure:?}");
            assert_eq!((house.calls(), *house.horn().running.lock().unwrap()), (calls, 0));
            let entry = house.entry(1).await.unwrap();
            let known = i32::try_from(calls).unwrap();
            assert_eq!((entry.attempts, entry.unknown_attempts), (known, known), "{effects:?}");
            let left = (house.attempt(1).await.is_some(), house.intent(1).await.is_some());
            assert_eq!(left, (false, effects == Effects::AtMostOnce && calls == 1), "{effects:?}");
            let again = house.gateway().answer(request(1)).await.unwrap();
            assert_eq!((again.records, house.calls()), (late.records, calls), "{effects:?}");
        }
    }
}

/// What is no longer ours is settled by its next owner.
#[tokio::test(start_paused = true)]
async fn a_late_call_of_another_is_left_alone() {
    for effects in ALL {
        let house = House::with(effects, &[]);
        let lost = request(1);
        lost.token.revoke();
        let answered = house.gateway().expired(lost).await.unwrap();
        assert!(answered.records.is_empty() && answered.dead.is_none());
        assert_eq!(house.entry(1).await, None);
    }
}

/// Who may not use a tool is told so, late or not, and what cannot be read too.
#[tokio::test(start_paused = true)]
async fn a_late_refusal_is_a_refusal() {
    let house = House::with(Effects::Idempotent, &[]);
    let mut stranger = request(1);
    stranger.envelope.reply_to.as_mut().unwrap().address.topic = "test.team.other.inbox.g1".into();
    let mut broken = request(1);
    broken.record.value = bytes::Bytes::from_static(b"?");
    for asked in [stranger, broken] {
        let timely = house.gateway().answer(asked.clone()).await.unwrap();
        let late = house.gateway().expired(asked).await.unwrap();
        assert_eq!(late.records, timely.records);
    }
}
