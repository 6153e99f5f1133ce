//! One database on disk and whoever keeps rows in it: the stores here, and a log beside them. One folder,
//! one holder, one journal.
//!
//! It knows neither what a row means nor who is right about it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, OwnedWriteBatch, PersistMode};
use schemas_records::Timestamp;

use super::files::{self, Expected};
use super::holder::Hold;
use super::trouble::Trouble;
use crate::error::Error;

/// What an acknowledged change outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process, `kill -9` included: the change is with the operating system.
    #[default]
    Process,
    /// The death of the machine too: each change waits for the disk, which takes milliseconds.
    Machine,
}

/// The database. A clone is the same one; the files are released with the last clone, table and batch,
/// which waits for files that are being written out.
#[derive(Clone)]
pub struct Disk {
    opened: Arc<Opened>,
}

/// What clones share. Dropped from top to bottom: the holder's lock goes last.
struct Opened {
    about: Keyspace,
    database: Database,
    identity: String,
    durability: Durability,
    mended: Option<String>,
    hold: Hold,
}

impl Disk {
    /// Opens the database in a folder of its own, made if it is not there. Blocks for as long as reading
    /// the journal takes: under a second.
    ///
    /// # Errors
    /// `Stop` if another process holds it, if its format is another version's, if it is damaged, or if
    /// the disk fails; the cause names the path.
    pub fn open(path: impl AsRef<Path>, now: Timestamp, durability: Durability) -> Result<Self, Error> {
        Self::open_held(Hold::take(path.as_ref())?, now, durability)
    }

    /// The same in a folder that this process holds already.
    ///
    /// # Errors
    /// `Stop` if its format is another version's, if it is damaged, or if the disk fails.
    pub fn open_held(hold: Hold, now: Timestamp, durability: Durability) -> Result<Self, Error> {
        let files::Opened { database, about, identity, mended } = files::open(hold.folder(), now)?;
        if let Some(mended) = &mended {
            tracing::warn!(path = %hold.folder().display(), "{mended}");
        }
        let opened = Opened { about, database, identity, durability, mended, hold };
        Ok(Self { opened: Arc::new(opened) })
    }

    /// Tells this database from every other: made when its folder was.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.opened.identity
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.opened.hold.folder()
    }

    /// What had to be cut off from the journal's end when it was opened, if anything.
    #[must_use]
    pub fn mended(&self) -> Option<&str> {
        self.opened.mended.as_deref()
    }

    /// Checks the version of what somebody keeps here, or notes it if there is none yet.
    ///
    /// # Errors
    /// `Stop` with both versions if it is another.
    pub fn expect_format(&self, of: &str, version: u32) -> Result<(), Error> {
        let attempted = || format!("open the {of} at {}", self.path().display());
        let expected = Expected { key: &format!("{of}-format"), version };
        let opened = &self.opened;
        match files::check_format(&opened.about, &expected) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let mut batch = self.engine_batch().durability(Some(PersistMode::SyncAll));
                batch.insert(&opened.about, expected.key, version.to_be_bytes());
                batch.commit().map_err(|error| self.explain(&error.into(), attempted()))
            }
            Err(trouble) => Err(self.explain(&trouble, attempted())),
        }
    }

    /// Opens or makes a table. Rows gather in memory up to `memtable_bytes` before they are written out.
    ///
    /// # Errors
    /// `Stop` if its files cannot be read or written.
    pub fn table(&self, name: &str, memtable_bytes: u64) -> Result<Table, Error> {
        let rows = self.opened.database.keyspace(name, || files::options(memtable_bytes));
        let rows = rows.map_err(|error| self.explain(&error.into(), format!("open the table {name}")))?;
        Ok(Table { rows, disk: self.clone() })
    }

    /// Whether a change of these tables should wait a little first: writing out or merging one is so far behind
    /// that the change might stop its thread. A disk that has failed is not waited for, since it catches up no
    /// more: the change will say so.
    pub fn is_behind<'t>(&self, tables: impl IntoIterator<Item = &'t Table>) -> bool {
        self.is_behind_in(tables.into_iter().map(|table| &table.rows))
    }

    /// The same of the engine's own tables.
    pub(super) fn is_behind_in<'t>(&self, tables: impl IntoIterator<Item = &'t Keyspace>) -> bool {
        self.should_wait(tables.into_iter().any(files::is_behind))
    }

    /// Whether a change should wait for tables that are behind.
    pub(super) fn should_wait(&self, is_behind: bool) -> bool {
        is_behind && self.database().persist(PersistMode::Buffer).is_ok()
    }

    /// An empty batch.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch { rows: self.engine_batch(), disk: self.clone() }
    }

    /// The engine's own batch, as durable as this database is meant to be.
    pub(super) fn engine_batch(&self) -> OwnedWriteBatch {
        let mode = match self.opened.durability {
            Durability::Process => PersistMode::Buffer,
            Durability::Machine => PersistMode::SyncData,
        };
        self.opened.database.batch().durability(Some(mode))
    }

    pub(super) fn database(&self) -> &Database {
        &self.opened.database
    }

    pub(super) fn explain(&self, trouble: &Trouble, attempted: impl Into<String>) -> Error {
        trouble.explain(self.path(), attempted)
    }
}

/// A table: rows in the order of their keys. A clone is the same one.
#[derive(Clone)]
pub struct Table {
    rows: Keyspace,
    disk: Disk,
}

impl Table {
    /// A row's value.
    ///
    /// # Errors
    /// `Stop` if it cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.rows.get(key).map_err(|error| self.explain(error))?;
        Ok(found.map(|value| value.to_vec()))
    }

    /// Shows the rows with `from <= key < to` in order, until told to stop.
    ///
    /// # Errors
    /// `Stop` if one cannot be read.
    pub fn visit(
        &self,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if to <= from {
            return Ok(());
        }
        for entry in self.rows.range(from..to) {
            let (key, value) = entry.into_inner().map_err(|error| self.explain(error))?;
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The highest key with `from <= key < to`.
    ///
    /// # Errors
    /// `Stop` if it cannot be read.
    pub fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let last = if from < to { self.rows.range(from..to).next_back() } else { None };
        let Some(last) = last else { return Ok(None) };
        Ok(Some(last.key().map_err(|error| self.explain(error))?.to_vec()))
    }

    /// The engine's own handle.
    #[cfg(test)]
    pub(super) fn engine_rows(&self) -> &Keyspace {
        &self.rows
    }

    /// An error for a row that is not what it should be.
    #[must_use]
    pub fn unreadable(&self, what: &'static str) -> Error {
        self.at_files(self.disk.explain(&Trouble::Unreadable(what), READ))
    }

    fn explain(&self, error: fjall::Error) -> Error {
        self.at_files(self.disk.explain(&error.into(), READ))
    }

    /// Says too which files the rows are in.
    fn at_files(&self, mut error: Error) -> Error {
        error.cause.push_str(&format!(" (its files are in {})", self.rows.path().display()));
        error
    }
}

const READ: &str = "read rows";

/// Rows that are written at once or not at all.
pub struct Batch {
    rows: OwnedWriteBatch,
    disk: Disk,
}

impl Batch {
    /// Sets a row. `key` has at most 65,535 bytes.
    pub fn insert(&mut self, table: &Table, key: Vec<u8>, value: Vec<u8>) {
        self.rows.insert(&table.rows, key, value);
    }

    /// Removes a row.
    pub fn remove(&mut self, table: &Table, key: Vec<u8>) {
        self.rows.remove(&table.rows, key);
    }

    /// Writes. When it returns, the rows are as safe as the database is meant to keep them.
    ///
    /// # Errors
    /// `Stop` if the disk fails or is full; then nothing more is written until it is opened again, and
    /// only then is it known whether these rows were.
    pub fn commit(self) -> Result<(), Error> {
        self.rows.commit().map_err(|error| self.disk.explain(&error.into(), "write rows"))
    }
}
