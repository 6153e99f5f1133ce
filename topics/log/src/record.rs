//! Records: as they are read, as they are written, and where they were put.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp};

/// A topic's partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's full name, shared: it stands in every record.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub topic_partition: TopicPartition,
    /// Its offset there. Offsets rise, and leave gaps where transactions ended.
    pub offset: i64,
    /// When the broker appended it.
    pub timestamp: Timestamp,
    /// Its key; empty if it had none.
    pub key: Key,
    /// Its value; empty if it had none.
    pub value: Bytes,
    /// Its headers.
    pub headers: Headers,
}

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The topic's full name.
    pub topic: Arc<str>,
    /// The partition; `None` lets `murmur2` of the key decide, as every Kafka client of ours does.
    pub partition: Option<i32>,
    /// The key; empty for none, which spreads records over partitions.
    pub key: Key,
    /// The value.
    pub value: Bytes,
    /// The headers.
    pub headers: Headers,
}

impl NewRecord {
    /// Bytes this record takes in memory and, roughly, on the wire.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.key.as_bytes().len() + self.value.len() + self.headers.size_bytes()
    }
}

/// Where and when a record was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The partition it went to.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The broker's append time, or the producer's where the topic is so configured.
    pub timestamp: Timestamp,
}
