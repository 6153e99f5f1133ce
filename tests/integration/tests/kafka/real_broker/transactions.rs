//! Transactions that go wrong, and two that overlap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tests_integration::{SETTLE, Stage, connect, offset, record, settings};
use topics_log::{Polled, Remedy, Start, TopicPartition};
use topics_log_kafka::Settings;

/// A transaction that was open for too long has been ended by the coordinator: nobody took the name, so
/// the answer is "unknown", and the transactor made again goes on.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_transaction_that_was_open_too_long() {
    let stage = Stage::new("outlived").await;
    let (input, output) = (stage.topic("in", 1).await, stage.topic("out", 1).await);
    let mut member = stage.owning("one", &input, 1).await;
    let own = member.owned[0].clone();
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&output, 0, "too late")]).await.expect("produce");
    transactor.send_offsets(&[offset(&own, 5)]).await.expect("offsets");
    // What stands behind an open transaction is seen once the coordinator has ended it.
    stage
        .log
        .publisher()
        .await
        .expect("a publisher")
        .publish(vec![record(&output, 0, "behind")])
        .await
        .expect("publish");
    let from = [(TopicPartition::new(output.as_str(), 0), Start::Beginning)];
    let mut reader = stage.log.reader(&from).await.expect("a reader");
    let seen = reader.read(1, Duration::from_secs(30)).await.expect("read");
    assert_eq!(seen.len(), 1, "the coordinator did not end the transaction");
    let told = transactor.commit().await.expect_err("a refusal");
    assert_eq!(told.remedy, Remedy::Unknown, "{told}");
    drop(transactor);
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    assert_eq!(member.committed(&own).await, None, "the offset of what was ended");
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&output, 0, "again")]).await.expect("produce");
    transactor.send_offsets(&[offset(&own, 5)]).await.expect("offsets");
    transactor.commit().await.expect("commit");
    assert_eq!(stage.everything(&output, 1).await, ["behind", "again"]);
    assert_eq!(member.committed(&own).await, Some(5));
}

/// Offsets that a transaction holds for longer than any of this runtime may be open are waited for within a
/// bound; the error says what holds them and how an operator ends it. Once it has ended they are read.
#[tokio::test(flavor = "multi_thread")]
async fn says_that_a_transaction_hangs() {
    let patient = Settings { transaction_timeout: Duration::from_secs(120), ..settings() };
    let hasty = Settings { transaction_timeout: Duration::from_secs(1), ..settings() };
    let stage = Stage::with("hanging", patient).await;
    let next = Stage { log: Arc::new(connect(hasty).await), ..stage.clone() };
    let input = stage.topic("in", 1).await;
    let mut first = stage.owning("one", &input, 1).await;
    let mut hanging = first.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    hanging.begin().await.expect("begin");
    hanging.send_offsets(&[offset(&first.owned[0], 5)]).await.expect("offsets");
    first.consumer.close().await;
    let mut second = next.member("one", &input).await;
    let deadline = Instant::now() + SETTLE;
    let own = loop {
        assert!(Instant::now() < deadline, "nothing was assigned");
        let polled = second.consumer.poll(0, Duration::from_millis(100)).await.expect("poll");
        if let Polled::Assigned(own) = polled {
            break own;
        }
    };
    let told = second.consumer.committed(&own).await.expect_err("offsets that a transaction holds");
    assert_eq!(told.remedy, Remedy::Retry, "{told}");
    for word in ["not stable after 11 s", "kafka-transactions.sh find-hanging"] {
        assert!(told.to_string().contains(word), "{told}");
    }
    hanging.abort().await.expect("abort");
    assert_eq!(second.committed(&own[0]).await, None);
}

/// A transactor that outlives its member cannot commit that member's offsets.
#[tokio::test(flavor = "multi_thread")]
async fn commits_nothing_for_a_member_that_is_gone() {
    let stage = Stage::new("orphan").await;
    let input = stage.topic("in", 1).await;
    let mut member = stage.owning("one", &input, 1).await;
    let own = member.owned[0].clone();
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    transactor.begin().await.expect("begin");
    member.consumer.close().await;
    let told = transactor.send_offsets(&[offset(&own, 1)]).await.expect_err("a refusal");
    assert_eq!(told.remedy, Remedy::Lost, "{told}");
    transactor.abort().await.expect("abort");
}

/// Two transactors of one member may take turns: the second produces while the first is committed, and
/// its offsets, sent after that, win.
#[tokio::test(flavor = "multi_thread")]
async fn lets_two_transactors_take_turns() {
    let stage = Stage::new("turns").await;
    let (input, output) = (stage.topic("in", 1).await, stage.topic("out", 1).await);
    let mut member = stage.owning("one", &input, 1).await;
    let own = member.owned[0].clone();
    let mut first = member.consumer.transactor(&stage.name("first")).await.expect("a transactor");
    let mut second = member.consumer.transactor(&stage.name("second")).await.expect("a transactor");
    let mut expected = Vec::new();
    for round in 0..20_i64 {
        first.begin().await.expect("begin");
        first.produce(vec![record(&output, 0, &format!("{round} first"))]).await.expect("produce");
        second.begin().await.expect("begin");
        second.produce(vec![record(&output, 0, &format!("{round} second"))]).await.expect("produce");
        first.send_offsets(&[offset(&own, round * 2 + 1)]).await.expect("offsets");
        first.commit().await.expect("commit");
        second.send_offsets(&[offset(&own, round * 2 + 2)]).await.expect("offsets");
        second.commit().await.expect("commit");
        expected.extend([format!("{round} first"), format!("{round} second")]);
    }
    assert_eq!(stage.everything(&output, 1).await, expected);
    assert_eq!(member.committed(&own).await, Some(40));
}

/// A note that cannot be stored, and an offset that is none, are refused before they are sent.
#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_cannot_be_committed() {
    let stage = Stage::new("notes").await;
    let input = stage.topic("in", 1).await;
    let mut member = stage.owning("one", &input, 1).await;
    let own = member.owned[0].clone();
    let mut foreign = offset(&own, 1);
    foreign.metadata = "naïve".into();
    let mut long = offset(&own, 1);
    long.metadata = "n".repeat(4097);
    for refused in [foreign, long, offset(&own, -1)] {
        let told = member.consumer.commit(std::slice::from_ref(&refused)).await.expect_err("a refusal");
        assert_eq!(told.remedy, Remedy::Stop, "{told}");
        let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
        transactor.begin().await.expect("begin");
        let told = transactor.send_offsets(&[refused]).await.expect_err("a refusal");
        assert_eq!(told.remedy, Remedy::Stop, "{told}");
        transactor.abort().await.expect("abort");
    }
    assert_eq!(member.committed(&own).await, None);
}
