//! Requests that nobody can work on: who can be told is told, and nothing is sent.

use bytes::Bytes;
use schemas_records::FailureCode;
use schemas_records::model::ModelRequest;
use schemas_records::protocol::Timer;
use topics_runtime::gateway::Gateway;

use super::{House, sampled, shared};
use crate::gateway::PROMPT_BYTES_MAX;

/// Bytes that are no request are a dead letter and a failed answer; without an address only the former.
#[tokio::test(start_paused = true)]
async fn unreadable_requests() {
    let house = House::plain();
    let timer = house.codec.encode(&Timer { due: 1, name: "t".into() }).unwrap();
    let good = house.codec.encode(&shared("- rain")).unwrap();
    let check = async |value: Bytes, addressed: bool, code: &str| {
        let mut request = house.record(1, value);
        if !addressed {
            request.envelope.reply_to = None;
        }
        let answered = house.gateway().answer(request).await.unwrap();
        assert_eq!(answered.dead.as_ref().map(|dead| dead.code), Some(code));
        assert_eq!(answered.records.len(), usize::from(addressed));
        if addressed {
            let heard = house.read(&answered);
            assert_eq!((heard.result.unwrap_err().code, heard.rest), (FailureCode::BadInput, 5));
        }
    };
    check(Bytes::new(), true, "undecodable").await;
    check(Bytes::from_static(b"{\"model\":\"\"}"), true, "undecodable").await;
    check(good.slice(..good.len() - 1), true, "undecodable").await;
    check(timer, true, "undecodable").await;
    check(good, false, "no-reply-to").await;
    assert_eq!(house.paid(), 0);
}

/// Requests that no provider could take are failed answers that cost nothing.
#[tokio::test(start_paused = true)]
async fn impossible_requests() {
    let house = House::plain();
    let check = async |change: fn(&mut ModelRequest), says: &str| {
        let mut request = sampled("- rain");
        change(&mut request);
        let answered = house.gateway().answer(house.request(1, &request)).await.unwrap();
        assert!(answered.dead.is_none());
        let heard = house.read(&answered);
        let failure = heard.result.unwrap_err();
        assert_eq!((failure.code, heard.rest), (FailureCode::BadInput, 5));
        assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
    };
    check(|request| request.messages.clear(), "prompt is empty").await;
    check(|request| request.max_tokens = 0, "max_tokens is 0").await;
    check(|request| request.max_tokens = -3, "max_tokens is -3").await;
    check(|request| request.temperature = f64::NAN, "temperature is NaN").await;
    check(|request| request.temperature = 2.5, "temperature is 2.5").await;
    check(|request| request.messages[1].content = "x".repeat(PROMPT_BYTES_MAX + 1), "at most").await;
    assert_eq!(house.paid(), 0);
}

/// Another request under a call that was answered is refused, and the answer stands.
#[tokio::test(start_paused = true)]
async fn a_call_is_one_request() {
    let house = House::plain();
    let gateway = house.gateway();
    let first = gateway.answer(house.request(1, &sampled("- rain"))).await.unwrap();
    let other = gateway.answer(house.request(1, &sampled("- snow"))).await.unwrap();
    let heard = house.read(&other);
    assert_eq!((heard.result.unwrap_err().code, heard.rest), (FailureCode::BadInput, 5));
    let again = gateway.answer(house.request(1, &sampled("- rain"))).await.unwrap();
    assert_eq!(again.records, first.records);
    assert_eq!(house.paid(), 1);
}
