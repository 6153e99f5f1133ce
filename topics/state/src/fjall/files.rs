//! The database's tables and their settings, its format, and its id.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use fjall::config::PartitioningPolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use schemas_records::Timestamp;

use super::trouble::Trouble;
use super::{contents, journal};
use crate::error::Error;
use crate::identity;

/// The version of what [`super::layout`] writes. Another one is refused, never guessed at.
pub(super) const FORMAT: u32 = 1;

/// The engine's folder inside the store's.
pub(super) const FOLDER: &str = "rows";

/// Bytes of records, states or values that gather in memory before they are written out. Small, as the
/// journal holds them anyway and reading it back is what a restart waits for; large enough that ten
/// thousand rows of half a kilobyte make one file.
pub const LARGE_TABLE_BYTES: u64 = 8 * 1024 * 1024;

/// The same for tables with short rows.
pub const SMALL_TABLE_BYTES: u64 = 2 * 1024 * 1024;

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
    /// Opens or makes the tables.
    pub fn open(database: &Database) -> Result<Self, Trouble> {
        let table = |name, bytes| database.keyspace(name, || options(bytes));
        Ok(Self {
            owners: table("owners", SMALL_TABLE_BYTES)?,
            cells: table("cells", LARGE_TABLE_BYTES)?,
            floors: table("floors", SMALL_TABLE_BYTES)?,
            held: table("held", LARGE_TABLE_BYTES)?,
            due: table("due", SMALL_TABLE_BYTES)?,
            ends: table("ends", SMALL_TABLE_BYTES)?,
        })
    }

    /// Those that changes fill.
    pub fn filled(&self) -> [&Keyspace; 5] {
        [&self.cells, &self.floors, &self.held, &self.due, &self.ends]
    }
}

/// Whether writing out or merging a table is so far behind that the next change might stop its thread.
pub(super) fn is_behind(table: &Keyspace) -> bool {
    table.sealed_memtable_count() >= WAITING_MEMTABLES || table.l0_table_count() >= UNMERGED_FILES
}

/// An open database.
pub(super) struct Opened {
    pub database: Database,
    /// The table that holds its formats and its id.
    pub about: Keyspace,
    pub identity: String,
    /// What had to be cut off from the journal's end, in words.
    pub mended: Option<String>,
}

/// Opens or makes the database. The format is looked at before anything else is touched.
pub(super) fn open(path: &Path, now: Timestamp) -> Result<Opened, Error> {
    open_files(path, now)
        .map_err(|trouble| trouble.explain(path, format!("open the store at {}", path.display())))
}

fn open_files(path: &Path, now: Timestamp) -> Result<Opened, Trouble> {
    let folder = path.join(FOLDER);
    let mended = journal::mend(&folder)?;
    contents::check(&folder)?;
    let (database, about) = open_database(path)?;
    let expected = Expected { key: FORMAT_KEY, version: FORMAT };
    let identity = match check_format(&about, &expected)?.then(|| stored_identity(&about)).transpose()? {
        Some(Some(identity)) => identity,
        _ => identify(&database, &about, now)?,
    };
    Ok(Opened { database, about, identity, mended })
}

/// A version that what is written must have, and the row that says it.
pub(super) struct Expected<'a> {
    pub key: &'a str,
    pub version: u32,
}

/// Checks a version; `false` if there is none yet.
pub(super) fn check_format(about: &Keyspace, expected: &Expected<'_>) -> Result<bool, Trouble> {
    let Some(found) = about.get(expected.key)? else { return Ok(false) };
    let found = <[u8; 4]>::try_from(&*found).map_err(|_| Trouble::Unreadable("the format"))?;
    match u32::from_be_bytes(found) {
        found if found == expected.version => Ok(true),
        found => Err(Trouble::Format { found, expected: expected.version }),
    }
}

/// Opens or makes the database and the table that holds its formats and id.
///
/// The engine asserts where damaged files are not what it expects: that is an error here, as any other.
fn open_database(path: &Path) -> Result<(Database, Keyspace), Trouble> {
    let open = || {
        let database = Database::builder(path.join(FOLDER))
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(WORKERS)
            .max_cached_files(Some(OPEN_FILES_MAX))
            .open()?;
        let about = database.keyspace("about", || options(SMALL_TABLE_BYTES))?;
        Ok((database, about))
    };
    std::panic::catch_unwind(AssertUnwindSafe(open)).unwrap_or(Err(Trouble::Unreadable("the engine's files")))
}

/// A table's settings. An index in one piece has a mebibyte, too much for the cache: each read would load
/// it anew (0.3 ms instead of 0.03 with a million rows), so it is cut into blocks as the rows are.
pub(super) fn options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    let in_pieces = PartitioningPolicy::all(true);
    KeyspaceCreateOptions::default()
        .max_memtable_size(memtable_bytes)
        .index_block_partitioning_policy(in_pieces)
}

/// The id, if it was written.
fn stored_identity(about: &Keyspace) -> Result<Option<String>, Trouble> {
    let Some(identity) = about.get(IDENTITY_KEY)? else { return Ok(None) };
    let identity = std::str::from_utf8(&identity).map_err(|_| Trouble::Unreadable("the store's id"))?;
    Ok(Some(identity.to_owned()))
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
