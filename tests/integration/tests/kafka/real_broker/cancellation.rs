//! Futures that are dropped before they are done, as a crash or a timer would.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tests_integration::{SETTLE, Stage, offset, record};
use tokio::time::timeout;
use topics_log::{Polled, Remedy, Start, TopicPartition};

/// Records that are published while they are polled by an impatient owner.
const RECORDS: usize = 500;

/// Polls that are given up again and again lose no record, double none and keep the order.
#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_to_an_abandoned_poll() {
    let stage = Stage::new("abandoned-poll").await;
    let topic = stage.topic("in", 1).await;
    let mut member = stage.owning("one", &topic, 1).await;
    let publish = tokio::spawn({
        let (stage, topic) = (stage.clone(), topic.clone());
        async move {
            let publisher = stage.log.publisher().await.expect("a publisher");
            for number in 0..RECORDS {
                publisher.publish(vec![record(&topic, 0, &number.to_string())]).await.expect("publish");
            }
        }
    });
    let (mut found, mut abandoned) = (Vec::new(), 0);
    let deadline = Instant::now() + SETTLE;
    while found.len() < RECORDS {
        assert!(Instant::now() < deadline, "{} records of {RECORDS}", found.len());
        let impatience = Duration::from_micros(200 * (found.len() as u64 % 8));
        match timeout(impatience, member.consumer.poll(3, Duration::from_secs(5))).await {
            Ok(Ok(Polled::Records(records))) => found.extend(records.into_iter().map(|record| record.offset)),
            Ok(other) => panic!("{other:?}"),
            Err(_) => abandoned += 1,
        }
    }
    publish.await.expect("publishing");
    println!("{abandoned} polls abandoned");
    assert!(abandoned > RECORDS / 10, "only {abandoned} polls were abandoned");
    assert!(found.iter().copied().eq(0..RECORDS as i64), "offsets {found:?}");
}

/// The same for a reader without a group.
#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_to_an_abandoned_read() {
    let stage = Stage::new("abandoned-read").await;
    let topic = stage.topic("in", 2).await;
    stage.publish(&topic, 2, 0..RECORDS).await;
    let from: Vec<_> = (0..2).map(|p| (TopicPartition::new(topic.as_str(), p), Start::Beginning)).collect();
    let mut reader = stage.log.reader(&from).await.expect("a reader");
    let mut found = Vec::new();
    let deadline = Instant::now() + SETTLE;
    while found.len() < RECORDS {
        assert!(Instant::now() < deadline, "{} records of {RECORDS}", found.len());
        let impatience = Duration::from_micros(100 * (found.len() as u64 % 4));
        if let Ok(records) = timeout(impatience, reader.read(7, Duration::from_secs(5))).await {
            found.extend(records.expect("read"));
        }
    }
    let places: BTreeSet<_> =
        found.iter().map(|record| (record.topic_partition.clone(), record.offset)).collect();
    assert_eq!((found.len(), places.len()), (RECORDS, RECORDS), "records, and different ones");
}

/// After a call that was dropped in mid-transaction nobody knows what it did: the transaction cannot be
/// committed any more, only aborted, and the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn commits_nothing_after_an_abandoned_call() {
    let stage = Stage::new("abandoned-call").await;
    let (input, output) = (stage.topic("in", 1).await, stage.topic("out", 1).await);
    let mut member = stage.owning("one", &input, 1).await;
    let own = member.owned[0].clone();
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    transactor.begin().await.expect("begin");
    let produced = timeout(Duration::ZERO, transactor.produce(vec![record(&output, 0, "abandoned")])).await;
    assert!(produced.is_err(), "the call was too quick to be abandoned");
    for refused in [
        transactor.produce(vec![record(&output, 0, "after")]).await,
        transactor.send_offsets(&[offset(&own, 1)]).await,
        transactor.commit().await,
    ] {
        assert_eq!(refused.expect_err("a refusal").remedy, Remedy::Abort);
    }
    transactor.abort().await.expect("abort");
    transactor.begin().await.expect("begin again");
    transactor.produce(vec![record(&output, 0, "committed")]).await.expect("produce");
    transactor.send_offsets(&[offset(&own, 2)]).await.expect("offsets");
    transactor.commit().await.expect("commit");
    assert_eq!(stage.everything(&output, 1).await, ["committed"]);
    assert_eq!(member.committed(&own).await, Some(2));
}
