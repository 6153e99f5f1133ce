//! Both stores on disk, in one fjall database: a log-structured merge tree inside this process, no server.
//!
//! Acknowledged rows survive the death of the process (`kill -9` included): each change is handed to the
//! operating system, in one journal entry, before it is acknowledged. They do not survive the death of
//! the machine: what the system had not yet written is lost with it.
//!
//! They share that database with a log on disk, if the process has one (`topics-log-fjall`): see [`Disk`].
//!
//! One process holds a store at a time; a second one is refused. Calls do their work inline: a change
//! takes 3 to 20 microseconds a row, and handing it to another thread takes as long again. While the disk
//! cannot keep up, changes wait beforehand without stopping their thread.

mod change;
mod contents;
mod disk;
mod files;
mod holder;
mod journal;
mod keyed;
mod layout;
mod state;
mod sweep;
mod trouble;

use std::path::Path;
use std::sync::{Arc, Mutex};

use topics_log::Clock;

pub use self::disk::{Batch, Disk, Durability, Table};
use self::files::Tables;
pub use self::files::{LARGE_TABLE_BYTES, SMALL_TABLE_BYTES};
pub use self::holder::{Held, Hold, Holder};
use self::sweep::Sweep;
use crate::error::Error;

/// Both stores on disk. A clone is the same store; the files are released with the last one, which waits
/// for files that are being written out.
///
/// Its calls need a tokio runtime with time enabled.
#[derive(Clone)]
pub struct FjallStore {
    shared: Arc<Shared>,
}

/// What clones share.
struct Shared {
    tables: Tables,
    disk: Disk,
    /// Held by whoever compares and writes. One lock for all: a change takes microseconds, and the
    /// journal below has one lock anyway.
    writing: Mutex<Sweep>,
    clock: Arc<dyn Clock>,
}

impl FjallStore {
    /// Opens the store in a folder of its own, made if it is not there. Blocks for as long as reading
    /// the journal takes: under a second.
    ///
    /// # Errors
    /// `Stop` if another process holds it, if its format is another version's, if it is damaged, or if
    /// the disk fails; the cause names the path.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let disk = Disk::open(path, clock.now(), Durability::Process)?;
        Self::on(disk, clock)
    }

    /// The store in a database that others use too.
    ///
    /// # Errors
    /// `Stop` if its tables cannot be opened.
    pub fn on(disk: Disk, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let attempted = || format!("open the store at {}", disk.path().display());
        let tables = Tables::open(disk.database()).map_err(|trouble| disk.explain(&trouble, attempted()))?;
        let shared = Shared { tables, disk, writing: Mutex::new(Sweep::default()), clock };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[cfg(test)]
mod tests;
