//! librdkafka's clients as the door to Kafka sets them up, written out again: a ceiling must not go through
//! what it is the ceiling of.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::bindings as sys;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};
use topics_log::NewRecord;

use super::Route;

const EVERY_CLIENT: &[(&str, &str)] = &[
    ("socket.nagle.disable", "true"),
    ("socket.timeout.ms", "10000"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "1000"),
    ("retry.backoff.ms", "10"),
    ("retry.backoff.max.ms", "500"),
    ("log.connection.close", "false"),
];

const EVERY_CONSUMER: &[(&str, &str)] = &[
    ("isolation.level", "read_committed"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("fetch.wait.max.ms", "50"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.max.bytes", "8388608"),
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "16384"),
];

const EVERY_PRODUCER: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("partitioner", "murmur2_random"),
    ("linger.ms", "0"),
    ("batch.size", "1000000"),
    ("compression.type", "lz4"),
    ("queue.buffering.max.kbytes", "65536"),
];

fn client(brokers: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in EVERY_CLIENT.iter().chain(settings) {
        config.set(*key, *value);
    }
    config.set("bootstrap.servers", brokers);
    config
}

/// A static member of the route's group.
///
/// # Errors
/// Settings that librdkafka refuses.
pub fn consumer(route: &Route) -> anyhow::Result<BaseConsumer> {
    let mut config = client(&route.brokers, EVERY_CONSUMER);
    config
        .set("auto.offset.reset", "earliest")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("group.id", &route.name)
        .set("group.instance.id", &route.name)
        .set("session.timeout.ms", "10000")
        .set("heartbeat.interval.ms", "2500")
        .set("max.poll.interval.ms", "30000");
    config.create().context("could not make a consumer")
}

/// A consumer that joins no group and sees what is committed.
///
/// # Errors
/// Settings that librdkafka refuses.
pub fn reader(brokers: &str) -> anyhow::Result<BaseConsumer> {
    let mut config = client(brokers, EVERY_CONSUMER);
    config.set("auto.offset.reset", "earliest").set("group.id", "bench.reader");
    config.create().context("could not make a reader")
}

/// An idempotent producer without transactions.
///
/// # Errors
/// Settings that librdkafka refuses.
pub fn sender(brokers: &str) -> anyhow::Result<ThreadedProducer<Deliveries>> {
    client(brokers, EVERY_PRODUCER)
        .create_with_context(Deliveries::default())
        .context("could not make a producer")
}

/// Hands a record to a producer outside transactions and does not wait for it.
///
/// # Errors
/// A queue that is full, or a producer that has failed.
pub fn send(sender: &ThreadedProducer<Deliveries>, record: &NewRecord) -> anyhow::Result<()> {
    let mut native: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(&record.topic).key(record.key.as_bytes()).payload(&record.value);
    native.partition = record.partition;
    if !record.headers.is_empty() {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in record.headers.iter() {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        native.headers = Some(headers);
    }
    sender.send(native).map_err(|(error, _)| error).context("could not send")
}

/// Waits until everything that was handed over is delivered.
///
/// # Errors
/// If it is not within ten seconds, or a record was not delivered.
pub fn flush(sender: &ThreadedProducer<Deliveries>) -> anyhow::Result<()> {
    sender.flush(Duration::from_secs(10)).context("could not deliver what was sent")?;
    sender.context().settle(Duration::ZERO)
}

/// The route's transactional producer. The thread that makes it is the one that waits for deliveries.
pub(super) fn transactor(route: &Route) -> anyhow::Result<ThreadedProducer<Deliveries>> {
    let mut config = client(&route.brokers, EVERY_PRODUCER);
    config
        .set("transactional.id", &route.name)
        .set("transaction.timeout.ms", "10000")
        .set("message.timeout.ms", "10000");
    config.create_with_context(Deliveries::default()).context("could not make a transactional producer")
}

/// Counts deliveries and wakes the thread that waits for the last one.
pub struct Deliveries {
    outstanding: AtomicUsize,
    has_failed: AtomicBool,
    waiter: OnceLock<Thread>,
}

impl Default for Deliveries {
    /// For a producer that is waited for by the current thread.
    fn default() -> Self {
        Self {
            outstanding: AtomicUsize::new(0),
            has_failed: AtomicBool::new(false),
            waiter: OnceLock::from(std::thread::current()),
        }
    }
}

impl Deliveries {
    /// Notes that a record is about to be sent.
    pub fn sending(&self) {
        self.outstanding.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes that back.
    pub fn not_sent(&self) {
        self.outstanding.fetch_sub(1, Ordering::AcqRel);
    }

    /// Waits until every record is delivered.
    ///
    /// # Errors
    /// If one was not, or not in time.
    pub fn settle(&self, bound: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + bound;
        while self.outstanding.load(Ordering::Acquire) > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            anyhow::ensure!(!left.is_zero(), "records are not delivered within {bound:?}");
            std::thread::park_timeout(left);
        }
        anyhow::ensure!(!self.has_failed.load(Ordering::Acquire), "a record was not delivered");
        Ok(())
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.has_failed.store(true, Ordering::Release);
        }
        // A sender outside transactions does not count what it sends.
        let before =
            self.outstanding.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| count.checked_sub(1));
        if before == Ok(1)
            && let Some(waiter) = self.waiter.get()
        {
            waiter.unpark();
        }
    }
}

/// Asks a broker for the cluster's brokers only: rdkafka can only ask for one topic or for all.
pub(super) fn learn_brokers(producer: &ThreadedProducer<Deliveries>, bound: Duration) -> anyhow::Result<()> {
    let mut metadata = ptr::null();
    let client = producer.client().native_ptr();
    // SAFETY: the client is alive; a null topic asks for no topic; the answer is destroyed below.
    let error =
        unsafe { sys::rd_kafka_metadata(client, 0, ptr::null_mut(), &raw mut metadata, millis(bound)) };
    anyhow::ensure!(
        error == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        "could not ask for the brokers: {error:?}"
    );
    // SAFETY: the answer is ours and nobody else has it.
    unsafe { sys::rd_kafka_metadata_destroy(metadata) };
    Ok(())
}

/// Commits without rdkafka's own flush before it, which can wait a flat 100 ms.
pub(super) fn commit(producer: &ThreadedProducer<Deliveries>, bound: Duration) -> anyhow::Result<()> {
    // SAFETY: the client is alive; an error is ours to destroy.
    let error = unsafe { sys::rd_kafka_commit_transaction(producer.client().native_ptr(), millis(bound)) };
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: as above.
    let code = unsafe {
        let code = sys::rd_kafka_error_code(error);
        sys::rd_kafka_error_destroy(error);
        code
    };
    anyhow::bail!("could not commit: {code:?}")
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
