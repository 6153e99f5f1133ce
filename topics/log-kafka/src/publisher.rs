//! Appends without transactions: an idempotent producer whose acknowledgements say where each record went.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use tokio::sync::oneshot;
use topics_log::{Appended, Error, NewRecord, Publisher, Remedy};

use crate::deliveries::{Batch, Placing, Ticket};
use crate::desk::Desk;
use crate::errors;
use crate::logging::Voice;
use crate::records::{native_headers, some};
use crate::settings::Settings;

/// How long to let librdkafka's queue of records drain before trying again to put one in.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);

/// How long a batch is tried to be put into that queue: as long as librdkafka tries to send a record.
const QUEUE_BOUND: Duration = Duration::from_secs(30);

const ATTEMPTED: &str = "publish records";

/// A publisher.
pub(crate) struct KafkaPublisher {
    desk: Desk<Sender>,
}

impl KafkaPublisher {
    /// Makes the client; it connects when it is first used.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Error> {
        let settings = settings.clone();
        let make = move || Ok(Sender { client: client(&settings)?, settings });
        Ok(Self { desk: Desk::open("kafka-publisher", make).await? })
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Error> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (batch, is_done) = self.desk.ask(ATTEMPTED, move |sender, _| Ok(sender.send(&records))).await?;
        // librdkafka settles each record by its own time-out at the latest; if the client goes first,
        // so does the batch.
        drop(is_done.await);
        match batch.outcome() {
            Ok(appended) => Ok(appended),
            Err((code, text)) => {
                self.desk.ask(ATTEMPTED, move |sender, _| Err(sender.failed(code, &text))).await
            }
        }
    }
}

/// The producer's side of the desk.
struct Sender {
    settings: Settings,
    client: ThreadedProducer<Placing>,
}

impl Sender {
    /// Hands all records to librdkafka.
    fn send(&self, records: &[NewRecord]) -> (Arc<Batch>, oneshot::Receiver<()>) {
        let deadline = Instant::now() + QUEUE_BOUND;
        let (batch, is_done) = Batch::new(records.len());
        for (index, record) in records.iter().enumerate() {
            let ticket = Box::new(Ticket { batch: Arc::clone(&batch), index });
            if let Err(error) = self.enqueue(record, ticket, deadline) {
                batch.settle(index, Err(error));
            }
        }
        (batch, is_done)
    }

    fn enqueue(
        &self,
        record: &NewRecord,
        ticket: Box<Ticket>,
        deadline: Instant,
    ) -> Result<(), (Code, String)> {
        let mut native: BaseRecord<'_, [u8], [u8], Box<Ticket>> =
            BaseRecord::with_opaque_to(&record.topic, ticket);
        native.partition = record.partition;
        native.key = some(record.key.as_bytes());
        native.payload = some(&record.value);
        native.headers = native_headers(record);
        loop {
            let Err((error, unsent)) = self.client.send(native) else {
                return Ok(());
            };
            let code = error.rdkafka_error_code().unwrap_or(Code::InvalidArgument);
            if code != Code::QueueFull || Instant::now() >= deadline {
                return Err((code, format!("a record for {}: {error}", record.topic)));
            }
            native = unsent;
            thread::park_timeout(QUEUE_PAUSE);
        }
    }

    /// Says what to do about a failure, and replaces a client that can never be used again.
    fn failed(&mut self, code: Code, text: &str) -> Error {
        let Some((fatal, reason)) = self.client.client().fatal_error() else {
            return Error::new(errors::remedy(code), ATTEMPTED, errors::explained(code, text));
        };
        tracing::warn!(target: "kafka", "the publisher's client is made again: {fatal}: {reason}");
        match client(&self.settings) {
            Ok(fresh) => self.client = fresh,
            Err(error) => return error,
        }
        // What was queued is purged when the client goes, so only the reason says what is wrong: a principal
        // that may write no topic at all is not even given the id an idempotent producer needs.
        if errors::remedy(fatal) == Remedy::Stop {
            return Error::new(Remedy::Stop, ATTEMPTED, errors::explained(fatal, &reason));
        }
        Error::new(Remedy::Retry, ATTEMPTED, format!("{text}: {reason}"))
    }
}

fn client(settings: &Settings) -> Result<ThreadedProducer<Placing>, Error> {
    settings
        .publisher()
        .create_with_context(Placing(Voice::new(format!("{} publisher", settings.client_id))))
        .map_err(|error| errors::of("make a publisher", &error))
}
