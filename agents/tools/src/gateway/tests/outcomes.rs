//! What comes of what tools say: answers, typed failures, tries.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::protocol::Timer;
use schemas_records::{FailureCode, Text};
use tokio::time::Instant;
use topics_runtime::gateway::Gateway;

use super::{Does, Effects, Error, House, codec, read, request, transient};

/// Asks once, and asserts what is heard, how often the tool was called, and how many seconds it took.
async fn check(
    effects: Effects,
    script: &[Does],
    expected: Result<&str, (FailureCode, &str)>,
    calls: usize,
    seconds: (u64, u64),
) {
    let house = House::with(effects, script);
    let begin = Instant::now();
    let answered = house.gateway().answer(request(1)).await.unwrap();
    let took = begin.elapsed().as_secs();
    assert!((seconds.0..=seconds.1).contains(&took), "{effects:?} {script:?} took {took} s");
    assert_eq!(house.calls(), calls, "{effects:?} {script:?}");
    match (read(&answered), expected) {
        (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{effects:?} {script:?}"),
        (Err(failure), Err((code, says))) => {
            assert_eq!((failure.code, failure.calls_spent), (code, 0), "{effects:?} {script:?}");
            assert_eq!(failure.path, "asker");
            assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
        }
        (heard, expected) => panic!("{effects:?} {script:?}: {heard:?}, not {expected:?}"),
    }
    let again = house.gateway().answer(request(1)).await.unwrap();
    assert_eq!((again.records, house.calls()), (answered.records, calls), "it stands");
}

/// What may pass is tried again within the bound, and of a tool that acts at most once never.
#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    let (once, failed) = (Effects::AtMostOnce, FailureCode::ToolFailed);
    for often in [Effects::Idempotent, Effects::Keyed] {
        check(often, &[], Ok("HELLO"), 1, (0, 0)).await;
        check(often, &[transient()], Ok("HELLO"), 2, (0, 0)).await;
        check(often, &vec![transient(); 3], Ok("HELLO"), 4, (5, 8)).await;
        check(often, &vec![transient(); 9], Err((failed, "4 calls made: no answer this time")), 4, (5, 8))
            .await;
        check(often, &[Does::Hangs], Ok("HELLO"), 2, (30, 31)).await;
        check(often, &vec![Does::Hangs; 9], Err((failed, "no answer within 30s")), 4, (125, 129)).await;
    }
    check(once, &[], Ok("HELLO"), 1, (0, 0)).await;
    check(once, &[transient()], Err((FailureCode::OutcomeUnknown, "busy; whether it acted")), 1, (0, 0))
        .await;
    check(once, &[Does::Hangs], Err((FailureCode::OutcomeUnknown, "no answer within 30s")), 1, (30, 31))
        .await;
}

/// A tool that asks for a pause gets it, within the bound.
#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for() {
    for (seconds, took) in [(5, 5), (3_600, 10)] {
        let after = Some(Duration::from_secs(seconds));
        let busy = Does::Ends(Error::Transient { after, message: "busy".into() });
        check(Effects::Idempotent, &[busy], Ok("HELLO"), 2, (took, took)).await;
    }
}

/// What would not pass is not tried again, whatever the tool is.
#[tokio::test(start_paused = true)]
async fn refusals_and_failures_are_final() {
    for effects in [Effects::Idempotent, Effects::Keyed, Effects::AtMostOnce] {
        let refused = Does::Ends(Error::refused("no such sector; there are: mining"));
        check(effects, &[refused], Err((FailureCode::BadInput, "there are: mining")), 1, (0, 0)).await;
        let failed = Does::Ends(Error::failed("the disk is gone"));
        check(effects, &[failed], Err((FailureCode::ToolFailed, "1 call made: the disk is gone")), 1, (0, 0))
            .await;
        let code = if effects == Effects::AtMostOnce {
            FailureCode::OutcomeUnknown
        } else {
            FailureCode::ToolFailed
        };
        check(effects, &[Does::Panics], Err((code, "it panicked")), 1, (0, 0)).await;
    }
}

/// An answer that is too long, or not what was declared, is a failure that says so; the tool is not called
/// again.
#[tokio::test(start_paused = true)]
async fn answers_have_bounds() {
    let idempotent = Effects::Idempotent;
    let five_megabytes = codec().encode(&Text::new("x".repeat(5 << 20))).unwrap();
    let says = format!("answered too much: {} bytes, at most 262144 are kept", five_megabytes.len());
    let answers = Does::Answers(five_megabytes);
    check(idempotent, &[answers], Err((FailureCode::ToolFailed, &says)), 1, (0, 0)).await;

    let timer = codec().encode(&Timer { due: 1, name: "t".into() }).unwrap();
    let good = codec().encode(&Text::new("good")).unwrap();
    for (bytes, says) in [
        (Bytes::new(), "did not declare"),
        (Bytes::from_static(b"{\"text\": \"json\"}"), "did not declare"),
        (timer, "tributary.Timer"),
        (good.slice(..good.len() - 1), "did not declare"),
    ] {
        check(idempotent, &[Does::Answers(bytes)], Err((FailureCode::BadAnswer, says)), 1, (0, 0)).await;
    }
}
