//! Whatever a model does, who asked is told: an answer, or a failure that says why.

use schemas_records::FailureCode;
use schemas_records::model::Finish;
use topics_runtime::gateway::Gateway;

use super::{House, call, sampled};
use crate::gateway::JournalOutcome;

/// Garbage, nothing, too much: one request, one typed failure, in the journal like any answer.
#[tokio::test(start_paused = true)]
async fn bad_answers_are_typed_failures() {
    let check = async |reply: &str, says: &str| {
        let house = House::new(&format!(r#"{{"rules": [{{"reply": {reply}}}]}}"#));
        let gateway = house.gateway();
        let first = gateway.answer(house.request(1, &sampled("- rain"))).await.unwrap();
        let failure = house.read(&first).result.unwrap_err();
        assert_eq!(failure.code, FailureCode::ModelFailed, "{reply}");
        assert!(failure.message.contains(says), "{reply}: {:?} does not say {says:?}", failure.message);
        assert!(!failure.remedy.is_empty());
        assert_eq!(failure.path, "asker");
        assert_eq!(house.entry(1).await.unwrap().outcome, JournalOutcome::Failed);
        let second = gateway.answer(house.request(1, &sampled("- rain"))).await.unwrap();
        assert_eq!(second.records, first.records);
        assert_eq!(house.paid(), 1, "{reply}: a failure is paid for once too");
    };
    check(r#"{"kind": "garbage"}"#, "cannot be used").await;
    check(r#"{"kind": "nothing"}"#, "answered nothing").await;
    check(r#"{"kind": "text", "text": " \n "}"#, "answered nothing").await;
    check(r#"{"kind": "too-much", "bytes": 262145}"#, "answered too much").await;
    check(r#"{"kind": "refused"}"#, "refused").await;
}

/// An answer carries its own ledger entry, and the caller's context comes back with it.
#[tokio::test(start_paused = true)]
async fn an_answer_is_whole() {
    let house = House::new(
        r#"{"rules": [{"latency_ms": 1500, "reply": {"kind": "text", "text": "one two three"}}]}"#,
    );
    let mut request = sampled("four words are here");
    request.max_tokens = 2;
    let asked = house.request(1, &request);
    let answered = house.gateway().answer(asked.clone()).await.unwrap();
    let answer = house.read(&answered).result.unwrap();
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("one two", "scripted"));
    assert_eq!((answer.finish, answer.input_tokens, answer.output_tokens), (Finish::Length, 6, 2));
    assert_eq!((answer.attempts, answer.unknown_attempts, answer.latency_ms), (1, 0, 1500));

    let envelope = schemas_records::Envelope::read(&answered.records[0].headers).unwrap();
    assert_eq!(envelope.call, Some(call(1)));
    assert_eq!(envelope.traceparent, asked.envelope.traceparent);
    assert_eq!((envelope.reply_to, envelope.hops), (None, 4));
    assert!(envelope.agent_version.starts_with("model-gateway/"));
}
