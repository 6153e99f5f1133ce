//! A producer as a user would write one: librdkafka and its defaults, and nothing of this runtime.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use tokio::sync::oneshot;

use super::house::{House, SETTLE};

/// What a user sends.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Where to.
    pub topic: String,
    /// Which partition; the client's choice if none.
    pub partition: Option<i32>,
    /// The key, if any.
    pub key: Option<Vec<u8>>,
    /// The value, if any.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Where it went: partition and offset.
pub type Place = (i32, i64);

struct Reports;

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<oneshot::Sender<Place>>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        match result {
            Ok(message) => drop(told.send((message.partition(), message.offset()))),
            Err((error, _)) => panic!("{error}"),
        }
    }
}

impl House {
    /// Sends records and returns where each went.
    pub async fn send(&self, records: &[Sent]) -> Vec<Place> {
        let (brokers, records) = (self.brokers.clone(), records.to_vec());
        tokio::task::spawn_blocking(move || send(&brokers, &records)).await.expect("a thread")
    }
}

fn send(brokers: &str, records: &[Sent]) -> Vec<Place> {
    let mut config = ClientConfig::new();
    // A megabyte is a little more than this client sends unless it is told to.
    config.set("bootstrap.servers", brokers).set("message.max.bytes", "2000000");
    let producer: BaseProducer<Reports> = config.create_with_context(Reports).expect("a producer");
    let mut places = Vec::new();
    for sent in records {
        let (told, place) = oneshot::channel();
        let mut record: BaseRecord<'_, [u8], [u8], _> =
            BaseRecord::with_opaque_to(&sent.topic, Box::new(told));
        record.partition = sent.partition;
        record.key = sent.key.as_deref();
        record.payload = sent.value.as_deref();
        let mut headers = OwnedHeaders::new_with_capacity(sent.headers.len());
        for (key, value) in &sent.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        record.headers = Some(headers);
        producer.send(record).map_err(|(error, _)| error).expect("a place in the queue");
        places.push(place);
        producer.poll(Duration::ZERO);
    }
    producer.flush(SETTLE).expect("acknowledgements");
    places.into_iter().map(|place| place.blocking_recv().expect("a delivery report")).collect()
}

impl From<&topics_log::Record> for Sent {
    /// The same record once more.
    fn from(record: &topics_log::Record) -> Self {
        let bytes = |bytes: &Bytes| bytes.to_vec();
        Self {
            topic: record.topic_partition.topic.to_string(),
            partition: Some(record.topic_partition.partition),
            key: Some(record.key.as_bytes().to_vec()),
            value: Some(bytes(&record.value)),
            headers: record.headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
        }
    }
}
