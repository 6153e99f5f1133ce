//! The row of a timer that waits: everything that is needed to fire it, made when it was set.
//!
//! The record is written down whole, so that every firing of it, by whichever owner, is the same.

use bytes::Bytes;
use schemas_records::{Headers, Message, Timestamp};
use serde::{Deserialize, Serialize};
use topics_log::{NewRecord, Record, TopicPartition};

use crate::mark::Minute;

/// Milliseconds of a minute.
const MINUTE_MILLIS: i64 = 60_000;

/// The minute that a time lies in.
#[must_use]
pub const fn minute_of(time: Timestamp) -> Minute {
    time.0.div_euclid(MINUTE_MILLIS)
}

/// A header of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerHeader {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub value: Bytes,
}

/// A timer that waits. Written when it is set, read when it fires, deleted when it has fired or was
/// cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRow {
    /// Offset of the request in its partition of the timers topic.
    pub offset: i64,
    /// When the request was appended, in milliseconds since 1970.
    pub at: i64,
    /// The asker's inbox.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The asker's key there.
    pub key: Bytes,
    /// The timer, framed.
    pub value: Bytes,
    /// The record's headers, in order.
    pub headers: Vec<TimerHeader>,
}

impl Message for TimerRow {
    const NAME: &'static str = "tributary.TimerRow";
    const SCHEMA: &'static str = include_str!("../avro/TimerRow.avsc");
}

impl TimerRow {
    /// The row from which `firing` can be sent, asked for by `request`.
    #[must_use]
    pub fn new(request: &Record, firing: &NewRecord, partition: i32) -> Self {
        let header = |(name, value): (&str, &[u8])| TimerHeader {
            name: name.to_owned(),
            value: Bytes::copy_from_slice(value),
        };
        Self {
            offset: request.offset,
            at: request.timestamp.0,
            topic: firing.topic.to_string(),
            partition,
            key: firing.key.to_bytes(),
            value: firing.value.clone(),
            headers: firing.headers.iter().map(header).collect(),
        }
    }

    /// The record to be sent.
    #[must_use]
    pub fn firing(&self) -> NewRecord {
        NewRecord {
            topic: self.topic.as_str().into(),
            partition: Some(self.partition),
            key: self.key.clone().into(),
            value: self.value.clone(),
            headers: self.written_headers(),
        }
    }

    /// What is left of the request, for a dead letter: the partition of the timers topic is known from
    /// where the row lay, the headers are those of the firing.
    #[must_use]
    pub fn request(&self, topic_partition: TopicPartition, call: Bytes) -> Record {
        Record {
            topic_partition,
            offset: self.offset,
            timestamp: Timestamp(self.at),
            key: call.into(),
            value: self.value.clone(),
            headers: self.written_headers(),
        }
    }

    fn written_headers(&self) -> Headers {
        let mut headers = Headers::new();
        for TimerHeader { name, value } in &self.headers {
            headers.push(name, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests;
