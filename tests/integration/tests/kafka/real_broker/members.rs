//! Members that die, return, are wedged, or look where nothing is.

use std::time::{Duration, Instant};

use tests_integration::{SESSION_TIMEOUT, SETTLE, Stage, offset, record, settings};
use topics_log::{Remedy, Start};
use topics_log_kafka::Settings;

/// A member that was dropped in mid-transaction, as by a crash, and comes back under its names goes on at
/// once: it does not wait for its session, and what it had left open never shows.
#[tokio::test(flavor = "multi_thread")]
async fn takes_over_from_its_dropped_self_at_once() {
    let stage = Stage::new("takeover").await;
    let (input, output) = (stage.topic("in", 4).await, stage.topic("out", 1).await);
    stage.publish(&input, 4, 0..40).await;
    let mut old = stage.owning("one", &input, 4).await;
    let mut transactor = old.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    let owned = old.owned.clone();
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&output, 0, "dropped")]).await.expect("produce");
    transactor.send_offsets(&[offset(&owned[0], 7)]).await.expect("offsets");
    let since = Instant::now();
    drop(transactor);
    drop(old);
    let mut new = stage.member("one", &input).await;
    let mut transactor = new.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    let records = new.records(40).await;
    let taken = since.elapsed();
    println!("taken over in {taken:?}");
    assert!(taken < SESSION_TIMEOUT, "the takeover took {taken:?}");
    assert!(owned.iter().all(|own| !own.token.is_alive()), "the old tokens are dead");
    assert_eq!(records.len(), 40);
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&output, 0, "taken over")]).await.expect("produce");
    let own: Vec<_> = new.owned.iter().map(|own| offset(own, 10)).collect();
    transactor.send_offsets(&own).await.expect("offsets");
    transactor.commit().await.expect("commit");
    assert_eq!(stage.everything(&output, 1).await, ["taken over"]);
}

/// A member whose owner stopped polling loses its partitions to another though its process lives; it can
/// commit nothing then, and once it polls again it is told, and gets its share anew.
#[tokio::test(flavor = "multi_thread")]
async fn loses_its_partitions_when_its_owner_is_wedged() {
    let wedged = Settings { max_poll_interval: SESSION_TIMEOUT, ..settings() };
    let stage = Stage::with("wedged", wedged).await;
    let (input, output) = (stage.topic("in", 2).await, stage.topic("out", 1).await);
    stage.publish(&input, 2, 0..20).await;
    let mut one = stage.owning("one", &input, 2).await;
    let mut transactor = one.consumer.transactor(&stage.name("one")).await.expect("a transactor");
    let lost = one.owned.clone();
    let mut two = stage.owning("two", &input, 2).await;
    transactor.begin().await.expect("begin");
    transactor.produce(vec![record(&output, 0, "stale")]).await.expect("produce");
    let refused = transactor.send_offsets(&[offset(&lost[0], 9)]).await.expect_err("a refusal");
    assert_eq!(refused.remedy, Remedy::Lost, "{refused}");
    transactor.abort().await.expect("abort");
    let refused = one.consumer.commit(&[offset(&lost[0], 9)]).await.expect_err("a refusal");
    assert_eq!(refused.remedy, Remedy::Lost, "{refused}");
    let deadline = Instant::now() + SETTLE;
    while one.owned.len() != 1 || two.owned.len() != 1 || !one.owned[0].token.is_alive() {
        assert!(Instant::now() < deadline, "{:?} and {:?}", one.owned, two.owned);
        one.turn(1).await.expect("poll");
        two.turn(1).await.expect("poll");
    }
    assert!(lost.iter().all(|own| !own.token.is_alive()), "the old tokens are dead");
    let own = one.owned[0].clone();
    assert_eq!(one.committed(&own).await, None, "what the wedged one left");
    one.consumer.commit(&[offset(&own, 3)]).await.expect("commit what is its own now");
}

/// An offset whose records are gone, or that never was, stops the reader instead of starting it anew.
#[tokio::test(flavor = "multi_thread")]
async fn stops_at_an_offset_that_is_not_there() {
    let stage = Stage::new("gone").await;
    let topic = stage.topic("in", 1).await;
    stage.publish(&topic, 1, 0..5).await;
    let mut member = stage.owning("one", &topic, 1).await;
    let own = member.owned[0].clone();
    member.consumer.read_from(&[(own, Start::At(100))]).await.expect("a place");
    let deadline = Instant::now() + SETTLE;
    let told = loop {
        assert!(Instant::now() < deadline, "nobody told");
        match member.turn(10).await {
            Ok(records) => assert_eq!(records.len(), 0, "records from nowhere"),
            Err(error) => break error,
        }
    };
    assert_eq!(told.remedy, Remedy::Stop, "{told}");
    assert!(told.to_string().contains("records at this offset are gone"), "{told}");
}

/// Everything that was made and dropped ends its threads by itself, whatever it was doing.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_no_thread_behind() {
    let stage = Stage::new("threads").await;
    let topic = stage.topic("in", 1).await;
    // Thread names are cut to 15 letters; those of this test's clients are told apart by their number.
    let before = kafka_threads();
    for _ in 0..3 {
        let mut member = stage.owning("one", &topic, 1).await;
        let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
        transactor.begin().await.expect("begin");
        let publisher = stage.log.publisher().await.expect("a publisher");
        let waiting = member.consumer.poll(1, Duration::from_secs(60));
        assert!(tokio::time::timeout(Duration::from_millis(5), waiting).await.is_err());
        drop((publisher, transactor, member));
    }
    let deadline = Instant::now() + SETTLE;
    while kafka_threads() > before {
        assert!(Instant::now() < deadline, "{} threads, {before} before", kafka_threads());
        tokio::task::yield_now().await;
    }
}

/// Threads of this process that belong to clients named after this test's transactional id or group.
fn kafka_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this process's threads");
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("kafka-") || name.starts_with("rdk:")).count()
}
