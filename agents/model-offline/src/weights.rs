//! The weights: which file they are, where it lies, and whether it is the right one.
//!
//! The file is known by the hash of its bytes alone. It lies in a cache outside the project; who brought
//! it there, and from where, makes no difference.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Weights that are known by their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The file's name in the cache.
    pub file: Cow<'static, str>,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: Cow<'static, str>,
}

/// SmolLM2-135M-Instruct by Hugging Face, Apache-2.0; most weights in four bits.
pub const SMOLLM2: Pinned = Pinned {
    file: Cow::Borrowed("SmolLM2-135M-Instruct.Q4_1.gguf"),
    bytes: 98_362_432,
    sha256: Cow::Borrowed("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
};

/// How much of a file is hashed at once: enough that asking for it costs nothing.
const PIECE_BYTES: usize = 1024 * 1024;

/// Weights that cannot be used. All but the last are mended by fetching them again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are not there.
    #[error("find the offline model's weights: there is no {path}; `tributary model fetch` brings them")]
    Missing {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// A file of another length: a download that broke off, or something else under this name.
    #[error(
        "use the offline model's weights {path}: they have {found} bytes and not {wanted}; \
         `tributary model fetch` replaces them"
    )]
    Size {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// What it must be.
        wanted: u64,
    },
    /// Other bytes.
    #[error(
        "use the offline model's weights {path}: their sha256 is {found} and not {wanted}; \
         `tributary model fetch` replaces them"
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// The SHA-256 that was found.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// The file system's answer.
    #[error("read the offline model's weights {path}: {source}; may this user read there?")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Where the weights lie in a cache folder.
#[must_use]
pub fn path(folder: &Path, pinned: &Pinned) -> PathBuf {
    folder.join(&*pinned.file)
}

/// Looks whether a file of the right length is there, without reading it.
///
/// # Errors
/// [`Error`], but never [`Error::Hash`].
pub fn look(path: &Path, pinned: &Pinned) -> Result<(), Error> {
    let (found, wanted) = (path.metadata().map_err(|source| of_io(path, source))?.len(), pinned.bytes);
    if found != wanted {
        return Err(Error::Size { path: path.to_owned(), found, wanted });
    }
    Ok(())
}

/// Reads the whole file and compares its hash.
///
/// # Errors
/// [`Error`].
pub fn check(path: &Path, pinned: &Pinned) -> Result<(), Error> {
    look(path, pinned)?;
    let found = hash(path).map_err(|source| of_io(path, source))?;
    if found != pinned.sha256 {
        return Err(Error::Hash { path: path.to_owned(), found, wanted: pinned.sha256.to_string() });
    }
    Ok(())
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(hasher)),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// A finished hash in hexadecimal digits.
pub(crate) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_io(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { path },
        _ => Error::Io { path, source },
    }
}

#[cfg(test)]
mod tests;
