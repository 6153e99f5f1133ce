//! Records on their way between librdkafka's form and ours.
//!
//! An empty key or value is written as none and read as empty: Kafka tells the two apart, the seam does
//! not, and only a value that is none removes a key from a compacted topic.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use topics_log::{Key, NewRecord, Record, Start, Timestamp, TopicPartition};

use crate::native;

/// The names of the topics that are read, each kept once.
#[derive(Debug, Default)]
pub(crate) struct Topics(Vec<Arc<str>>);

impl Topics {
    /// Copies a record out of librdkafka's memory.
    pub(crate) fn record(&mut self, message: &BorrowedMessage<'_>) -> Record {
        let topic_partition =
            TopicPartition { topic: self.name(message.topic()), partition: message.partition() };
        Record {
            topic_partition,
            offset: message.offset(),
            timestamp: Timestamp(message.timestamp().to_millis().unwrap_or(0)),
            key: Key::new(message.key().unwrap_or_default()),
            value: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
            headers: native::headers(message),
        }
    }

    fn name(&mut self, topic: &str) -> Arc<str> {
        // A member reads a handful of topics: looking through them is quicker than hashing.
        if let Some(name) = self.0.iter().find(|name| ***name == *topic) {
            return Arc::clone(name);
        }
        let name: Arc<str> = topic.into();
        self.0.push(Arc::clone(&name));
        name
    }
}

/// The headers of a record to be written; `None` if it has none.
pub(crate) fn native_headers(record: &NewRecord) -> Option<OwnedHeaders> {
    if record.headers.is_empty() {
        return None;
    }
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (key, value) in record.headers.iter() {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    Some(headers)
}

/// What is not empty.
pub(crate) fn some(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

/// How long a broker may take to say where a partition begins and ends.
pub(crate) const BOUNDS_BOUND: Duration = Duration::from_secs(10);

/// The offset to begin at. Beginning and end are asked for here and now. librdkafka could be told the
/// words instead, but it would look for the end only when it comes to fetching, and pass over what was
/// appended meanwhile; and it can go back to a beginning it had looked for (see `progress`).
pub(crate) fn offset_of<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    partition: &TopicPartition,
    start: Start,
) -> Result<i64, KafkaError> {
    if let Start::At(offset) = start {
        return Ok(offset);
    }
    // To a client that reads what is committed the end is where the stable records end.
    let (first, end) = client.fetch_watermarks(&partition.topic, partition.partition, BOUNDS_BOUND)?;
    Ok(if start == Start::Beginning { first } else { end })
}
