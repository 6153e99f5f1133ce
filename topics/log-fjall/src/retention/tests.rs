//! What settings mean.

use super::*;

fn topic(config: &[(&str, &str)]) -> NewTopic {
    let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    NewTopic { name: "t".to_owned(), partitions: 1, replication: 1, config }
}

/// Shows what each setting lets go of: a record of 100 ms, in a partition of 50 bytes, at 100 + `age` ms.
#[test]
fn lets_go() {
    let check = |config: &[(&str, &str)], age: i64, expected: bool| {
        let retention = Retention::of(&topic(config)).unwrap();
        assert_eq!(
            retention.lets_go(Timestamp(100), 50, Timestamp(100 + age)),
            expected,
            "{config:?}, {age}"
        );
    };
    check(&[], i64::from(i32::MAX), false);
    check(&[("retention.ms", "10")], 10, false);
    check(&[("retention.ms", "10")], 11, true);
    check(&[("retention.ms", "-1")], i64::from(i32::MAX), false);
    check(&[("retention.ms", "9223372036854775807")], i64::from(i32::MAX), false);
    check(&[("retention.bytes", "50")], 0, false);
    check(&[("retention.bytes", "49")], 0, true);
    check(&[("retention.bytes", "-1")], 0, false);
    check(&[("retention.ms", "10"), ("retention.bytes", "49")], 0, true);
    check(&[("retention.ms", "10"), ("cleanup.policy", "compact")], 11, false);
    check(&[("retention.ms", "10"), ("cleanup.policy", "compact, delete")], 11, true);
}

/// Shows that a setting which cannot be understood is refused by name, with the topic.
#[test]
fn not_understood() {
    for (name, value) in [("retention.ms", "a week"), ("retention.ms", "-2"), ("retention.bytes", "1e6")] {
        let cause = Retention::of(&topic(&[(name, value)])).unwrap_err();
        assert!(cause.contains(name) && cause.contains("topic t") && cause.contains(value), "{cause}");
    }
}
