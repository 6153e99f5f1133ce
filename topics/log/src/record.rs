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

impl Record {
    /// Bytes this record takes in memory and, roughly, on the wire.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.key.as_bytes().len() + self.value.len() + self.headers.size_bytes()
    }
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

    /// Bytes this record may take in Kafka's format, as a client counts them before it takes the record:
    /// the lengths of header names and values as they will be written, everything else at its longest.
    #[must_use]
    pub fn wire_bytes_max(&self) -> usize {
        let headers = self.headers.iter();
        let lengths = headers.map(|(name, value)| varint_bytes(name.len()) + varint_bytes(value.len()));
        WIRE_BYTES + self.size_bytes() + lengths.sum::<usize>()
    }
}

/// What Kafka's format adds to a record at most: five lengths and counts and the difference of the offset at 5
/// bytes, the difference of the time at 10, one byte of attributes.
const WIRE_BYTES: usize = 5 * 5 + 10 + 1;

/// Bytes of a length as Kafka writes it: signed, seven bits a byte.
fn varint_bytes(length: usize) -> usize {
    let bits = usize::BITS - (length << 1).leading_zeros();
    bits.div_ceil(7).max(1) as usize
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
