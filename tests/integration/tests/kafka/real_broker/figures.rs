//! How long the door to Kafka takes: figures to look at, and bounds wide enough for a busy machine that
//! still catch the traps that cost a flat 100 ms or a second.

use std::time::{Duration, Instant};

use tests_integration::{Stage, median, offset, record};
use topics_log::{Assignment, NewRecord, OffsetCommit, Polled, Record, Transactor};

/// The value of a small record.
const SMALL: &str =
    "a hundred bytes or so, as an answer of a gateway that is neither long nor short might be, with a key";

/// Transactions that are timed.
const TRANSACTIONS: usize = 200;

/// Records that are copied.
const COPIES: usize = 100_000;

/// Most records in one transaction of the copy: what a worker takes at most.
const BATCH: usize = 10_000;

/// A small transaction (one record, one offset) takes milliseconds, and its end a fraction of that.
#[tokio::test(flavor = "multi_thread")]
async fn ends_a_small_transaction_in_milliseconds() {
    let stage = Stage::new("small").await;
    let (input, output) = (stage.topic("in", 1).await, stage.topic("out", 1).await);
    let mut member = stage.owning("one", &input, 1).await;
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    let mut next = 0;
    let mut steps: [Vec<Duration>; 5] = Default::default();
    for _ in 0..TRANSACTIONS {
        next += 1;
        let mut at = vec![Instant::now()];
        transactor.begin().await.expect("begin");
        at.push(Instant::now());
        transactor.produce(vec![record(&output, 0, SMALL)]).await.expect("produce");
        at.push(Instant::now());
        transactor.send_offsets(&[offset(&member.owned[0], next)]).await.expect("offsets");
        at.push(Instant::now());
        transactor.commit().await.expect("commit");
        at.push(Instant::now());
        for (step, pair) in steps.iter_mut().zip(at.windows(2)) {
            step.push(pair[1] - pair[0]);
        }
        steps[4].push(at[4] - at[0]);
    }
    let [begin, produce, offsets, commit, whole] = steps.each_mut().map(|times| median(times));
    let last = steps[4][TRANSACTIONS * 99 / 100];
    println!(
        "small transaction, medians of {TRANSACTIONS}: begin {begin:?}, produce {produce:?}, \
         offsets {offsets:?}, commit {commit:?}, whole {whole:?}, whole p99 {last:?}"
    );
    assert!(commit < Duration::from_millis(50), "the end of a transaction takes {commit:?}");
    assert!(whole < Duration::from_millis(90), "a small transaction takes {whole:?}");
}

/// A record reaches a waiting member within milliseconds of its acknowledgement.
#[tokio::test(flavor = "multi_thread")]
async fn hands_a_record_over_in_milliseconds() {
    let stage = Stage::new("latency").await;
    let input = stage.topic("in", 1).await;
    let mut member = stage.owning("one", &input, 1).await;
    let publisher = stage.log.publisher().await.expect("a publisher");
    let (mut acknowledged, mut received) = (Vec::new(), Vec::new());
    for _ in 0..TRANSACTIONS {
        let since = Instant::now();
        let publish = async {
            publisher.publish(vec![record(&input, 0, SMALL)]).await.expect("publish");
            since.elapsed()
        };
        let poll = async {
            loop {
                match member.consumer.poll(100, Duration::from_secs(10)).await.expect("poll") {
                    Polled::Records(records) if !records.is_empty() => return since.elapsed(),
                    _ => {}
                }
            }
        };
        let (acknowledgement, arrival) = tokio::join!(publish, poll);
        acknowledged.push(acknowledgement);
        received.push(arrival);
    }
    let (acknowledged, received) = (median(&mut acknowledged), median(&mut received));
    println!(
        "one record, medians of {TRANSACTIONS}: acknowledged {acknowledged:?}, polled {received:?} after it was sent"
    );
    assert!(received < Duration::from_millis(50), "a record takes {received:?} to its reader");
}

/// Copying in transactions goes through this door without stalls.
#[tokio::test(flavor = "multi_thread")]
async fn copies_without_stalls() {
    let stage = Stage::new("copy").await;
    let (input, output) = (stage.topic("in", 4).await, stage.topic("out", 4).await);
    let value = "x".repeat(1024);
    let publisher = stage.log.publisher().await.expect("a publisher");
    let since = Instant::now();
    for _ in 0..COPIES / BATCH {
        let records = (0..BATCH).map(|number| record(&input, (number % 4) as i32, &value)).collect();
        publisher.publish(records).await.expect("publish");
    }
    println!(
        "published {COPIES} records of 1 KiB: {:.0} a second",
        COPIES as f64 / since.elapsed().as_secs_f64()
    );
    let mut member = stage.owning("one", &input, 4).await;
    let mut transactor = member.consumer.transactor(&stage.name("txn")).await.expect("a transactor");
    let since = Instant::now();
    let (mut copied, mut transactions) = (0, 0);
    while copied < COPIES {
        if let Polled::Records(records) =
            member.consumer.poll(BATCH, Duration::from_secs(1)).await.expect("poll")
            && !records.is_empty()
        {
            copied += records.len();
            transactions += 1;
            copy(&mut *transactor, records, &member.owned, &output).await;
        }
    }
    let rate = COPIES as f64 / since.elapsed().as_secs_f64();
    println!("copied {COPIES} records of 1 KiB in {transactions} transactions: {rate:.0} a second");
    assert!(rate > 5_000.0, "{rate:.0} records a second");
}

async fn copy(transactor: &mut dyn Transactor, records: Vec<Record>, owned: &[Assignment], to: &str) {
    let mut offsets: Vec<OffsetCommit> = Vec::new();
    let mut outputs = Vec::with_capacity(records.len());
    let topic: std::sync::Arc<str> = to.into();
    for record in records {
        let own = owned
            .iter()
            .find(|one| one.topic_partition == record.topic_partition)
            .expect("an owned partition");
        match offsets.iter_mut().find(|one| one.assignment.topic_partition == record.topic_partition) {
            Some(found) => found.next = record.offset + 1,
            None => offsets.push(offset(own, record.offset + 1)),
        }
        outputs.push(NewRecord {
            topic: topic.clone(),
            partition: Some(record.topic_partition.partition),
            key: record.key,
            value: record.value,
            headers: record.headers,
        });
    }
    transactor.begin().await.expect("begin");
    transactor.produce(outputs).await.expect("produce");
    transactor.send_offsets(&offsets).await.expect("offsets");
    transactor.commit().await.expect("commit");
}
