//! The seam for values by key and rows by due time, over the tables on disk.

use std::ops::Bound;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fjall::util::prefix_to_range;
use schemas_records::Timestamp;

use super::FjallStore;
use super::change::Change;
use super::files::Tables;
use super::layout;
use super::sweep::Ending;
use super::trouble::Trouble;
use crate::error::Error;
use crate::keyed::{DueRow, KeyedStore, check_due_key};
use crate::winner::end_of_life;

#[async_trait]
impl KeyedStore for FjallStore {
    async fn get(&self, space: &str, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let attempted = || format!("read a value of {space}");
        self.shared.look(attempted, |tables, now| held(tables, &layout::held_key(space, key), now))
    }

    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> Result<(), Error> {
        self.shared.give_way().await;
        let attempted = || format!("set a value of {space}");
        self.shared.change(attempted, 1, |change| {
            hold(change, layout::held_key(space, key), &value, lives);
            Ok(())
        })
    }

    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error> {
        self.shared.give_way().await;
        let attempted = || format!("insert a value of {space}");
        self.shared.change(attempted, 1, |change| {
            let key = layout::held_key(space, key);
            let standing = held(change.tables, &key, change.now)?;
            if standing.is_none() {
                hold(change, key, &value, lives);
            }
            Ok(standing)
        })
    }

    async fn remove(&self, space: &str, key: &[u8]) -> Result<(), Error> {
        self.shared.give_way().await;
        let attempted = || format!("remove a value of {space}");
        self.shared.change(attempted, 1, |change| {
            change.batch.remove(&change.tables.held, layout::held_key(space, key));
            Ok(())
        })
    }

    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> Result<(), Error> {
        let attempted = || format!("schedule a row of {space}");
        check_due_key(&row.key, attempted)?;
        self.shared.give_way().await;
        self.shared.change(attempted, 1, |change| {
            let key = layout::due_key(&layout::minute(space, bucket, minute), row.due, &row.key);
            change.batch.insert(&change.tables.due, key, &*row.value);
            Ok(())
        })
    }

    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error> {
        let attempted = || format!("read the due rows of {space}");
        self.shared.look(attempted, |tables, _| {
            let minute = layout::minute(space, bucket, minute);
            // Bounded on both sides: behind the last row of one bucket lie the marks of all the rows
            // that were removed from the next one.
            let (mut from, to) = prefix_to_range(&minute);
            if let Some((due, key)) = after {
                from = Bound::Excluded(layout::due_key(&minute, due, &key).into());
            }
            let mut page = Vec::new();
            for entry in tables.due.range((from, to)).take(max) {
                let (key, value) = entry.into_inner()?;
                let row = layout::due_of(&minute, &key).ok_or(Trouble::Unreadable("a due row"))?;
                let (due, key) = (row.0, Bytes::copy_from_slice(row.1));
                page.push(DueRow { due, key, value: Bytes::copy_from_slice(&value) });
            }
            Ok(page)
        })
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
        self.shared.give_way().await;
        self.shared.change(attempted, 1, |change| {
            let key = layout::due_key(&layout::minute(space, bucket, minute), due, key);
            change.batch.remove(&change.tables.due, key);
            Ok(())
        })
    }
}

/// The value, if it is seen at a time.
fn held(tables: &Tables, key: &[u8], now: Timestamp) -> Result<Option<Bytes>, Trouble> {
    let Some(stored) = tables.held.get(key)? else { return Ok(None) };
    let (expires, value) = layout::held_of(&stored).ok_or(Trouble::Unreadable("a value"))?;
    let is_seen = expires.is_none_or(|expires| now < expires);
    Ok(is_seen.then(|| Bytes::copy_from_slice(value)))
}

/// Sets the value.
fn hold(change: &mut Change<'_>, key: Vec<u8>, value: &[u8], lives: Option<Duration>) {
    let expires = end_of_life(change.now, lives);
    change.ends(expires, Ending::Held, &key);
    change.batch.insert(&change.tables.held, key, layout::held_value(value, expires));
}
