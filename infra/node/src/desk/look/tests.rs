//! The bound is shared out, the newest are kept, and what was deleted is got over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use topics_log::memory::MemoryLog;
use topics_log::{
    Clock, Headers, Key, Log, NewRecord, NewTopic, SystemClock, Timestamp, TopicPartition, VirtualClock,
};
use topics_log_fjall::FjallLog;

use super::{Look, share};

/// No more than the bound, and not less than there is: short partitions leave their rest to long ones.
#[test]
fn shares() {
    let check = |ends: &[i64], most: i64, expected: i64| assert_eq!(share(ends, most), expected, "{ends:?}");
    check(&[], 10, i64::MAX);
    check(&[3, 4], 10, i64::MAX);
    check(&[3, 7], 10, i64::MAX);
    check(&[3, 8], 10, 7);
    check(&[100, 100], 10, 5);
    check(&[0, 1, 100, 100], 11, 5);
    check(&[50], 0, 0);
}

fn record(partition: i32, number: usize) -> NewRecord {
    NewRecord {
        topic: "in".into(),
        partition: Some(partition),
        key: Key::new(b"k"),
        value: Bytes::from(number.to_string()),
        headers: Headers::new(),
    }
}

/// A topic with two partitions of so many numbered records.
async fn log(counts: [usize; 2]) -> (MemoryLog, Vec<TopicPartition>) {
    let log = MemoryLog::new(Arc::new(SystemClock));
    let topic = NewTopic { name: "in".into(), partitions: 2, replication: 1, config: Default::default() };
    log.create(&[topic]).await.unwrap();
    let publisher = log.publisher().await.unwrap();
    for (partition, count) in counts.into_iter().enumerate() {
        let record = |number: usize| record(i32::try_from(partition).unwrap(), number);
        publisher.publish((0..count).map(record).collect()).await.unwrap();
    }
    (log, (0..2).map(|partition| TopicPartition::new("in", partition)).collect())
}

/// Within the bound all is seen; beyond it the newest of each partition, and that is said.
#[tokio::test]
async fn sees_the_newest() {
    let (log, partitions) = log([2, 3_000]).await;
    let look = async |most: usize| {
        let keep = |record: topics_log::Record| Some((record.topic_partition.partition, record.offset));
        let (mut kept, looked) = Look::new(&log).within(most).newest(&partitions, keep).await.unwrap();
        kept.sort_unstable();
        (kept, looked)
    };
    let (all, looked) = look(5_000).await;
    assert_eq!((all.len(), looked.records, looked.is_all, looked.words()), (3_002, 3_002, true, None));
    let (newest, looked) = look(1_002).await;
    assert_eq!((newest.len(), newest[0], newest[2], newest[1_001]), (1_002, (0, 0), (1, 2_000), (1, 2_999)));
    assert_eq!(looked.words().unwrap(), "looked at the newest 1,002 records");
    assert_eq!(look(0).await.0, []);
    let (nothing, looked) = Look::new(&log).newest(&[], Some).await.unwrap();
    assert!(nothing.is_empty() && looked.is_all);
}

/// One record by its place; none where there is none.
#[tokio::test]
async fn sees_one() {
    let (log, partitions) = log([0, 3]).await;
    let one = async |partition: usize, offset: i64| {
        let found = Look::new(&log).one(&partitions[partition], offset).await.unwrap();
        found.map(|record| String::from_utf8_lossy(&record.value).into_owned())
    };
    assert_eq!(one(1, 2).await.as_deref(), Some("2"));
    for (partition, offset) in [(1, 3), (1, 4), (1, -1), (0, 0)] {
        assert_eq!(one(partition, offset).await, None, "{partition}/{offset}");
    }
}

/// Where the share of a partition begins before what retention left, the look begins with what is left.
#[tokio::test(start_paused = true)]
async fn gets_over_what_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(Timestamp(1_000_000)));
    let log = FjallLog::open(folder.path(), clock).unwrap();
    let config = [("retention.ms".to_owned(), "1000".to_owned())].into();
    log.create(&[NewTopic { name: "in".into(), partitions: 2, replication: 1, config }]).await.unwrap();
    let publisher = log.publisher().await.unwrap();
    publisher.publish((0..100).map(|number| record(1, number)).collect()).await.unwrap();
    tokio::time::advance(Duration::from_millis(1_001)).await;
    for number in 100..150 {
        // Each append sweeps a little.
        publisher.publish(vec![record(1, number)]).await.unwrap();
    }
    let partitions: Vec<_> = (0..2).map(|partition| TopicPartition::new("in", partition)).collect();
    for (most, expected) in [(1_000, 100..150), (80, 100..150), (30, 120..150)] {
        let look = Look::new(&log).within(most);
        let (offsets, looked) = look.newest(&partitions, |record| Some(record.offset)).await.unwrap();
        assert_eq!(offsets, expected.clone().collect::<Vec<i64>>(), "{most}");
        assert_eq!((looked.records, looked.is_all), (offsets.len(), most > 50), "{most}");
    }
}
