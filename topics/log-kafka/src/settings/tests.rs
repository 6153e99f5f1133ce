//! What is refused, and what each client is told.

use std::time::Duration;

use rdkafka::ClientConfig;
use topics_log::{Group, Remedy};

use super::Settings;

fn with(properties: &[(&str, &str)]) -> Settings {
    let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings { properties, ..Settings::default() }
}

fn group() -> Group {
    Group { id: "group".into(), instance: "instance".into() }
}

/// What would break a guarantee, or is set elsewhere, is refused and the way out is named; the right
/// value, and everything else, is not.
#[test]
fn refuses_what_would_break_a_guarantee() {
    let check = |key: &str, value: &str, expected: Option<&str>| {
        let told = with(&[(key, value)]).check().err();
        let text = told.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(
            told.as_ref().map(|error| error.remedy),
            expected.map(|_| Remedy::Stop),
            "{key}={value}: {text}"
        );
        assert!(text.contains(expected.unwrap_or_default()), "{key}={value}: {text}");
    };
    check("isolation.level", "read_uncommitted", Some("aborted records are read"));
    check("isolation.level", "read_committed", None);
    check("enable.auto.commit", "true", Some("in one transaction"));
    check("enable.auto.offset.store", "true", Some("in one transaction"));
    check("partitioner", "consistent_random", Some("other partitions"));
    check("auto.offset.reset", "earliest", Some("must stop the runtime"));
    check("enable.idempotence", "false", Some("stands twice"));
    check("acks", "1", Some("can be lost"));
    check("partition.assignment.strategy", "range", Some("all members must agree"));
    check("group.protocol", "consumer", Some("classic protocol"));
    check("allow.auto.create.topics", "true", Some("mistyped"));
    check("bootstrap.servers", "other:9092", Some("set `brokers`"));
    check("session.timeout.ms", "1000", Some("set `session_timeout`"));
    check("transactional.id", "mine", Some("the runtime names"));
    check("message.timeout.ms", "1000", Some("follows from `transaction_timeout`"));
    check("no.such.property", "1", Some("no.such.property"));
    check("fetch.wait.max.ms", "soon", Some("fetch.wait.max.ms"));
    check("linger.ms", "5", None);
    check("sasl.username", "somebody", None);
    check("security.protocol", "sasl_plaintext", Some("sasl.mechanism"));
    check("security.protocol", "plaintext", None);
}

/// Settings that contradict each other or name nothing are refused.
#[test]
fn refuses_what_cannot_work() {
    let check = |settings: Settings, expected: &str| {
        let told = settings.check().expect_err(expected);
        assert!(told.to_string().contains(expected), "{told}");
        assert_eq!(told.remedy, Remedy::Stop);
    };
    check(Settings { brokers: " ".into(), ..Settings::default() }, "no brokers are named");
    let short = Settings { max_poll_interval: Duration::from_secs(1), ..Settings::default() };
    check(short, "must not be shorter than `session_timeout`");
    Settings::default().check().expect("the defaults are sound");
}

/// Each client is told what its part of the guarantees rests on, whatever else the user sets.
#[test]
fn tells_each_client_its_part() {
    let check = |config: &ClientConfig, key: &str, expected: Option<&str>| {
        assert_eq!(config.get(key), expected, "{key}");
    };
    let settings = with(&[("linger.ms", "3"), ("compression.codec", "gzip"), ("socket.timeout.ms", "60000")]);
    let member = settings.consumer(&group());
    check(&member, "isolation.level", Some("read_committed"));
    check(&member, "enable.auto.commit", Some("false"));
    check(&member, "auto.offset.reset", Some("error"));
    check(&member, "partition.assignment.strategy", Some("cooperative-sticky"));
    check(&member, "group.instance.id", Some("instance"));
    check(&member, "session.timeout.ms", Some("10000"));
    check(&member, "heartbeat.interval.ms", Some("2500"));
    let reader = settings.reader(true);
    check(&reader, "isolation.level", Some("read_committed"));
    check(&reader, "enable.partition.eof", Some("true"));
    check(&reader, "group.id", Some("tributary.reader"));
    check(&reader, "group.instance.id", None);
    for (producer, timeout) in [(settings.transactor("name"), "10000"), (settings.publisher(), "30000")] {
        check(&producer, "partitioner", Some("murmur2_random"));
        check(&producer, "enable.idempotence", Some("true"));
        check(&producer, "acks", Some("all"));
        check(&producer, "message.timeout.ms", Some(timeout));
        check(&producer, "linger.ms", Some("3"));
        check(&producer, "compression.type", Some("gzip"));
        check(&producer, "compression.codec", None);
        check(&producer, "allow.auto.create.topics", Some("false"));
    }
    check(&settings.transactor("name"), "transactional.id", Some("name"));
    check(&settings.publisher(), "transactional.id", None);
    // librdkafka refuses a producer whose requests may outlast its transactions.
    check(&settings.transactor("name"), "socket.timeout.ms", Some("10000"));
    check(&settings.publisher(), "socket.timeout.ms", Some("60000"));
}

/// Passwords do not get into logs.
#[test]
fn shows_no_values_of_properties() {
    let shown = format!("{:?}", with(&[("sasl.password", "hush")]));
    assert!(shown.contains("sasl.password") && !shown.contains("hush"), "{shown}");
}
