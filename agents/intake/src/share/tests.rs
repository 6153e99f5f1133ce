//! Shares have room up to their bound, and are parked and sent back so that no record is lost or waits
//! in memory without bound.

use bytes::Bytes;
use schemas_records::{Headers, Timestamp};
use topics_log::{Assignment, Record, Start, Token, TopicPartition};

use super::{Share, WAITING_BYTES_MAX};
use crate::counts::Counts;

fn share(accepted: u64, closed: u64, room_max: u64) -> Share {
    let assignment = Assignment { topic_partition: TopicPartition::new("t", 0), token: Token::new() };
    let counts = Counts { accepted, closed, ..Counts::default() };
    Share::new(assignment, Some((10, counts)), room_max)
}

fn record(offset: i64, bytes: usize) -> Record {
    Record {
        topic_partition: TopicPartition::new("t", 0),
        offset,
        timestamp: Timestamp(0),
        key: Bytes::new().into(),
        value: vec![0; bytes].into(),
        headers: Headers::new(),
    }
}

fn offsets(share: &Share) -> Vec<i64> {
    share.waiting().map(|record| record.offset).collect()
}

/// Room is the bound less what is open, and none until it is known where closings begin.
#[test]
fn has_room() {
    let check = |accepted, closed, room| assert_eq!(share(accepted, closed, 5).room(), room);
    check(0, 0, 5);
    check(7, 4, 2);
    check(9, 4, 0);
    check(20, 4, 0);
    let assignment = share(0, 0, 5).assignment;
    let mut fresh = Share::new(assignment, None, 5);
    assert_eq!((fresh.room(), fresh.next), (0, None));
    fresh.is_following = true;
    assert_eq!(fresh.room(), 5);
}

/// A full share is parked only if others are polled, and goes on behind what waited.
#[test]
fn parks_and_goes_on() {
    let mut full = share(5, 0, 5);
    assert_eq!(full.turn(true), None, "nothing came yet");
    full.receive(record(10, 1));
    full.receive(record(12, 1));
    assert_eq!(full.turn(false), None, "nobody is polled");
    assert_eq!(full.turn(true), Some(Start::End));
    full.turned(Start::End);
    full.receive(record(99, 1));
    assert_eq!(
        (offsets(&full), full.turn(true)),
        (vec![10, 12], None),
        "what comes while parked comes again"
    );
    full.counts.closed = 5;
    assert_eq!(full.turn(true), None, "what waits is taken first");
    full.pass(2, Some(13), Counts { accepted: 7, closed: 5, ..Counts::default() });
    assert_eq!((full.next, full.waiting_len(), full.turn(true)), (Some(13), 0, Some(Start::At(13))));
    full.turned(Start::At(13));
    full.receive(record(13, 1));
    assert_eq!((offsets(&full), full.turn(true)), (vec![13], None));
}

/// What would take too much memory is read again later, wherever it is in a poll.
#[test]
fn bounds_what_waits() {
    let mut share = share(0, 0, 1_000_000);
    let large = 1_000_000;
    (10..30).for_each(|offset| share.receive(record(offset, large)));
    let most = WAITING_BYTES_MAX / large;
    assert_eq!(share.waiting_len(), most);
    let resumes = 10 + most as i64;
    assert_eq!(share.turn(true), Some(Start::End));
    share.turned(Start::End);
    share.pass(most, Some(resumes), Counts::default());
    assert_eq!(share.turn(true), Some(Start::At(resumes)));
    share.turned(Start::At(resumes));
    share.receive(record(resumes, 2 * WAITING_BYTES_MAX));
    assert_eq!(offsets(&share), [resumes], "one record always passes");
    share.receive(record(resumes + 1, 1));
    share.pass(1, Some(resumes + 1), Counts::default());
    assert_eq!(share.turn(true), Some(Start::At(resumes + 1)), "not parked at all, if there is room by then");
}
