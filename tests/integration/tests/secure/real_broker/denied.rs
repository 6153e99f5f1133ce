//! What an account is not allowed: each denial stops, and says what is lacking.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests_integration::{SecureBroker, Stage, record, settings_for};
use topics_log::{Consumer, Error, Group, Log, Remedy, Start, TopicPartition};
use topics_log_kafka::{KafkaLog, Settings};

use super::account::{SETTLE, Teller, fails, plain};
use super::grants::{Grant, grant};

/// A denial: it stops, names what was attempted and says what to do.
fn check_denied(error: &Error, words: &[&str]) {
    println!("{error}");
    let told = error.to_string();
    assert_eq!(error.remedy, Remedy::Stop, "{told}");
    for word in words.iter().chain(&["grant this principal the ACL it lacks"]) {
        assert!(told.contains(word), "{word:?} is not in: {told}");
    }
}

/// A stage made on the open listener, and the door of an account that may do nothing yet.
async fn stage(broker: &SecureBroker, test: &str) -> (Stage, KafkaLog) {
    let stage = Stage::with(test, settings_for(&broker.open)).await;
    let group = stage.name("reader");
    let settings = plain(broker, "tributary", &broker.password("tributary"));
    let log = KafkaLog::connect(Settings { reader_group: group, ..settings }).await.expect("a connection");
    (stage, log)
}

async fn allow(broker: &SecureBroker, what: &[(&str, &str, &str)]) {
    let grants =
        what.iter().map(|(operation, resource, name)| Grant::new("tributary", operation, resource, name));
    grant(broker, grants.collect()).await;
}

/// What polling tells, once it tells of trouble.
async fn told_by_polls(mut consumer: Box<dyn Consumer>) -> Error {
    let deadline = Instant::now() + SETTLE;
    loop {
        assert!(Instant::now() < deadline, "nobody told");
        match consumer.poll(1, Duration::from_millis(100)).await {
            Err(error) if error.remedy == Remedy::Stop => return error,
            _ => {}
        }
    }
}

/// Topics: one that may not be seen is not there; to read or to write it takes an ACL of its own.
#[tokio::test(flavor = "multi_thread")]
async fn topics() {
    let broker = SecureBroker::get().await;
    let (stage, log) = stage(&broker, "topics").await;
    let topic = stage.topic("records", 1).await;
    stage.publish(&topic, 1, 0..3).await;
    assert_eq!(log.topics(&stage.prefix).await.expect("a list"), [], "unseen");
    allow(&broker, &[("Describe", "topic", &topic), ("Describe", "group", &stage.name("reader"))]).await;
    assert_eq!(log.topics(&stage.prefix).await.expect("a list").len(), 1, "seen");

    let publisher = log.publisher().await.expect("a publisher");
    let denied = publisher.publish(vec![record(&topic, 0, "value")]).await.expect_err("a denial");
    check_denied(&denied, &["publish"]);
    let from = [(TopicPartition::new(topic.as_str(), 0), Start::Beginning)];
    let deadline = Instant::now() + SETTLE;
    let denied = loop {
        assert!(Instant::now() < deadline, "nobody told");
        let mut reader = match log.reader(&from).await {
            Ok(reader) => reader,
            Err(error) => break error,
        };
        if let Err(error) = reader.read(1, Duration::from_millis(500)).await {
            break error;
        }
    };
    check_denied(&denied, &["read"]);

    allow(&broker, &[("Read", "topic", &topic), ("Write", "topic", &topic)]).await;
    let publisher = log.publisher().await.expect("a publisher");
    publisher.publish(vec![record(&topic, 0, "3")]).await.expect("it may write now");
    let reading = Stage { log: std::sync::Arc::new(log), prefix: stage.prefix.clone() };
    assert_eq!(reading.everything(&topic, 1).await.len(), 4, "it may read now");
}

/// Groups: who may read a topic may still not join a group.
#[tokio::test(flavor = "multi_thread")]
async fn groups() {
    let broker = SecureBroker::get().await;
    let (stage, log) = stage(&broker, "groups").await;
    let topic = stage.topic("records", 1).await;
    allow(&broker, &[("Read", "topic", &topic)]).await;
    let group = Group { id: stage.name("group"), instance: "one".into() };
    let denied = match log.join(group.clone(), &[&topic]).await {
        Ok(consumer) => told_by_polls(consumer).await,
        Err(error) => error,
    };
    check_denied(&denied, &[&group.id]);
    allow(&broker, &[("Read", "group", &group.id)]).await;
    let allowed = Stage { log: std::sync::Arc::new(log), prefix: stage.prefix.clone() };
    allowed.owning("one", &topic, 1).await;
}

/// Transactional ids: a member that may not take its name has no transactions.
#[tokio::test(flavor = "multi_thread")]
async fn transactional_ids() {
    let broker = SecureBroker::get().await;
    let (stage, log) = stage(&broker, "transactions").await;
    let (topic, group, name) = (stage.topic("records", 1).await, stage.name("group"), stage.name("mine"));
    allow(&broker, &[("Read", "topic", &topic), ("Write", "topic", &topic), ("Read", "group", &group)]).await;
    let allowed = Stage { log: std::sync::Arc::new(log), prefix: stage.prefix.clone() };
    let mut member = allowed.owning("one", &topic, 1).await;
    let denied = member.consumer.transactor(&name).await.err().expect("a denial");
    check_denied(&denied, &[&name]);
    allow(&broker, &[("Write", "transactional-id", &name)]).await;
    let mut transactor = member.consumer.transactor(&name).await.expect("it may now");
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&topic, 0, "value")]).await.expect("produce");
    transactor.commit().await.expect("commit");
}

/// A node without a single ACL ends at once and names a topic, and the command that lists what it needs.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_node() {
    let broker = SecureBroker::get().await;
    let folder = TempDir::new().expect("a folder");
    let teller = Teller { broker: &broker, namespace: "denied", folder: folder.path() };
    let words = ["denied.briefing.", "no ACL to see it", "tributary acls print"];
    fails(teller.command("tributary", &["node"]), &words).await;
    fails(teller.command("tributary", &["topics", "apply"]), &["create topic", "ACL"]).await;
}
