//! What is taken, in which order.

use topics_log::{Assignment, Error, Headers, Key, Polled, Record, Remedy, Timestamp, Token, TopicPartition};

use super::{Arrivals, Change};

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("topic", number)
}

fn record(number: i32, offset: i64) -> Record {
    Record {
        topic_partition: partition(number),
        offset,
        timestamp: Timestamp(0),
        key: Key::new(b""),
        value: "".into(),
        headers: Headers::new(),
    }
}

fn assignment(number: i32) -> Assignment {
    Assignment { topic_partition: partition(number), token: Token::new() }
}

/// Everything that can be taken, in short.
fn all(arrivals: &Arrivals, max: usize) -> Vec<String> {
    let mut taken = Vec::new();
    loop {
        let places =
            |of: &[Assignment]| -> Vec<i32> { of.iter().map(|one| one.topic_partition.partition).collect() };
        taken.push(match arrivals.take(max) {
            Ok(None) => return taken,
            Ok(Some(Polled::Records(records))) => {
                let places: Vec<String> = records
                    .iter()
                    .map(|one| format!("{}/{}", one.topic_partition.partition, one.offset))
                    .collect();
                places.join(" ")
            }
            Ok(Some(Polled::Assigned(of))) => format!("assigned {:?}", places(&of)),
            Ok(Some(Polled::Revoked(of))) => format!("revoked {:?}", places(&of)),
            Err(error) => error.attempted,
        });
    }
}

/// Changes come before records, one at a time; records in their order, no more than asked for; those of
/// partitions that went, or are to be read anew, are forgotten.
#[test]
fn hands_over_changes_before_records() {
    let check = |fill: &dyn Fn(&Arrivals), expected: &[&str]| {
        let arrivals = Arrivals::default();
        assert!(arrivals.is_empty());
        fill(&arrivals);
        assert_eq!(all(&arrivals, 2), expected);
        assert!(arrivals.is_empty() && !arrivals.has_changes());
    };
    let some = || vec![record(0, 1), record(1, 1), record(0, 2)];
    check(&|_| {}, &[]);
    check(&|arrivals| arrivals.put(some()), &["0/1 1/1", "0/2"]);
    check(
        &|arrivals| {
            arrivals.put(some());
            arrivals.note(Change::Revoked(vec![assignment(0)]));
            arrivals.note(Change::Assigned(vec![assignment(2), assignment(3)]));
        },
        &["revoked [0]", "assigned [2, 3]", "1/1"],
    );
    check(
        &|arrivals| {
            arrivals.put(some());
            arrivals.forget(&[&partition(1)]);
            arrivals.note(Change::Failed(Error::new(Remedy::Retry, "failed", "")));
        },
        &["failed", "0/1 0/2"],
    );
}
