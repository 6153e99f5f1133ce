//! The ceiling: a transactional copy written directly on librdkafka, with the same Avro decoded and
//! encoded, the same batch limit and the same starting values as the door to Kafka has; no state, no
//! headers of its own, no ownership, no recovery. It is as quick as its author could make it: it decodes
//! and produces each record as it is polled, so that work and network overlap. Where a ceiling of a hop with
//! state is asked for, it writes a row for each record besides, on the bare driver.

mod clients;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use schemas_codec::Codec;

use crate::message::Report;

pub use clients::{Deliveries, consumer, flush, reader, send, sender};
pub use rows::Rows;

/// Most records in one transaction: as a worker takes them.
const BATCH_RECORDS_MAX: usize = 10_000;

/// How long one wait for the first record lasts.
const POLL_WAIT: Duration = Duration::from_millis(20);

/// How long any transactional call may take.
const CALL_BOUND: Duration = Duration::from_secs(30);

/// What is copied where, by whom.
#[derive(Clone, Debug)]
pub struct Route {
    /// The brokers.
    pub brokers: String,
    /// The topic that is read.
    pub from: String,
    /// The topic that is written.
    pub to: String,
    /// Group, instance and transactional name.
    pub name: String,
    /// Whether the records' headers go along.
    pub carries_headers: bool,
}

/// The copier.
pub struct Copier {
    route: Route,
    codec: Codec,
    consumer: BaseConsumer,
    producer: ThreadedProducer<Deliveries>,
    /// The next offset of each partition, of the open transaction.
    next: BTreeMap<i32, i64>,
    rows: Option<Rows>,
}

impl Copier {
    /// Joins the group and takes the transactional name.
    ///
    /// # Errors
    /// A broker that cannot be reached.
    pub fn open(route: Route, codec: Codec) -> anyhow::Result<Self> {
        let consumer = consumer(&route)?;
        let producer = clients::transactor(&route)?;
        // A producer that knows the brokers takes its name half a second sooner.
        clients::learn_brokers(&producer, CALL_BOUND)?;
        producer.init_transactions(CALL_BOUND).context("could not take the transactional name")?;
        consumer.subscribe(&[route.from.as_str()])?;
        Ok(Self { route, codec, consumer, producer, next: BTreeMap::new(), rows: None })
    }

    /// The same, which writes a row for each record and commits once all of them are acknowledged.
    #[must_use]
    pub fn with_rows(self, rows: Rows) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// Copies until `goes_on`, told how many records were copied so far, says no. How long it took from
    /// the first record to the last commit. Blocks.
    ///
    /// # Errors
    /// Anything that goes wrong: a ceiling recovers from nothing.
    pub fn run(&mut self, goes_on: impl Fn(u64) -> bool) -> anyhow::Result<Duration> {
        let (mut began, mut ended) = (None, None);
        let mut copied = 0;
        while goes_on(copied) {
            let Some(message) = self.consumer.poll(POLL_WAIT) else { continue };
            began.get_or_insert_with(Instant::now);
            self.producer.begin_transaction()?;
            let mut message = Some(message);
            let mut batch = 0;
            while let Some(polled) = message {
                let polled = polled?;
                if let Some(rows) = &self.rows {
                    rows.write(polled.key().unwrap_or_default(), polled.offset());
                }
                copy(&self.route, &self.codec, &self.producer, &mut self.next, &polled)?;
                batch += 1;
                message = if batch < BATCH_RECORDS_MAX { self.consumer.poll(Duration::ZERO) } else { None };
            }
            if let Some(rows) = &self.rows {
                rows.settle()?;
            }
            commit(&self.route, &self.consumer, &self.producer, &mut self.next)?;
            copied += batch as u64;
            ended = Some(Instant::now());
        }
        Ok(began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended - began))
    }
}

/// Decodes, encodes and sends one record.
fn copy(
    route: &Route,
    codec: &Codec,
    producer: &ThreadedProducer<Deliveries>,
    next: &mut BTreeMap<i32, i64>,
    message: &BorrowedMessage<'_>,
) -> anyhow::Result<()> {
    let report: Report = codec.decode(message.payload().unwrap_or_default())?;
    let value = codec.encode(&report)?;
    let key = message.key().unwrap_or_default();
    let mut record: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(&route.to).partition(message.partition()).key(key).payload(&value);
    if route.carries_headers
        && let Some(headers) = message.headers()
    {
        record.headers = Some(headers.detach());
    }
    let deliveries: Arc<Deliveries> = Arc::clone(producer.context());
    loop {
        deliveries.sending();
        let Err((error, unsent)) = producer.send(record) else { break };
        deliveries.not_sent();
        anyhow::ensure!(error.rdkafka_error_code() == Some(Code::QueueFull), "could not send: {error}");
        record = unsent;
        std::thread::park_timeout(Duration::from_millis(1));
    }
    next.insert(message.partition(), message.offset() + 1);
    Ok(())
}

/// Waits for every delivery, sends the offsets, commits.
fn commit(
    route: &Route,
    consumer: &BaseConsumer,
    producer: &ThreadedProducer<Deliveries>,
    next: &mut BTreeMap<i32, i64>,
) -> anyhow::Result<()> {
    producer.context().settle(CALL_BOUND)?;
    let mut offsets = TopicPartitionList::new();
    for (partition, next) in std::mem::take(next) {
        offsets.add_partition_offset(&route.from, partition, Offset::Offset(next))?;
    }
    let membership = consumer.group_metadata().context("the consumer has no group")?;
    producer.send_offsets_to_transaction(&offsets, &membership, CALL_BOUND)?;
    clients::commit(producer, CALL_BOUND)
}
