//! The seam for values by key and rows by due time, over the tables in memory.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::Timestamp;

use super::{Door, MemoryStore, Tables};
use crate::error::Error;
use crate::keyed::{DueRow, KeyedStore, check_due_key};
use crate::winner::end_of_life;

#[async_trait]
impl KeyedStore for MemoryStore {
    async fn get(&self, space: &str, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let (name, key) = (space.to_owned(), Bytes::copy_from_slice(key));
        let get = move |tables: &mut Tables, now: Timestamp| {
            let id = (tables.name(&name), key);
            Ok(tables.values.get(&id, now))
        };
        self.call(Door::Get, || format!("read a value of {space}"), get).await
    }

    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> Result<(), Error> {
        let (name, key) = (space.to_owned(), Bytes::copy_from_slice(key));
        let put = move |tables: &mut Tables, now: Timestamp| {
            let id = (tables.name(&name), key);
            tables.values.put(id, value, end_of_life(now, lives));
            Ok(())
        };
        self.call(Door::Put, || format!("set a value of {space}"), put).await
    }

    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error> {
        let (name, key) = (space.to_owned(), Bytes::copy_from_slice(key));
        let insert = move |tables: &mut Tables, now: Timestamp| {
            let id = (tables.name(&name), key);
            let standing = tables.values.get(&id, now);
            if standing.is_none() {
                tables.values.put(id, value, end_of_life(now, lives));
            }
            Ok(standing)
        };
        self.call(Door::InsertIfAbsent, || format!("insert a value of {space}"), insert).await
    }

    async fn remove(&self, space: &str, key: &[u8]) -> Result<(), Error> {
        let (name, key) = (space.to_owned(), Bytes::copy_from_slice(key));
        let remove = move |tables: &mut Tables, _| {
            let id = (tables.name(&name), key);
            tables.values.remove(&id);
            Ok(())
        };
        self.call(Door::Remove, || format!("remove a value of {space}"), remove).await
    }

    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> Result<(), Error> {
        let attempted = || format!("schedule a row of {space}");
        check_due_key(&row.key, attempted)?;
        let name = space.to_owned();
        let schedule = move |tables: &mut Tables, _| {
            let id = (tables.name(&name), bucket, minute);
            tables.schedule.insert(id, row);
            Ok(())
        };
        self.call(Door::Schedule, attempted, schedule).await
    }

    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error> {
        let name = space.to_owned();
        let page = move |tables: &mut Tables, _| {
            let id = (tables.name(&name), bucket, minute);
            Ok(tables.schedule.page(&id, after, max))
        };
        self.call(Door::Due, || format!("read the due rows of {space}"), page).await
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
        let (name, key) = (space.to_owned(), Bytes::copy_from_slice(key));
        let unschedule = move |tables: &mut Tables, _| {
            let id = (tables.name(&name), bucket, minute);
            tables.schedule.remove(&id, &(due, key));
            Ok(())
        };
        self.call(Door::Unschedule, attempted, unschedule).await
    }
}
