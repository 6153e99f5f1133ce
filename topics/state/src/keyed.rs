//! The seam for values by key: gateways' journals, attempts, caches, and rows by due time.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::Timestamp;

use crate::error::{Error, Remedy};

/// Longest key of a due row: they are ids of ours, and some stores keep them in keys of 64 KiB at most.
pub const DUE_KEY_BYTES_MAX: usize = 4096;

/// A row that lies under a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// When it is due.
    pub due: Timestamp,
    /// Its key, unique within its bucket and due time; at most [`DUE_KEY_BYTES_MAX`] bytes.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
}

/// Values by key, with a time to live, and rows by due time.
///
/// Rows carry no epochs: every write is idempotent (insert if absent, or equal bytes), so whoever
/// repeats it does no harm. A `space` keeps users apart (`journal`, `attempts`, `timers`, ...), prefixed
/// by the namespace.
///
/// # What it promises
/// Acknowledged is durable against the death of this process, and visible to every later read by
/// anyone. [`KeyedStore::insert_if_absent`] is atomic: of two at once, one gets nothing, its value stands,
/// and the other gets that value.
///
/// # What it does not promise
/// That a call which failed or was dropped did nothing: it may still write later, also over what was set
/// or removed meanwhile. And a key is either set by [`KeyedStore::put`] or inserted if absent, never both:
/// stores may order the two by different clocks.
#[async_trait]
pub trait KeyedStore: Send + Sync {
    /// The value under a key, if it is there and has not expired.
    async fn get(&self, space: &str, key: &[u8]) -> Result<Option<Bytes>, Error>;

    /// Sets the value under a key, and its life anew. Stores may round lives up to whole seconds.
    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> Result<(), Error>;

    /// Sets the value if there is none, and returns the one that was there before, if any. Made again
    /// after an error, it may find its own value.
    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error>;

    /// Removes a value; removing what is not there is fine.
    async fn remove(&self, space: &str, key: &[u8]) -> Result<(), Error>;

    /// Writes a row under (space, bucket, minute, due, key). The minute is the caller's: usually that of
    /// the due time, later if that minute has been emptied already.
    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> Result<(), Error>;

    /// At most `max` rows of a minute, by due time then key, behind `after` (exclusive) if given.
    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error>;

    /// Deletes a due row; deleting what is not there is fine.
    async fn unschedule(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        due: Timestamp,
        key: &[u8],
    ) -> Result<(), Error>;
}

/// Refuses a due row's key that is too long.
///
/// # Errors
/// `Stop`, with its length and the bound.
pub fn check_due_key(key: &[u8], attempted: impl Fn() -> String) -> Result<(), Error> {
    if key.len() <= DUE_KEY_BYTES_MAX {
        return Ok(());
    }
    let cause = format!("its key has {} bytes, at most {DUE_KEY_BYTES_MAX} are allowed", key.len());
    Err(Error::new(Remedy::Stop, attempted(), cause))
}
