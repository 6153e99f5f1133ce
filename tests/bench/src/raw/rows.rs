//! The rows of a ceiling with state: one for each record, on the bare driver, as many at once as the server
//! bears on the machines this was tried on. No epoch, no row to read first, no chunks, nothing to prune.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Most writes at once: twice what the store allows itself. More gave the server nothing but a queue.
const IN_FLIGHT_MAX: u32 = 128;

/// What a row holds: as much as the counter of the handler it is compared with.
const VALUE: [u8; 8] = [7; 8];

/// Writes rows from a thread that is no task of the runtime.
pub struct Rows {
    session: Arc<Session>,
    write: Arc<PreparedStatement>,
    runtime: Handle,
    room: Arc<Semaphore>,
    has_failed: Arc<AtomicBool>,
}

impl Rows {
    /// Makes a table of the shape that states have, and the statement that writes it. Call it on the runtime
    /// that is to send.
    ///
    /// # Errors
    /// The server's own.
    pub async fn open(session: Arc<Session>, keyspace: &str) -> anyhow::Result<Self> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.ceiling (key blob, position bigint, value blob, \
             PRIMARY KEY (key, position)) WITH CLUSTERING ORDER BY (position DESC)"
        );
        session.query_unpaged(table, ()).await.context("could not make the ceiling's table")?;
        let text = format!("UPDATE {keyspace}.ceiling SET value = ? WHERE key = ? AND position = ?");
        let mut write = session.prepare(text).await.context("could not prepare the ceiling's statement")?;
        write.set_is_idempotent(true);
        Ok(Self {
            session,
            write: Arc::new(write),
            runtime: Handle::current(),
            room: Arc::new(Semaphore::new(IN_FLIGHT_MAX as usize)),
            has_failed: Arc::default(),
        })
    }

    /// Sends a row, once there is room. Blocks.
    pub fn write(&self, key: &[u8], position: i64) {
        let room = Arc::clone(&self.room);
        let Ok(permit) = self.runtime.block_on(room.acquire_owned()) else { return };
        let (session, write) = (Arc::clone(&self.session), Arc::clone(&self.write));
        let (key, has_failed) = (key.to_vec(), Arc::clone(&self.has_failed));
        self.runtime.spawn(async move {
            let written = session.execute_unpaged(&write, (VALUE.as_slice(), key, position)).await;
            has_failed.fetch_or(written.is_err(), Ordering::AcqRel);
            drop(permit);
        });
    }

    /// Waits until all are acknowledged. Blocks.
    ///
    /// # Errors
    /// If one was not.
    pub fn settle(&self) -> anyhow::Result<()> {
        let all = self.runtime.block_on(self.room.acquire_many(IN_FLIGHT_MAX));
        drop(all.context("nobody closes it")?);
        anyhow::ensure!(!self.has_failed.load(Ordering::Acquire), "a row was not written");
        Ok(())
    }
}
