//! The database's tables and their settings, its format, and its id.

use std::path::Path;

use fjall::config::PartitioningPolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use schemas_records::Timestamp;

use super::trouble::Trouble;
use crate::error::{Error, Remedy};
use crate::identity;

/// The version of what [`super::layout`] writes. Another one is refused, never guessed at.
pub(super) const FORMAT: u32 = 1;

/// The engine's folder inside the store's.
const FOLDER: &str = "rows";

/// Bytes of states and of values that gather in memory before they are written out. Small, as the
/// journal holds them anyway and reading it back is what a restart waits for; large enough that ten
/// thousand rows of half a kilobyte make one file.
const LARGE_TABLE_BYTES: u64 = 8 * 1024 * 1024;

/// The same for tables with short rows.
const SMALL_TABLE_BYTES: u64 = 2 * 1024 * 1024;

/// Blocks of files kept in memory. The hot rows are in the runtime's own cache: this one is for indexes,
/// filters and the odd reread.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of journal from which on the engine writes out whatever holds back the oldest part: the least
/// it takes, as a restart reads all of it.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// Threads that write out and merge files. With one, merging falls behind (955 MB of memory, 43 s to
/// reopen were measured); more would take the cores from the agents.
const WORKERS: usize = 2;

/// Files kept open.
const OPEN_FILES_MAX: usize = 200;

const FORMAT_KEY: &str = "format";
const IDENTITY_KEY: &str = "identity";

/// From so many memtables in waiting, or files that were written out and not merged, on, changes wait
/// first: the engine itself stops the thread at 4 and at 20.
const WAITING_MEMTABLES: usize = 3;
const UNMERGED_FILES: usize = 16;

/// The tables.
pub(super) struct Tables {
    /// Owners' rows.
    pub owners: Keyspace,
    /// Versions of states.
    pub cells: Keyspace,
    /// Deletions that late writes must still lose against.
    pub floors: Keyspace,
    /// Values by key.
    pub held: Keyspace,
    /// Rows by due time.
    pub due: Keyspace,
    /// What may be forgotten, by time.
    pub ends: Keyspace,
}

impl Tables {
    /// Whether writing out or merging is so far behind that the next change might stop its thread.
    pub fn is_behind(&self) -> bool {
        [&self.cells, &self.floors, &self.held, &self.due, &self.ends].iter().any(|table| {
            table.sealed_memtable_count() >= WAITING_MEMTABLES || table.l0_table_count() >= UNMERGED_FILES
        })
    }
}

/// Opens or makes the database, and returns its id too. The format is looked at before anything else is
/// touched.
pub(super) fn open(path: &Path, now: Timestamp) -> Result<(Database, Tables, String), Error> {
    let attempted = format!("open the store at {}", path.display());
    let explain = |trouble: Trouble| trouble.explain(path, attempted.as_str());
    let (database, about) = open_database(path).map_err(explain)?;
    let identity = match stored_identity(&about).map_err(explain)? {
        None => identify(&database, &about, now).map_err(explain)?,
        Some((FORMAT, identity)) => identity,
        Some((format, _)) => {
            let cause = format!(
                "its rows have format {format}, this release reads and writes format {FORMAT}: open it with \
                 the release that wrote it, or start with an empty folder"
            );
            return Err(Error::new(Remedy::Stop, attempted, cause));
        }
    };
    let tables = open_tables(&database).map_err(explain)?;
    Ok((database, tables, identity))
}

/// Opens or makes the database and the table that holds its format and id.
fn open_database(path: &Path) -> Result<(Database, Keyspace), Trouble> {
    let database = Database::builder(path.join(FOLDER))
        .cache_size(CACHE_BYTES)
        .max_journaling_size(JOURNAL_BYTES)
        .worker_threads(WORKERS)
        .max_cached_files(Some(OPEN_FILES_MAX))
        .open()?;
    let about = database.keyspace("about", || options(SMALL_TABLE_BYTES))?;
    Ok((database, about))
}

/// Opens or makes the other tables.
fn open_tables(database: &Database) -> Result<Tables, Trouble> {
    let table = |name, bytes| database.keyspace(name, || options(bytes));
    Ok(Tables {
        owners: table("owners", SMALL_TABLE_BYTES)?,
        cells: table("cells", LARGE_TABLE_BYTES)?,
        floors: table("floors", SMALL_TABLE_BYTES)?,
        held: table("held", LARGE_TABLE_BYTES)?,
        due: table("due", SMALL_TABLE_BYTES)?,
        ends: table("ends", SMALL_TABLE_BYTES)?,
    })
}

/// A table's settings. An index in one piece has a mebibyte, too much for the cache: each read would load
/// it anew (0.3 ms instead of 0.03 with a million rows), so it is cut into blocks as the rows are.
fn options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    let in_pieces = PartitioningPolicy::all(true);
    KeyspaceCreateOptions::default()
        .max_memtable_size(memtable_bytes)
        .index_block_partitioning_policy(in_pieces)
}

/// Format and id, if they were written.
fn stored_identity(about: &Keyspace) -> Result<Option<(u32, String)>, Trouble> {
    let Some(format) = about.get(FORMAT_KEY)? else { return Ok(None) };
    let Some(identity) = about.get(IDENTITY_KEY)? else { return Ok(None) };
    let format = <[u8; 4]>::try_from(&*format).map_err(|_| Trouble::Unreadable("the format"))?;
    let identity = std::str::from_utf8(&identity).map_err(|_| Trouble::Unreadable("the store's id"))?;
    Ok(Some((u32::from_be_bytes(format), identity.to_owned())))
}

/// Gives a new store its format and id.
fn identify(database: &Database, about: &Keyspace, now: Timestamp) -> Result<String, Trouble> {
    let identity = identity::draw(now);
    let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
    batch.insert(about, FORMAT_KEY, FORMAT.to_be_bytes());
    batch.insert(about, IDENTITY_KEY, identity.as_str());
    batch.commit()?;
    Ok(identity)
}
