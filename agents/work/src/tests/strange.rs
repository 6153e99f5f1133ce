//! Strange records: unreadable, misplaced, of the wrong kind, and works whose steps panic.

use bytes::Bytes;
use schemas_records::{
    Envelope, FailureCode, Headers, Key, Kind, ModelRequest, Outcome, Position, Text, headers,
};
use topics_log::{Record, TopicPartition};
use topics_runtime::{Beside, DeadReason, Handler, Input, NewState};

use super::house::{House, START, agent, echo, works};
use crate::Happened;

/// Unreadable headers, a key that is no work id and kinds that inboxes do not take are dead letters that
/// leave the work as it was.
#[test]
fn dead_letters_leave_the_state() {
    let check = |change: &dyn Fn(&mut topics_log::NewRecord), code: &str| {
        let mut house = House::new(&[("entry", echo("!"))]);
        let mut record = house.task("a", "hi", 100, 0);
        change(&mut record);
        let step = house.deliver(record).unwrap();
        assert_eq!(house.dead, [code]);
        assert!(matches!(step.state, NewState::Absent { .. }));
        assert!(step.outputs.is_empty());
    };
    check(&|record| record.headers = Headers::new(), "bad-headers");
    check(&|record| record.headers.push(headers::BUDGET, "lots"), "bad-headers");
    check(&|record| record.key = Key::new(b"nobody"), "bad-key");
    let call = "0af7651916cd43dd8448eb211c80319c";
    for to in [format!("answer|elsewhere|0|{call}|k"), format!("answer|results|2|{call}|k")] {
        check(&|record| record.headers.push(headers::REPLY_TO, to.clone()), "unreachable-reply");
    }
    check(&|record| record.headers.push(headers::ORIGIN, "tasks/9/0"), "unreachable-reply");
    check(&|record| record.headers.push(headers::KIND, Kind::Result.as_str()), "wrong-kind");
}

/// An input that the agent cannot read fails its work once, and is a dead letter.
#[test]
fn unreadable_answer_is_a_failed_one() {
    let asks = agent(|event, effects| {
        match &event.happened {
            Happened::Input(_) => effects.call_model("m", ModelRequest::new("s", "u", 1)),
            Happened::Answer(answer) => {
                let failure = answer.model().unwrap_err();
                effects.reply(&Text::new(format!("{:?}", failure.code)));
            }
            _ => {}
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", asks)]);
    house.submit("a", "hi");
    let answer = house.answer("model", Outcome::Ok, Bytes::from_static(b"\x01garbage"), 0);
    house.deliver(answer).unwrap();
    assert_eq!(house.outcome(), Ok("BadAnswer".into()));
    assert_eq!(house.dead, ["undecodable"]);
}

/// A step that panicked or never returned fails its work, once; a work that has ended only buries the
/// record.
#[test]
fn failing_a_record() {
    let reason = DeadReason::new("step-panicked", "it panicked", "mend it");
    let asks = agent(|_, effects| {
        effects.call_model("m", ModelRequest::new("s", "u", 1));
        Ok(())
    });
    let house = House::new(&[("entry", asks.clone())]);
    let task = house.task("a", "hi", 100, 0);
    let record = Record {
        topic_partition: TopicPartition::new("entry", 0),
        offset: 0,
        timestamp: schemas_records::Timestamp(START),
        key: task.key.clone(),
        value: task.value.clone(),
        headers: task.headers.clone(),
    };
    let position = Position { generation: 1, partition: 0, offset: 0 };
    let entry = works("entry", &["entry"], &asks, &house.codec);
    let input = Input { record: &record, position, state: None, beside: Beside::default() };
    let step = entry.fail(&input, &reason).unwrap();
    assert!(matches!(step.state, NewState::Ended { .. }));
    let envelope = Envelope::read(&step.outputs[0].headers).unwrap();
    assert_eq!((envelope.kind, envelope.outcome), (Kind::Result, Some(Outcome::Failed)));
    let failure: schemas_records::Failure = house.codec.decode(&step.outputs[0].value).unwrap();
    assert_eq!(failure.code, FailureCode::AgentPanicked);
    assert_eq!(step.dead.as_ref(), Some(&reason));

    let ended = topics_state::Version { position, value: step.state.value().clone() };
    let later = Input { state: Some(&ended), position: Position { offset: 1, ..position }, ..input };
    let step = entry.fail(&later, &reason).unwrap();
    assert!(step.outputs.is_empty());
    assert_eq!(step.dead.as_ref(), Some(&reason));
}

/// A misplaced answer is sent to the partition where its key belongs, as a failed one.
#[test]
fn misplaced_answers_are_reported() {
    let asks = agent(|_, effects| {
        effects.call_model("m", ModelRequest::new("s", "u", 1));
        Ok(())
    });
    let mut house = House::new(&[("entry", asks.clone())]);
    house.submit("a", "hi");
    let answer = house.answer("model", Outcome::Ok, Bytes::new(), 1);
    let record = Record {
        topic_partition: TopicPartition::new("entry", 5),
        offset: 9,
        timestamp: schemas_records::Timestamp(START),
        key: answer.key.clone(),
        value: answer.value.clone(),
        headers: answer.headers.clone(),
    };
    let entry = works("entry", &["entry"], &asks, &house.codec);
    let records = entry.misplaced(&record);
    assert_eq!((records.len(), records[0].partition, &records[0].key), (1, Some(0), &answer.key));
    let envelope = Envelope::read(&records[0].headers).unwrap();
    assert_eq!((envelope.kind, envelope.outcome), (Kind::Answer, Some(Outcome::Failed)));
    let input = house.task("a", "hi", 1, 0);
    assert!(entry.misplaced(&Record { headers: input.headers, ..record }).is_empty());
}
