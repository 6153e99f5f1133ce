//! Tools that another process serves: what they see, what they may answer, and what their mistakes cost.

use bytes::Bytes;
use schemas_records::{Envelope, FailureCode, Kind, ReplyKind, Text};
use topics_log::NewRecord;

use super::house::{House, agent};
use crate::bounds::EXTERNAL_ANSWER_BYTES_MAX;
use crate::{ExternalTool, Happened};

/// A house whose entry asks this tool and replies with what it answered; it may use one that takes and gives a text.
fn house(tool: &'static str) -> House {
    let asker = agent(move |event, effects| {
        match &event.happened {
            Happened::Answer(answer) => effects.reply_framed(answer.result.clone()?),
            _ => effects.call_tool_with("parcel", tool, &Text::new("where?")),
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", asker)]);
    let [name, takes, gives] = ["carrier", "tributary.Text", "tributary.Text"].map(str::to_owned);
    house.allow("entry", vec![ExternalTool { name, takes, gives }]);
    house
}

/// What a stranger would write: the request's headers, but for three, and its own value.
fn answer(request: &NewRecord, outcome: &str, value: impl Into<Bytes>) -> NewRecord {
    let text = |name: &str| request.headers.text(name).unwrap().to_owned();
    let reply_to = text("reply-to");
    let [_, topic, partition, _, key] = reply_to.splitn(5, '|').collect::<Vec<_>>()[..] else { panic!() };
    let mut headers = schemas_records::Headers::new();
    for (name, value) in request.headers.iter().filter(|(name, _)| !["kind", "reply-to"].contains(name)) {
        headers.push(name, value);
    }
    headers.push("kind", "answer");
    headers.push("outcome", outcome);
    NewRecord {
        topic: topic.into(),
        partition: Some(partition.parse().unwrap()),
        key: schemas_records::Key::new(key.as_bytes()),
        value: value.into(),
        headers,
    }
}

/// It is asked in JSON, under headers that name whom to answer, for nothing; its JSON is the answer, once.
#[test]
fn is_asked_and_answers_in_json() {
    let mut house = house("carrier");
    house.submit("a", "hi");
    let request = house.take("carrier", Kind::Input);
    assert_eq!(request.value, r#"{"text":"where?"}"#);
    let envelope = Envelope::read(&request.headers).unwrap();
    assert_eq!(request.key, envelope.call.unwrap().key());
    assert_eq!(envelope.reply_to.unwrap().kind, ReplyKind::Answer);
    assert_eq!(envelope.limits.budget.calls, 0);

    let said = answer(&request, "ok", r#"{"text":"in Lyon"}"#);
    house.deliver(said.clone()).unwrap();
    assert_eq!(house.outcome().unwrap(), "in Lyon");
    house.deliver(said).unwrap();
    assert_eq!((house.notes.as_slice(), house.count("results", Kind::Result)), (["late"].as_slice(), 0));
    assert!(house.dead.is_empty(), "{:?}", house.dead);
}

/// One that writes Avro is read as well.
#[test]
fn may_answer_in_avro() {
    let mut house = house("carrier");
    house.submit("a", "hi");
    let request = house.take("carrier", Kind::Input);
    let value = house.encode(&Text::new("in Lyon"));
    house.deliver(answer(&request, "ok", value)).unwrap();
    assert_eq!(house.outcome().unwrap(), "in Lyon");
}

/// What goes wrong there, and what it gets wrong, is a failed answer that says so; the latter a dead letter too.
#[test]
fn its_failures_are_told() {
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(EXTERNAL_ANSWER_BYTES_MAX));
    let unreadable = ["undecodable"].as_slice();
    let cases: [(&str, &str, FailureCode, &str, &[&str]); 8] = [
        ("failed", r#"{"message":"no parcel"}"#, FailureCode::ToolFailed, "\"carrier\": no parcel", &[]),
        ("failed", r#"{"message":"x","remedy":"wait"}"#, FailureCode::ToolFailed, "(wait)", &[]),
        ("failed", "no parcel", FailureCode::BadAnswer, "no JSON", unreadable),
        ("failed", r#"{"error":"x"}"#, FailureCode::BadAnswer, "under \"message\"", unreadable),
        ("ok", r#"{"txt":"x"}"#, FailureCode::BadAnswer, "txt", unreadable),
        ("ok", "", FailureCode::BadAnswer, "it is empty", unreadable),
        ("ok", "\0\0\0\0\u{1}x", FailureCode::BadAnswer, "\"carrier\"", unreadable),
        ("ok", &large, FailureCode::ToolFailed, "answered too much", &[]),
    ];
    for (outcome, value, code, words, dead) in cases {
        let mut house = house("carrier");
        house.submit("a", "hi");
        let request = house.take("carrier", Kind::Input);
        house.deliver(answer(&request, outcome, value.to_owned())).unwrap();
        let failure = house.outcome().unwrap_err();
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.to_string().contains(words), "{words:?} is not in: {failure}");
        assert_eq!(house.dead, dead, "{failure}");
    }
}

/// Whatever budget it says is left, the task has what it had.
#[test]
fn gives_nobody_a_budget() {
    let asker = agent(|event, effects| {
        match &event.happened {
            Happened::Answer(_) => effects.timer("wait", std::time::Duration::from_secs(1)),
            _ => effects.call_tool_with("parcel", "carrier", &Text::new("where?")),
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", asker)]);
    let [name, takes, gives] = ["carrier", "tributary.Text", "tributary.Text"].map(str::to_owned);
    house.allow("entry", vec![ExternalTool { name, takes, gives }]);
    house.submit("a", "hi");
    let before = house.row("entry").budget_calls;
    let request = house.take("carrier", Kind::Input);
    let mut said = answer(&request, "ok", r#"{"text":"x"}"#);
    said.headers.push("budget", "calls=1000");
    house.deliver(said).unwrap();
    assert_eq!(house.row("entry").budget_calls, before);
}

/// Who may not use it, or sends it what it does not take, fails before anything is asked.
#[test]
fn only_who_may_asks_only_what_it_takes() {
    for (tool, takes, code, words) in [
        ("scales", "tributary.Text", FailureCode::NotAllowed, "\"entry\" may not use it"),
        ("carrier", "tributary.Timer", FailureCode::BadInput, "they are a tributary.Text"),
    ] {
        let mut house = house(tool);
        let [name, takes, gives] = ["carrier", takes, "tributary.Text"].map(str::to_owned);
        house.allow("entry", vec![ExternalTool { name, takes, gives }]);
        house.submit("a", "hi");
        let failure = house.outcome().unwrap_err();
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert_eq!(house.count(tool, Kind::Input), 0);
    }
}

/// One that never answers ends with the task's deadline, and is told, in JSON, that nobody waits any more.
#[test]
fn its_silence_ends_with_the_deadline() {
    let mut house = house("carrier");
    house.submit("a", "hi");
    let request = house.take("carrier", Kind::Input);
    let fired = house.fire("deadline");
    house.deliver(fired).unwrap();
    assert_eq!(house.outcome().unwrap_err().code, FailureCode::DeadlineExceeded);
    let cancelled = house.take("carrier", Kind::Cancellation);
    assert_eq!((&cancelled.key, cancelled.partition), (&request.key, request.partition));
    let said: serde_json::Value = serde_json::from_slice(&cancelled.value).unwrap();
    assert!(said["reason"].is_string(), "{said}");
    // Its answer comes too late.
    house.deliver(answer(&request, "ok", r#"{"text":"x"}"#)).unwrap();
    assert_eq!(house.notes.last(), Some(&"late"));
    assert_eq!(house.count("results", Kind::Result), 0);
}
