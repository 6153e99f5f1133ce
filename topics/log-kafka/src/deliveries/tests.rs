//! Batches and counts.

use rdkafka::error::RDKafkaErrorCode as Code;
use topics_log::{Appended, Timestamp};

use super::{Batch, Counting};

fn appended(offset: i64) -> Appended {
    Appended { partition: 0, offset, timestamp: Timestamp(offset) }
}

/// A batch is done with its last record and tells places in the records' order, however they came.
#[test]
fn tells_places_in_order() {
    let (batch, mut is_done) = Batch::new(3);
    for index in [2, 0, 1] {
        assert!(is_done.try_recv().is_err(), "not done before {index}");
        batch.settle(index, Ok(appended(10 + index as i64)));
    }
    assert!(is_done.try_recv().is_ok());
    assert_eq!(batch.outcome(), Ok(vec![appended(10), appended(11), appended(12)]));
}

/// A batch with a failure waits for the rest all the same, and tells the first failure.
#[test]
fn tells_the_first_failure() {
    let (batch, mut is_done) = Batch::new(3);
    batch.settle(1, Err((Code::MessageTimedOut, "first".into())));
    batch.settle(0, Ok(appended(1)));
    assert!(is_done.try_recv().is_err(), "one record is still under way");
    batch.settle(2, Err((Code::UnknownTopic, "second".into())));
    assert!(is_done.try_recv().is_ok());
    assert_eq!(batch.outcome(), Err((Code::MessageTimedOut, "first".into())));
}

/// What was counted in is counted out, and there is no failure where none was.
#[test]
fn counts_what_is_under_way() {
    let counting = Counting::new("producer".into());
    counting.sending();
    counting.sending();
    counting.not_sent();
    assert_eq!((counting.outstanding(), counting.take_error()), (1, None));
}
