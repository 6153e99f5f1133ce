//! A store whose rows live a thirtieth as long as they are told: a server's clock is not ours to move,
//! so the minutes of the conformance cases become two seconds each.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use topics_state::{
    DueRow, Epoch, Error, Key, KeyedStore, Owner, Position, Row, Slot, StateStore, Timestamp, Version,
};
use topics_state_scylla::ScyllaStore;

/// How much faster lives end.
pub const TIMES: u32 = 30;

/// The store in a hurry.
pub struct Hasty(pub ScyllaStore);

fn shorter(lives: Option<Duration>) -> Option<Duration> {
    lives.map(|lives| lives / TIMES)
}

#[async_trait]
impl StateStore for Hasty {
    async fn identity(&self) -> Result<String, Error> {
        self.0.identity().await
    }

    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        self.0.owner(slot).await
    }

    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        self.0.register(slot, topic_id).await
    }

    async fn note(&self, slot: &Slot, owner: &Owner) -> Result<(), Error> {
        self.0.note(slot, owner).await
    }

    async fn read(&self, agent: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error> {
        self.0.read(agent, below).await
    }

    async fn write(&self, agent: &str, epoch: Epoch, rows: Vec<Row>) -> Result<(), Error> {
        let rows = rows.into_iter().map(|row| Row { lives: shorter(row.lives), ..row }).collect();
        self.0.write(agent, epoch, rows).await
    }

    async fn prune(&self, agent: &str, epoch: Epoch, below: &[(Key, Position)]) -> Result<(), Error> {
        self.0.prune(agent, epoch, below).await
    }
}

#[async_trait]
impl KeyedStore for Hasty {
    async fn get(&self, space: &str, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.0.get(space, key).await
    }

    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> Result<(), Error> {
        self.0.put(space, key, value, shorter(lives)).await
    }

    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> Result<Option<Bytes>, Error> {
        self.0.insert_if_absent(space, key, value, shorter(lives)).await
    }

    async fn remove(&self, space: &str, key: &[u8]) -> Result<(), Error> {
        self.0.remove(space, key).await
    }

    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> Result<(), Error> {
        self.0.schedule(space, bucket, minute, row).await
    }

    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> Result<Vec<DueRow>, Error> {
        self.0.due(space, bucket, minute, after, max).await
    }

    async fn unschedule(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        due: Timestamp,
        key: &[u8],
    ) -> Result<(), Error> {
        self.0.unschedule(space, bucket, minute, due, key).await
    }
}
