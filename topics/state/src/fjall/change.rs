//! A change: what is compared and written under one lock and committed at once.

use std::sync::PoisonError;
use std::time::Duration;

use fjall::OwnedWriteBatch;
use schemas_records::Timestamp;

use super::Shared;
use super::files::Tables;
use super::layout;
use super::sweep::Ending;
use super::trouble::Trouble;
use crate::error::Error;

/// What a change writes. It sees the tables as they stood before it, not what it has written itself.
pub(super) struct Change<'a> {
    pub tables: &'a Tables,
    pub batch: OwnedWriteBatch,
    pub now: Timestamp,
    /// When what it writes may be forgotten.
    ends: Vec<(Timestamp, Vec<u8>)>,
}

impl Change<'_> {
    /// Lists a row that may be forgotten from some time on.
    pub fn ends(&mut self, from: Option<Timestamp>, ending: Ending, key: &[u8]) {
        let Some(from) = from else { return };
        let end_key = layout::end_key(from, ending as u8, key);
        self.batch.insert(&self.tables.ends, end_key.as_slice(), []);
        self.ends.push((from, end_key));
    }
}

/// How often a change that waits for the disk looks again.
const PAUSE: Duration = Duration::from_millis(5);

/// How often at most. After that (ten seconds) it stops its thread for as long as it takes: by then the
/// disk is the news, and the metrics of whoever waits show it.
const PAUSES_MAX: usize = 2000;

impl Shared {
    /// Waits while the disk is behind, so that changes do not stop the thread that other tasks share.
    pub async fn give_way(&self) {
        for _ in 0..PAUSES_MAX {
            if !self.disk.is_behind_in(self.tables.filled()) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Compares and writes: nobody else does in the meantime. `rows` is how many rows it may write.
    /// When it returns, what was written is with the operating system.
    pub fn change<T>(
        &self,
        attempted: impl Fn() -> String,
        rows: usize,
        compare_and_write: impl FnOnce(&mut Change<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        // A panic under this lock leaves the list of ends where it was, which costs a second look.
        let mut sweep = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || {
            let now = self.clock.now();
            sweep.step(rows, &self.disk, &self.tables, now)?;
            let batch = self.disk.engine_batch();
            let mut change = Change { tables: &self.tables, batch, now, ends: Vec::new() };
            let outcome = compare_and_write(&mut change)?;
            change.batch.commit()?;
            for (from, end_key) in change.ends {
                sweep.added(from, &end_key);
            }
            Ok(outcome)
        };
        write().map_err(|trouble: Trouble| self.disk.explain(&trouble, attempted()))
    }

    /// Reads, beside changes.
    pub fn look<T>(
        &self,
        attempted: impl Fn() -> String,
        look: impl FnOnce(&Tables, Timestamp) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        look(&self.tables, self.clock.now()).map_err(|trouble| self.disk.explain(&trouble, attempted()))
    }
}
