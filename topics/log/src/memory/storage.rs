//! Where an embedded log lies: the seam between its rules, which are the same in memory and on disk, and
//! the rows that hold what was decided.
//!
//! The rules (groups, fencing, transactions, what is visible) are this module's. A storage only keeps: it
//! learns of nothing that is still undecided, so that a log which is opened again stands as after the
//! last change that was acknowledged, with every open transaction aborted.

use std::ops::Range;

use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp};

use super::control::Size;
use crate::error::Error;
use crate::record::{Record, TopicPartition};
use crate::seam::{Committed, NewTopic};

/// A partition by its topic's number, which no other topic ever had or will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The topic's number.
    pub topic: u64,
    /// The partition, at least 0.
    pub partition: i32,
}

/// A record as it is kept; which partition it lies in stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its offset.
    pub offset: i64,
    /// When it was appended.
    pub timestamp: Timestamp,
    /// Its key; empty if it had none.
    pub key: Key,
    /// Its value.
    pub value: Bytes,
    /// Its headers.
    pub headers: Headers,
}

impl Kept {
    /// Bytes of its key, value and headers.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.key.as_bytes().len() + self.value.len() + self.headers.size_bytes()
    }

    /// The record as a reader of this partition sees it.
    #[must_use]
    pub fn into_record(self, at: &TopicPartition) -> Record {
        let Self { offset, timestamp, key, value, headers } = self;
        Record { topic_partition: at.clone(), offset, timestamp, key, value, headers }
    }
}

/// What is decided at once: a publisher's records, offsets, or both as a transaction's end.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Records. Those of one partition rise by offset, but may lie below what is there: a transaction's
    /// records become rows only when it is committed.
    pub records: Vec<(Place, Kept)>,
    /// The offsets that the next records get, of every partition that is touched.
    pub ends: Vec<(Place, i64)>,
    /// Committed offsets by group, each in the place of the one before.
    pub offsets: Vec<(String, Place, Committed)>,
}

/// What a storage holds when it is opened, records apart.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The topics.
    pub topics: Vec<KeptTopic>,
    /// Committed offsets by group; those of topics that are gone are passed over.
    pub offsets: Vec<(String, Place, Committed)>,
    /// The highest number a topic was ever given.
    pub last_number: u64,
}

/// A topic that stood when the log was closed, or its process died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTopic {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u64,
    /// Its partitions in order.
    pub partitions: Vec<KeptPartition>,
}

/// How far a partition goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptPartition {
    /// The offset the next record gets.
    pub end: i64,
    /// The offset behind the last record; 0 if there never was one.
    pub records_end: i64,
}

/// Keeps what was decided. Every call is made under the log's one lock, so it is short: microseconds for
/// each record.
///
/// A change holds as a whole or not at all, and outlives the process, as far as this storage promises
/// that, before its call returns. After a change that failed nobody knows which of both it was, until the
/// storage is opened again.
pub trait Storage: Send {
    /// What tells this log from others; the ids of its topics begin with it.
    fn identity(&self) -> &str;

    /// Takes in a topic under a number that is higher than all before.
    ///
    /// # Errors
    /// `Stop` if it cannot be written, or its configuration says something that cannot be understood.
    fn create(&mut self, number: u64, topic: &NewTopic) -> Result<(), Error>;

    /// Forgets a topic with its records and the offsets committed in it. The records may go later.
    ///
    /// # Errors
    /// `Stop` if that cannot be written.
    fn remove(&mut self, number: u64) -> Result<(), Error>;

    /// Takes in what was decided.
    ///
    /// # Errors
    /// `Stop` if it cannot be written.
    fn append(&mut self, batch: Batch) -> Result<(), Error>;

    /// Records with offsets in this range, in order, at most `max`. Fewer may be returned than there
    /// are, but at least one if there is one and `max` allows it.
    ///
    /// # Errors
    /// `Stop` if they cannot be read.
    fn read(
        &self,
        at: &TopicPartition,
        place: Place,
        offsets: Range<i64>,
        max: usize,
    ) -> Result<Vec<Record>, Error>;

    /// The offset behind the last record below an offset; 0 if there is none.
    ///
    /// # Errors
    /// `Stop` if it cannot be read.
    fn records_end_below(&self, place: Place, offset: i64) -> Result<i64, Error>;

    /// The lowest offset that retention has left: what lies below is gone.
    fn start(&self, place: Place) -> i64;

    /// How much lies in a partition.
    fn size(&self, place: Place) -> Size;

    /// Whether whoever is about to change something should wait a little first.
    fn is_behind(&self) -> bool;
}
