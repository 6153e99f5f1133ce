//! Closings are counted once each, from where they begin, up to the first that is none.

use std::sync::Arc;

use bytes::Bytes;
use schemas_records::Origin;
use topics_log::{Assignment, Record, Timestamp, Token, TopicPartition};

use super::{Shares, count};
use crate::counts::Counts;
use crate::records::Topics;
use crate::share::Share;
use crate::tests::house::{CLOSINGS, House, TASKS, directory};

/// Counts closings that stand at these offsets (those marked are nonsense) in a partition of which `from`
/// is the next to be counted; returns closed and next, and whether there is a dead letter.
async fn check(from: i64, offsets: &[(i64, bool)], expected: (u64, i64, bool)) {
    let house = House::new().await;
    let tasks = TopicPartition::new(TASKS, 1);
    let assignment = Assignment { topic_partition: tasks.clone(), token: Token::new() };
    let counts = Counts { closings: from, ..Counts::default() };
    let mut shares = Shares::new();
    shares.insert(tasks, Share::new(assignment, Some((0, counts)), 5));
    let record = |(offset, is_good): &(i64, bool)| {
        let closing = house.closing(&Origin { topic: TASKS.to_owned(), partition: 1, offset: 0 });
        Record {
            topic_partition: TopicPartition::new(Arc::from(CLOSINGS), 1),
            offset: *offset,
            timestamp: Timestamp(0),
            key: closing.key,
            value: if *is_good { closing.value } else { Bytes::from_static(b"x") },
            headers: closing.headers,
        }
    };
    let topics = Topics::of(&directory(), "planner").unwrap();
    let records = offsets.iter().map(record).collect();
    count(&house.parts(), &house.settings("a", 5), &topics, &mut shares, records).unwrap();
    let share = shares.values().next().unwrap();
    assert_eq!((share.counts.closed, share.counts.closings, share.letter.is_some()), expected);
}

/// From the next on, each once, whatever comes again.
#[tokio::test]
async fn counts_each_once() {
    check(0, &[], (0, 0, false)).await;
    check(0, &[(0, true), (1, true), (5, true)], (3, 6, false)).await;
    check(3, &[(1, true), (2, true), (3, true)], (1, 4, false)).await;
    check(0, &[(0, true), (0, true), (1, true), (0, true)], (2, 2, false)).await;
}

/// Nothing behind one that is none is counted before that is buried.
#[tokio::test]
async fn stops_at_what_is_none() {
    check(0, &[(0, true), (1, false), (2, true), (3, false)], (1, 2, true)).await;
    check(2, &[(0, false), (1, false), (2, true)], (1, 3, false)).await;
}
