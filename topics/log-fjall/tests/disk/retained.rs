//! What retention leaves, and what becomes of removed topics' records.

use std::sync::Arc;
use std::time::Duration;

use topics_log::{Clock, Log, Remedy, Start, Timestamp, TopicPartition, VirtualClock};
use topics_log_fjall::FjallLog;

use crate::stage::{open_at, read, record, topic, values};

fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::starting_at(Timestamp(1_000_000)))
}

/// Publishes so many records, one at a time: each append sweeps a little.
async fn publish(log: &FjallLog, topic: &str, name: &str, count: usize) {
    let publisher = log.publisher().await.unwrap();
    for n in 0..count {
        publisher.publish(vec![record(topic, 0, &format!("{name} {n}"))]).await.unwrap();
    }
}

/// How many records can be read, the first one, and the end.
async fn look(log: &FjallLog, topic: &str) -> (usize, Option<String>, i64) {
    let (records, end) = read(log, topic, 0).await.unwrap();
    (records.len(), values(&records).into_iter().next(), end)
}

/// Shows that records older than a topic's settings go while others are appended, before and after the
/// log is opened again, and that topics which say nothing keep all.
#[tokio::test(start_paused = true)]
async fn by_age() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = open_at(folder.path(), &clock);
    log.create(&[topic("short", 1, &[("retention.ms", "1000")]), topic("long", 1, &[])]).await.unwrap();
    publish(&log, "short", "old", 100).await;
    publish(&log, "long", "old", 100).await;
    tokio::time::advance(Duration::from_millis(1001)).await;
    publish(&log, "short", "new", 50).await;
    assert_eq!(look(&log, "short").await, (50, Some("new 0".to_owned()), 150));
    drop(log);
    tokio::time::advance(Duration::from_millis(1001)).await;
    let log = open_at(folder.path(), &clock);
    assert_eq!(look(&log, "short").await, (50, Some("new 0".to_owned()), 150), "nobody has appended");
    publish(&log, "long", "new", 20).await;
    assert_eq!(look(&log, "short").await, (0, None, 0), "another topic's appends sweep too");
    assert_eq!(look(&log, "long").await, (120, Some("old 0".to_owned()), 120));
    publish(&log, "short", "newest", 1).await;
    assert_eq!(look(&log, "short").await, (1, Some("newest 0".to_owned()), 151), "offsets go on");
}

/// Shows that the oldest records go while a partition has more bytes than its topic says.
#[tokio::test(start_paused = true)]
async fn by_size() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = open_at(folder.path(), &clock);
    log.create(&[topic("small", 1, &[("retention.bytes", "210")])]).await.unwrap();
    // 17 bytes each, for key, header and value: 12 of them fit.
    publish(&log, "small", "ab", 9).await;
    assert_eq!(look(&log, "small").await, (9, Some("ab 0".to_owned()), 9));
    publish(&log, "small", "ab", 9).await;
    let (count, _, end) = look(&log, "small").await;
    assert_eq!(count, 13, "what is too much now goes with the next append");
    assert_eq!(end, 18);
}

/// Shows that whoever still had to read what is gone is told, and never goes on elsewhere in silence.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = open_at(folder.path(), &clock);
    log.create(&[topic("short", 1, &[("retention.ms", "1000")])]).await.unwrap();
    publish(&log, "short", "old", 5).await;
    let at = TopicPartition::new("short", 0);
    let mut reader = log.reader(&[(at.clone(), Start::At(2))]).await.unwrap();
    tokio::time::advance(Duration::from_millis(1001)).await;
    publish(&log, "short", "new", 5).await;
    let error = reader.read(10, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    for part in ["offset 2 of short/0", "begins at 5", "retention"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = log.reader(&[(at, Start::At(4))]).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("5..10"), "{error}");
}

/// Shows that a removed topic's records are cleared away in the course of other appends, also those of
/// one with a lower number that is removed later, and also after the log was opened again.
#[tokio::test(start_paused = true)]
async fn removed_topics_are_cleared_away() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = open_at(folder.path(), &clock);
    log.create(&["low", "high", "stays"].map(|name| topic(name, 1, &[]))).await.unwrap();
    publish(&log, "low", "gone", 500).await;
    publish(&log, "high", "gone", 500).await;
    log.remove(&["high".to_owned()]).await.unwrap();
    publish(&log, "stays", "first", 10).await;
    log.remove(&["low".to_owned()]).await.unwrap();
    publish(&log, "stays", "second", 10).await;
    drop(log);
    let log = open_at(folder.path(), &clock);
    publish(&log, "stays", "third", 100).await;
    assert_eq!(look(&log, "stays").await.0, 120);
    drop(log);
    assert_eq!(rows_on_disk(folder.path()), 120, "rows on disk");
}

/// How many records' rows the database has.
fn rows_on_disk(folder: &std::path::Path) -> usize {
    let disk = topics_log_fjall::Disk::open(folder, Timestamp(0), Default::default()).unwrap();
    let mut count = 0;
    let records = disk.table("log-records", 1024 * 1024).unwrap();
    let visited = records.visit(&[], &[u8::MAX; 32], |_, _| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    });
    visited.unwrap();
    count
}
