//! What can be put back, and what is refused with why.

use bytes::Bytes;
use infra_http::told::{PutBack, State, WhichTasks};
use infra_http::{Desk, Kind};
use schemas_records::Headers;
use schemas_records::protocol::{DeadHeader, DeadLetter};
use topics_catalog::Kind as TopicKind;
use topics_log::{Key, NewRecord, Start, TopicPartition};

use super::super::tests::{House, SETTLE};
use super::{CUT, PUT_BACK_FROM};

/// A letter of a record that stood in this topic, with these headers.
fn letter(topic: &str, code: &str, headers: &[(&str, &str)], value: &str) -> DeadLetter {
    let header = |(name, value): &(&str, &str)| DeadHeader {
        name: (*name).to_owned(),
        value: Bytes::copy_from_slice(value.as_bytes()),
    };
    DeadLetter {
        topic: topic.to_owned(),
        partition: 0,
        offset: 7,
        timestamp: 1,
        key: Bytes::from_static(b"key"),
        value: Bytes::copy_from_slice(value.as_bytes()),
        headers: headers.iter().map(header).collect(),
        handler: "handler".to_owned(),
        code: code.to_owned(),
        message: format!("a test: {code}"),
        remedy: "mend it".to_owned(),
    }
}

/// Writes a letter and puts its record back.
async fn put_back(house: &House, letter: &DeadLetter) -> Result<PutBack, infra_http::Error> {
    let node = &house.desk.node;
    let record = NewRecord {
        topic: node.names().topic(TopicKind::DeadLetters).as_str().into(),
        partition: None,
        key: Key::new(b""),
        value: node.codec().encode(letter).unwrap(),
        headers: Headers::new(),
    };
    let appended = super::tasks::append(&house.desk, record).await.unwrap();
    let letter = format!("{}/{}", appended.partition, appended.offset);
    super::put_back(&house.desk, &letter).await
}

/// Each kind of record, while its task is open, after it ended, and without one.
#[tokio::test(flavor = "multi_thread")]
async fn puts_back_what_makes_sense() {
    let house = House::new().await;
    house.submit("ended", "hello").await.unwrap();
    assert_eq!(house.outcome("ended").await.task.state, State::Done);
    house.submit("open", "hold").await.unwrap();
    let open = async {
        while house.desk.tasks(WhichTasks { ended: None, most: 1 }).await.unwrap().tasks[0].state
            != State::Open
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SETTLE, open).await.unwrap();
    let names = house.desk.node.names().clone();
    let (tasks, inbox) = (names.topic(TopicKind::Tasks), names.inbox("parrot"));
    let requests = names.topic(TopicKind::ModelRequests);
    let good = r#"{"text":"hello"}"#;

    let open = [("task-id", "open"), ("kind", "input"), ("odd", "\u{7}")];
    let put = put_back(&house, &letter(&requests, "x", &open, "value")).await.unwrap();
    assert!(put.task.is_none() && put.record.starts_with(&format!("{requests}/0/")), "{put:?}");
    let offset: i64 = put.record.rsplit('/').next().unwrap().parse().unwrap();
    let at = TopicPartition::new(requests.as_str(), 0);
    let mut reader = house.desk.log().reader(&[(at, Start::At(offset))]).await.unwrap();
    let record = reader.read(1, SETTLE).await.unwrap().remove(0);
    assert_eq!((record.key.as_bytes(), &record.value[..]), (&b"key"[..], &b"value"[..]));
    let headers: Vec<&str> = record.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(headers, ["task-id", "kind", "odd", PUT_BACK_FROM]);
    assert!(
        put_back(&house, &letter(&inbox, "x", &[("task-id", "open"), ("kind", "answer")], "")).await.is_ok()
    );

    let put =
        put_back(&house, &letter(&tasks, "not-json", &[("task-id", "new"), ("budget", "calls=3")], good))
            .await;
    let task = put.unwrap().task.unwrap();
    assert!(task.starts_with("new~"), "{task}");
    assert_eq!(house.outcome(&task).await.task.state, State::Done, "a task of its own");
    let put = put_back(&house, &letter(&tasks, "not-json", &[], good)).await.unwrap();
    assert!(put.task.unwrap().starts_with(&format!("{tasks}/0/7~")), "called after its place");

    let check = async |letter: DeadLetter, kind: Kind, words: &str| {
        let error = put_back(&house, &letter).await.unwrap_err();
        assert!(error.kind == kind && error.message.contains(words), "{words}: {error}");
    };
    let refuses = async |topic: &str, code: &str, headers: &[(&str, &str)], words: &str| {
        check(letter(topic, code, headers, "garbage"), Kind::Refused, words).await;
    };
    refuses(&requests, "x", &[("task-id", "ended")], "has ended: done").await;
    refuses(&requests, "x", &[], "name no task").await;
    refuses(&inbox, "wrong-partition", &[("task-id", "open")], "for the same reason").await;
    refuses(&inbox, "x", &[("task-id", "open"), ("kind", "input")], "has failed already").await;
    refuses(&tasks, "x", &[("task-id", "t")], "it would be refused again: read tributary.Text").await;
    refuses(&tasks, "x", &[("deadline", "1")], "it would be refused again: deadline").await;
    refuses(&names.topic(TopicKind::Results), "x", &[("task-id", "open")], "only the runtime writes").await;
    refuses("tributary.other.agent.inbox.g1", "x", &[("task-id", "open")], "team other").await;
    check(letter(&requests, "x", &[("task-id", "nobody")], ""), Kind::NotFound, "has no task").await;
    let mut cut = letter(&requests, "x", &[("task-id", "open")], "");
    cut.message = format!("a test (the record's 9 {CUT} x)");
    cut.offset = 70_000;
    check(cut, Kind::Refused, "no longer at").await;
    house.end().await;
}
