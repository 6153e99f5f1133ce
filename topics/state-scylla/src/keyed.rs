//! The seam for values by key and rows by due time, over CQL.
//!
//! These rows have no epochs, so a clock must order them: that of whichever node is asked, read once a
//! call. All that the call sends then carries that one time, so that what arrives twice or late (a retry,
//! a speculation, a node that hung) changes nothing. Values that are inserted if absent are ordered by
//! the servers' own rounds and never share a row with the others.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use scylla::value::CqlTimeuuid;
use topics_state::{DueRow, Error, KeyedStore, Remedy, Timestamp, check_due_key};

use crate::cell::{self, Cell, Id, Large};
use crate::chunks;
use crate::errors;
use crate::keys;
use crate::lives::{chunks_ttl, ttl};
use crate::patience::Patience;
use crate::states::check_size;
use crate::store::{Attempted, ScyllaStore, Shared, nonce};

/// Due rows in one answer: with the longest keys these are 4 MB and their values.
const DUE_PAGE_ROWS_MAX: usize = 1_000;

#[async_trait]
impl KeyedStore for ScyllaStore {
    async fn get(&self, space: &str, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let key = keys::stored(key);
        self.shared.get(&|| format!("read a value of {space}"), (space, &key)).await
    }

    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> Result<(), Error> {
        let key = keys::stored(key);
        self.shared.put(&|| format!("set a value of {space}"), (space, &key), value, lives).await
    }

    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error> {
        let key = keys::stored(key);
        self.shared.insert(&|| format!("insert a value of {space}"), (space, &key), value, lives).await
    }

    async fn remove(&self, space: &str, key: &[u8]) -> Result<(), Error> {
        let key = keys::stored(key);
        self.shared.remove(&|| format!("remove a value of {space}"), (space, &key)).await
    }

    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> Result<(), Error> {
        let attempted = || format!("schedule a row of {space}");
        check_due_key(&row.key, attempted)?;
        let at = (space, bucket, minute, row.due.0, &row.key[..]);
        let time = self.shared.due_time(&attempted, at).await? + 1;
        let values = (time, &row.value, space, bucket, minute, row.due.0, &row.key);
        self.shared.ask(&attempted, |all| &all.schedule, values).await.map(|_| ())
    }

    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error> {
        let mut all = Vec::new();
        let mut behind = after;
        while all.len() < max {
            let page = (max - all.len()).min(DUE_PAGE_ROWS_MAX);
            let rows = self.shared.due_page((space, bucket, minute), behind.take(), page).await?;
            let is_last = rows.len() < page;
            behind = rows.last().map(|row: &DueRow| (row.due, row.key.clone()));
            all.extend(rows);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn unschedule(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        due: Timestamp,
        key: &[u8],
    ) -> Result<(), Error> {
        let attempted = || format!("unschedule a row of {space}");
        check_due_key(key, attempted)?;
        let time = self.shared.due_time(&attempted, (space, bucket, minute, due.0, key)).await?;
        let values = (time, space, bucket, minute, due.0, key);
        self.shared.ask(&attempted, |all| &all.unschedule, values).await.map(|_| ())
    }
}

/// A value's place.
type At<'a> = (&'a str, &'a [u8]);

/// A due row's place.
type DueAt<'a> = (&'a str, i32, i64, i64, &'a [u8]);

impl Shared {
    /// The value at a place, set or inserted.
    async fn get(&self, attempted: Attempted<'_>, at: At<'_>) -> Result<Option<Bytes>, Error> {
        let mut seen = None;
        loop {
            let (kept, inserted) = futures::try_join!(
                self.rows::<(Bytes,)>(attempted, |all| &all.kept, at),
                self.rows::<(Bytes,)>(attempted, |all| &all.inserted, at),
            )?;
            let Some((cell,)) = kept.into_iter().chain(inserted).next() else { return Ok(None) };
            let large = match read(attempted, &cell)? {
                Cell::Whole(value) => return Ok(Some(value)),
                Cell::Large(large) => large,
            };
            if let Some(value) = self.gather_value(attempted, at, &large).await? {
                return Ok(Some(value));
            }
            // Removed or replaced between the two reads, then the row is another one; else chunks were lost.
            if seen.replace(large.id) == Some(large.id) {
                let cause = "chunks of it are missing: repair the nodes' replicas, or remove it";
                return Err(Error::new(Remedy::Stop, attempted(), cause));
            }
        }
    }

    async fn put(
        &self,
        attempted: Attempted<'_>,
        at: At<'_>,
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<(), Error> {
        let (stood, now) = futures::try_join!(self.kept_at(attempted, at), self.now(attempted))?;
        let time = now.max(stood.as_ref().map_or(i64::MIN, |(_, time)| *time) + 1);
        let cell = self.cell_of(attempted, at, &value, lives, time).await?;
        let values = (time, ttl(lives), cell, at.0, at.1);
        self.ask(attempted, |all| &all.keep, values).await?;
        match stood {
            Some((Cell::Large(large), _)) => self.drop_chunks(attempted, at, &large.id, time).await,
            _ => Ok(()),
        }
    }

    async fn insert(
        &self,
        attempted: Attempted<'_>,
        at: At<'_>,
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error> {
        let mine = nonce()?;
        let time = self.now(attempted).await?;
        let cell = self.cell_of(attempted, at, &value, lives, time).await?;
        let mut patience = Patience::of(self.patience);
        let standing = loop {
            let values = (at.0, at.1, &cell, &mine[..], ttl(lives));
            match self.conditional(attempted, |all| &all.insert, values).await {
                Ok(outcome) if outcome.is_applied() => return Ok(None),
                // An attempt before this one had been applied after all.
                Ok(outcome) if outcome.blob("nonce").as_deref() == Some(&mine[..]) => return Ok(None),
                Ok(outcome) => break outcome.blob("value").unwrap_or_default(),
                Err(error) => patience.again(error).await?,
            }
        };
        if let Some(Cell::Large(large)) = cell::read(&cell) {
            self.drop_chunks(attempted, at, &large.id, time).await?;
        }
        match read(attempted, &standing)? {
            Cell::Whole(value) => Ok(Some(value)),
            Cell::Large(_) => match self.get(attempted, at).await? {
                Some(value) => Ok(Some(value)),
                None => {
                    let cause = "the value that stood in the way was removed or ended meanwhile";
                    Err(Error::new(Remedy::Retry, attempted(), cause))
                }
            },
        }
    }

    async fn remove(&self, attempted: Attempted<'_>, at: At<'_>) -> Result<(), Error> {
        let (kept, inserted, now) = futures::try_join!(
            self.kept_at(attempted, at),
            self.rows::<(Bytes,)>(attempted, |all| &all.inserted, at),
            self.now(attempted),
        )?;
        let time = now.max(kept.as_ref().map_or(i64::MIN, |(_, time)| *time));
        self.ask(attempted, |all| &all.drop_kept, (time, at.0, at.1)).await?;
        let mut cells: Vec<Cell> = kept.into_iter().map(|(cell, _)| cell).collect();
        if let Some((cell,)) = inserted.into_iter().next() {
            let mut patience = Patience::of(self.patience);
            while let Err(error) = self.once(attempted, |all| &all.drop_inserted, at).await {
                patience.again(error).await?;
            }
            cells.push(read(attempted, &cell)?);
        }
        for cell in cells {
            if let Cell::Large(large) = cell {
                self.drop_chunks(attempted, at, &large.id, time).await?;
            }
        }
        Ok(())
    }

    /// What stands where values are set, and since when.
    async fn kept_at(&self, attempted: Attempted<'_>, at: At<'_>) -> Result<Option<(Cell, i64)>, Error> {
        let rows: Vec<(Bytes, i64)> = self.rows(attempted, |all| &all.kept_at, at).await?;
        let Some((cell, time)) = rows.into_iter().next() else { return Ok(None) };
        Ok(Some((read(attempted, &cell)?, time)))
    }

    /// The cell of a value, after its chunks are written, if it has any.
    async fn cell_of(
        &self,
        attempted: Attempted<'_>,
        at: At<'_>,
        value: &Bytes,
        lives: Option<Duration>,
        time: i64,
    ) -> Result<Bytes, Error> {
        if !cell::is_large(value) {
            return Ok(cell::whole(value));
        }
        check_size(attempted, value)?;
        // Drawn, not the value's hash: who removes an equal value at the same time drops other chunks.
        let id: Id = *blake3::hash(&nonce()?).as_bytes();
        let lives = chunks_ttl(lives);
        chunks::write(value, async |chunk: i32, bytes: Bytes| {
            let values = (time, lives, bytes, at.0, at.1, &id[..], chunk);
            self.ask(attempted, |all| &all.write_value_chunk, values).await.map(|_| ())
        })
        .await?;
        Ok(cell::large(value, &id))
    }

    /// All of a large value, if its chunks are all there.
    async fn gather_value(
        &self,
        attempted: Attempted<'_>,
        at: At<'_>,
        large: &Large,
    ) -> Result<Option<Bytes>, Error> {
        chunks::read(large, async |chunk: i32| {
            let values = (at.0, at.1, &large.id[..], chunk);
            let rows: Vec<(Bytes,)> = self.rows(attempted, |all| &all.value_chunk, values).await?;
            Ok(rows.into_iter().next().map(|(value,)| value))
        })
        .await
    }

    async fn drop_chunks(
        &self,
        attempted: Attempted<'_>,
        at: At<'_>,
        id: &Id,
        time: i64,
    ) -> Result<(), Error> {
        let values = (time, at.0, at.1, &id[..]);
        self.ask(attempted, |all| &all.drop_value_chunks, values).await.map(|_| ())
    }

    /// A page of a minute.
    async fn due_page(
        &self,
        (space, bucket, minute): (&str, i32, i64),
        behind: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error> {
        let attempted = || format!("read the due rows of {space}");
        let limit = i32::try_from(max).unwrap_or(i32::MAX);
        let rows: Vec<(i64, Bytes, Bytes)> = match behind {
            None => self.rows(&attempted, |all| &all.due, (space, bucket, minute, limit)).await?,
            Some((due, key)) => {
                let values = (space, bucket, minute, due.0, key, limit);
                self.rows(&attempted, |all| &all.due_behind, values).await?
            }
        };
        Ok(rows.into_iter().map(|(due, key, value)| DueRow { due: Timestamp(due), key, value }).collect())
    }

    /// A time for changing a due row: now, or when it was written if that is later. What is written must
    /// be later than that.
    async fn due_time(&self, attempted: Attempted<'_>, at: DueAt<'_>) -> Result<i64, Error> {
        let stood = self.rows::<(i64,)>(attempted, |all| &all.due_at, at);
        let (stood, now) = futures::try_join!(stood, self.now(attempted))?;
        Ok(now.max(stood.first().map_or(i64::MIN, |(time,)| *time)))
    }

    /// The time of the node that answers, in microseconds; later with every call.
    async fn now(&self, attempted: Attempted<'_>) -> Result<i64, Error> {
        let rows: Vec<(CqlTimeuuid,)> = self.rows(attempted, |all| &all.now, ()).await?;
        let Some((now,)) = rows.first() else {
            return Err(errors::unreadable(attempted(), "the node does not say what time it is"));
        };
        Ok(self.times.later_than_before(micros(now)))
    }
}

/// Hands out times in rising order, so that of two calls one after the other the second one wins.
#[derive(Debug, Default)]
pub(crate) struct Times(AtomicI64);

impl Times {
    fn later_than_before(&self, now: i64) -> i64 {
        // By two, since what is written may be one later than the time it got.
        let step = |last: i64| Some(now.max(last + 2));
        let last = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or_else(|last| last);
        now.max(last + 2)
    }
}

/// Microseconds since 1970: such an id counts tenths of them since October 15th, 1582.
fn micros(of: &CqlTimeuuid) -> i64 {
    const BETWEEN_TENTHS: u64 = 0x01b2_1dd2_1381_4000;
    let [a, b, c, d, e, f, g, h, ..] = *of.as_bytes();
    let tenths = u64::from_be_bytes([g & 0x0f, h, e, f, a, b, c, d]);
    i64::try_from(tenths.saturating_sub(BETWEEN_TENTHS) / 10).unwrap_or(i64::MAX)
}

/// What a cell says.
fn read(attempted: Attempted<'_>, cell: &Bytes) -> Result<Cell, Error> {
    cell::read(cell).ok_or_else(|| errors::unreadable(attempted(), "a value is not as it was written"))
}

#[cfg(test)]
mod tests {
    //! Times of values.

    use scylla::value::CqlTimeuuid;

    use super::{Times, micros};

    /// Shows the time of an id whose time is known.
    #[test]
    fn from_ids() {
        // RFC 9562's example of version 1: February 22nd, 2022, 19:22:22 UTC.
        let id: CqlTimeuuid = "c232ab00-9414-11ec-b3c8-9f6bdeced846".parse().unwrap();
        assert_eq!(micros(&id), 1_645_557_742_000_000);
    }

    /// Shows that times rise even while the nodes' clocks step back.
    #[test]
    fn rising() {
        let times = Times::default();
        let given: Vec<i64> = [10, 10, 5, 13, 100].map(|now| times.later_than_before(now)).to_vec();
        assert_eq!(given, [10, 12, 14, 16, 100]);
    }
}
