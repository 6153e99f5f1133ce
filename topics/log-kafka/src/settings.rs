//! How to reach the brokers, and what every client of this door is told.
//!
//! The correctness of the runtime rests on some of librdkafka's properties: those are fixed here, and
//! setting another value is refused. Everything else (security, sizes, delays) is the user's.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use topics_log::{Error, Group, Remedy};

use crate::{errors, security};

/// How to reach Kafka.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `host:port`, several separated by commas. Default `127.0.0.1:9092`.
    pub brokers: String,
    /// What brokers' logs and quotas call this client. Default `tributary`.
    pub client_id: String,
    /// librdkafka's own properties: security, sizes, delays. Default none. Those this runtime's
    /// guarantees rest on are refused (see [`Settings::check`]).
    pub properties: BTreeMap<String, String>,
    /// A member that is not heard of for this long loses its partitions; the brokers accept 6 s to
    /// 30 min unless told otherwise. Default 10 s: a takeover should not take longer than that, and a
    /// garbage collection of the broker should not cause one.
    pub session_timeout: Duration,
    /// A member that does not poll for this long loses its partitions, though its process lives.
    /// Default 30 s: more than reading committed offsets may take, and soon enough for a wedged one.
    pub max_poll_interval: Duration,
    /// A transaction open for longer than this is ended by the coordinator. Default 10 s: while it is
    /// open it holds every reader of its partitions back.
    pub transaction_timeout: Duration,
    /// How long to wait for a first answer of a broker. Default 10 s.
    pub connect_timeout: Duration,
    /// The consumer group readers name. They commit nothing and join nothing, but librdkafka wants a
    /// name, and with ACLs it must be one that may be described. Default `tributary.reader`.
    pub reader_group: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".into(),
            client_id: "tributary".into(),
            properties: BTreeMap::new(),
            session_timeout: Duration::from_secs(10),
            max_poll_interval: Duration::from_secs(30),
            transaction_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            reader_group: "tributary.reader".into(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Values of properties are left out: passwords and keys are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .field("session_timeout", &self.session_timeout)
            .field("max_poll_interval", &self.max_poll_interval)
            .field("transaction_timeout", &self.transaction_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("reader_group", &self.reader_group)
            .finish()
    }
}

/// Properties that are set elsewhere in [`Settings`] or by the caller of the seam: never as a property.
const NAMED_ELSEWHERE: &[(&str, &str)] = &[
    ("bootstrap.servers", "set `brokers`"),
    ("metadata.broker.list", "set `brokers`"),
    ("client.id", "set `client_id`"),
    ("session.timeout.ms", "set `session_timeout`"),
    ("max.poll.interval.ms", "set `max_poll_interval`"),
    ("transaction.timeout.ms", "set `transaction_timeout`"),
    ("message.timeout.ms", "it follows from `transaction_timeout`"),
    ("delivery.timeout.ms", "it follows from `transaction_timeout`"),
    ("group.id", "the runtime names its groups"),
    ("group.instance.id", "the runtime names its members"),
    ("transactional.id", "the runtime names its producers"),
];

/// Properties with one right value, and what breaks with another.
const FIXED: &[(&str, &str, &str)] = &[
    (
        "isolation.level",
        "read_committed",
        "otherwise aborted records are read, and a takeover reads offsets that are not settled",
    ),
    ("enable.auto.commit", "false", "offsets are committed with the outputs, in one transaction"),
    ("enable.auto.offset.store", "false", "offsets are committed with the outputs, in one transaction"),
    ("auto.offset.reset", "error", "a lost offset must stop the runtime, not begin again in silence"),
    ("enable.partition.eof", "false", "the end of a partition is not an event here"),
    ("partitioner", "murmur2_random", "another partitioner sends a key's records to other partitions"),
    ("enable.idempotence", "true", "otherwise a resent record stands twice, or out of order"),
    ("acks", "all", "otherwise acknowledged records can be lost"),
    ("request.required.acks", "all", "otherwise acknowledged records can be lost"),
    (
        "partition.assignment.strategy",
        "cooperative-sticky",
        "members keep what they own while others come and go, and all members must agree",
    ),
    ("group.protocol", "classic", "the ownership rules were proven for the classic protocol only"),
    ("allow.auto.create.topics", "false", "a mistyped name would become a topic"),
];

/// Other spellings of properties that this door sets: taken for the first.
const ALIASES: &[(&str, &str)] =
    &[("compression.codec", "compression.type"), ("queue.buffering.max.ms", "linger.ms")];

/// For every client. Waiting for a broker's answer is bounded well below the session time-out's default
/// so that a hung broker is left before the membership is; reconnecting never waits longer than a
/// second; an unknown topic is believed to be unknown after five, which a cluster needs to spread news.
const EVERY_CLIENT: &[(&str, &str)] = &[
    ("socket.nagle.disable", "true"),
    ("socket.timeout.ms", "10000"),
    ("socket.connection.setup.timeout.ms", "10000"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "1000"),
    ("retry.backoff.ms", "10"),
    ("retry.backoff.max.ms", "500"),
    ("log.connection.close", "false"),
];

/// For consumers. Fetches wait at most 50 ms at the broker, so that a partition begun or left takes
/// effect at once; 16 MiB and two batches of records lie ready at most, and one fetch brings at most
/// half of that, which bounds what a consumer holds to about 24 MiB.
const EVERY_CONSUMER: &[(&str, &str)] = &[
    ("fetch.wait.max.ms", "50"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.max.bytes", "8388608"),
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "16384"),
];

/// For producers. No waiting for more records: whoever produces has a batch in hand. At most 64 MiB
/// wait to be sent.
const EVERY_PRODUCER: &[(&str, &str)] = &[
    ("linger.ms", "0"),
    ("batch.size", "1000000"),
    ("compression.type", "lz4"),
    ("queue.buffering.max.kbytes", "65536"),
];

/// How long a record outside transactions is tried before its publisher hears of it: longer than a
/// broker's restart, shorter than anybody's patience.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a topic that a broker does not know is taken for one it will soon hear of. A transaction waits
/// no longer than half its time-out, so that a missing topic is not mistaken for a slow broker.
const NEWS_OF_TOPICS_MAX: Duration = Duration::from_secs(5);

/// The most a heartbeat waits: a rebalance is noticed by the next one.
const HEARTBEAT_MAX: Duration = Duration::from_secs(3);

impl Settings {
    /// Looks at everything that can be wrong without asking a broker.
    ///
    /// # Errors
    /// `Stop`, with the property and the reason.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |cause: String| Err(Error::new(Remedy::Stop, "use the settings for Kafka", cause));
        if self.brokers.trim().is_empty() {
            return refuse("no brokers are named: set `brokers` to host:port".into());
        }
        for (key, value) in &self.properties {
            if let Some((_, way_out)) = NAMED_ELSEWHERE.iter().find(|(name, _)| name == key) {
                return refuse(format!("property {key} cannot be set: {way_out}"));
            }
            if let Some((_, right, reason)) = FIXED.iter().find(|(name, _, _)| name == key)
                && value != right
            {
                return refuse(format!("property {key}={value} is refused, only {right} is right: {reason}"));
            }
        }
        if let Some(cause) = security::refused(&self.properties) {
            return refuse(cause);
        }
        if self.max_poll_interval < self.session_timeout {
            return refuse("`max_poll_interval` must not be shorter than `session_timeout`".into());
        }
        let group = Group { id: "check".into(), instance: "check".into() };
        for config in [self.consumer(&group), self.transactor("check")] {
            config
                .create_native_config()
                .map_err(|error| errors::of("use the settings for Kafka", &error))?;
        }
        Ok(())
    }

    /// A member of a group.
    pub(crate) fn consumer(&self, group: &Group) -> ClientConfig {
        let heartbeat = (self.session_timeout / 4).min(HEARTBEAT_MAX);
        let mut config = self.client(EVERY_CONSUMER);
        set_fixed(
            &mut config,
            &[
                "isolation.level",
                "enable.auto.commit",
                "enable.auto.offset.store",
                "auto.offset.reset",
                "partition.assignment.strategy",
                "group.protocol",
            ],
        );
        config
            .set("group.id", &group.id)
            .set("group.instance.id", &group.instance)
            .set("session.timeout.ms", millis(self.session_timeout))
            .set("heartbeat.interval.ms", millis(heartbeat))
            .set("max.poll.interval.ms", millis(self.max_poll_interval));
        config
    }

    /// A consumer that joins no group. `tell_ends` asks for an event at the end of a partition.
    pub(crate) fn reader(&self, tell_ends: bool) -> ClientConfig {
        let mut config = self.client(EVERY_CONSUMER);
        set_fixed(
            &mut config,
            &["isolation.level", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset"],
        );
        config.set("group.id", &self.reader_group).set("enable.partition.eof", tell_ends.to_string());
        config
    }

    /// A transactional producer.
    pub(crate) fn transactor(&self, name: &str) -> ClientConfig {
        let mut config = self.producer(self.transaction_timeout);
        // librdkafka wants no request of a transaction to outlast it.
        let asked = config.get("socket.timeout.ms").and_then(|millis| millis.parse().ok());
        let patience =
            asked.map_or(self.transaction_timeout, Duration::from_millis).min(self.transaction_timeout);
        config
            .set("transactional.id", name)
            .set("transaction.timeout.ms", millis(self.transaction_timeout))
            .set("socket.timeout.ms", millis(patience));
        config
    }

    /// An idempotent producer.
    pub(crate) fn publisher(&self) -> ClientConfig {
        self.producer(PUBLISH_TIMEOUT)
    }

    /// A client that only asks about the cluster.
    pub(crate) fn admin(&self) -> ClientConfig {
        self.client(&[])
    }

    fn producer(&self, message_timeout: Duration) -> ClientConfig {
        let mut config = self.client(EVERY_PRODUCER);
        set_fixed(&mut config, &["partitioner", "enable.idempotence", "acks"]);
        config.set("message.timeout.ms", millis(message_timeout));
        config
    }

    fn client(&self, defaults: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in EVERY_CLIENT.iter().chain(defaults) {
            config.set(*key, *value);
        }
        for (key, value) in &self.properties {
            let alias = ALIASES.iter().find(|(other, _)| other == key);
            config.set(alias.map_or(key.as_str(), |(_, name)| *name), value);
        }
        set_fixed(&mut config, &["allow.auto.create.topics"]);
        let news = (self.transaction_timeout / 2).min(NEWS_OF_TOPICS_MAX);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.client_id)
            .set("topic.metadata.propagation.max.ms", millis(news));
        // All lines come to us, those for debugging if they were asked for; what they are worth is decided
        // in `logging`.
        let is_debugged = self.properties.contains_key("debug");
        config.set_log_level(if is_debugged { RDKafkaLogLevel::Debug } else { RDKafkaLogLevel::Info });
        config
    }
}

fn set_fixed(config: &mut ClientConfig, keys: &[&str]) {
    for (key, value, _) in FIXED.iter().filter(|(key, _, _)| keys.contains(key)) {
        config.set(*key, *value);
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests;
