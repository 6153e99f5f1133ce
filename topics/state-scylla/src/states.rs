//! The seam for agents' state, over CQL.
//!
//! A write carries its owner's epoch as its timestamp, and so does a deletion: cell by cell the server
//! lets the highest win, whatever the order in which they arrive. Large values lie in chunks beside
//! their row, written before it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use topics_state::{Epoch, Error, Key, Owner, Position, Remedy, Row, Slot, StateStore, Version};

use crate::cell::{self, Cell, Id, Large, VALUE_BYTES_MAX};
use crate::chunks;
use crate::errors;
use crate::keys;
use crate::lives::{chunks_ttl, ttl};
use crate::patience::Patience;
use crate::store::{Attempted, ScyllaStore, Shared};

#[async_trait]
impl StateStore for ScyllaStore {
    async fn identity(&self) -> Result<String, Error> {
        Ok(self.shared.identity().to_owned())
    }

    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        self.shared.owner(slot).await
    }

    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        self.shared.register(slot, topic_id).await
    }

    async fn note(&self, slot: &Slot, owner: &Owner) -> Result<(), Error> {
        self.shared.note(slot, owner).await
    }

    async fn read(&self, agent: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error> {
        let attempted = || format!("read {} states of {agent}", below.len());
        let read = |index: usize| {
            let (key, position) = &below[index];
            self.shared.newest(&attempted, agent, key, *position)
        };
        stream::iter((0..below.len()).map(read)).buffered(self.shared.width()).try_collect().await
    }

    async fn write(&self, agent: &str, epoch: Epoch, rows: Vec<Row>) -> Result<(), Error> {
        let attempted = || format!("write {} states of {agent}", rows.len());
        let write = |index: usize| self.shared.write(&attempted, agent, epoch, &rows[index]);
        stream::iter((0..rows.len()).map(write)).buffer_unordered(self.shared.width()).try_collect().await
    }

    async fn prune(&self, agent: &str, epoch: Epoch, below: &[(Key, Position)]) -> Result<(), Error> {
        let attempted = || format!("prune {} states of {agent}", below.len());
        let prune = |index: usize| {
            let (key, position) = &below[index];
            self.shared.prune(&attempted, agent, epoch, key, *position)
        };
        stream::iter((0..below.len()).map(prune)).buffer_unordered(self.shared.width()).try_collect().await
    }
}

/// A row's place in its table, and its chunks' in theirs.
type At<'a> = (&'a str, &'a [u8], i32, i64);

impl Shared {
    /// The newest version of a key below a position.
    async fn newest(
        &self,
        attempted: Attempted<'_>,
        agent: &str,
        key: &Key,
        below: Position,
    ) -> Result<Option<Version>, Error> {
        let key = keys::stored(key.as_bytes());
        let from: At<'_> = (agent, &key, below.generation, below.offset);
        let mut seen = None;
        loop {
            let rows: Vec<(i64, Bytes)> = self.rows(attempted, |all| &all.newest_below, from).await?;
            let Some((offset, cell)) = rows.into_iter().next() else { return Ok(None) };
            let position = Position { offset, ..below };
            let large = match cell::read(&cell) {
                None => return Err(errors::unreadable(attempted(), "a state is not as it was written")),
                Some(Cell::Whole(value)) => return Ok(Some(Version { position, value })),
                Some(Cell::Large(large)) => large,
            };
            let at = (agent, &*key, below.generation, offset);
            if let Some(value) = self.gather(attempted, at, &large).await? {
                return Ok(Some(Version { position, value }));
            }
            // Pruned between the two reads, then the row is gone as well; else chunks were lost.
            if seen.replace((offset, large.id)) == Some((offset, large.id)) {
                let cause =
                    format!("chunks of the version at {offset} are missing: repair the nodes' replicas");
                return Err(Error::new(Remedy::Stop, attempted(), cause));
            }
        }
    }

    /// All of a large value, if its chunks are all there.
    async fn gather(
        &self,
        attempted: Attempted<'_>,
        (agent, key, generation, offset): At<'_>,
        large: &Large,
    ) -> Result<Option<Bytes>, Error> {
        let gathered = chunks::read(large, async |chunk: i32| {
            let values = (agent, key, generation, offset, &large.id[..], chunk);
            let rows: Vec<(Bytes,)> = self.rows(attempted, |all| &all.state_chunk, values).await?;
            Ok(rows.into_iter().next().map(|(value,)| value))
        })
        .await?;
        Ok(gathered.filter(|value| blake3::hash(value).as_bytes() == &large.id))
    }

    /// One version: its chunks, if it has any, then its row.
    async fn write(
        &self,
        attempted: Attempted<'_>,
        agent: &str,
        epoch: Epoch,
        row: &Row,
    ) -> Result<(), Error> {
        let key = keys::stored(row.key.as_bytes());
        let at: At<'_> = (agent, &key, row.position.generation, row.position.offset);
        let cell = if cell::is_large(&row.value) {
            check_size(attempted, &row.value)?;
            let id: Id = *blake3::hash(&row.value).as_bytes();
            self.scatter(attempted, epoch, row, at, &id).await?;
            cell::large(&row.value, &id)
        } else {
            cell::whole(&row.value)
        };
        let (agent, key, generation, offset) = at;
        let values = (epoch.0, ttl(row.lives), cell, agent, key, generation, offset);
        self.ask(attempted, |all| &all.write, values).await.map(|_| ())
    }

    /// The chunks of a large value.
    async fn scatter(
        &self,
        attempted: Attempted<'_>,
        epoch: Epoch,
        row: &Row,
        (agent, key, generation, offset): At<'_>,
        id: &Id,
    ) -> Result<(), Error> {
        let lives = chunks_ttl(row.lives);
        chunks::write(&row.value, async |chunk: i32, bytes: Bytes| {
            let values = (epoch.0, lives, bytes, agent, key, generation, offset, &id[..], chunk);
            self.ask(attempted, |all| &all.write_state_chunk, values).await.map(|_| ())
        })
        .await
    }

    /// All versions of a key below a position, with their chunks.
    async fn prune(
        &self,
        attempted: Attempted<'_>,
        agent: &str,
        epoch: Epoch,
        key: &Key,
        below: Position,
    ) -> Result<(), Error> {
        let key = keys::stored(key.as_bytes());
        let each = (epoch.0, agent, &*key, below.generation, below.offset);
        let _place = self.gate.enter().await;
        let mut patience = Patience::of(self.patience);
        loop {
            let live = self.live();
            match live.session.batch(&live.statements.prune, (each, each)).await {
                Ok(_) => return Ok(()),
                Err(error) => self.again(attempted, &error, &live, &mut patience).await?,
            }
        }
    }
}

/// Refuses a value that no store should hold.
pub(crate) fn check_size(attempted: Attempted<'_>, value: &[u8]) -> Result<(), Error> {
    if value.len() <= VALUE_BYTES_MAX {
        return Ok(());
    }
    let cause = format!("a value has {} bytes, at most {VALUE_BYTES_MAX} are allowed", value.len());
    Err(Error::new(Remedy::Stop, attempted(), cause))
}
