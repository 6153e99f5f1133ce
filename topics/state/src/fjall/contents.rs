//! Looks at the tables of contents of the engine's files before it opens them.
//!
//! The engine takes room for as many entries as such a table claims, and compares its checksum afterwards: one
//! damaged byte asks for gigabytes, which ends the process instead of refusing the file. Here the checksum
//! comes first. The layout is that of files of the crate `sfa`, version 1, and of no other: files that end in
//! another way are the engine's to refuse. What else is in a file is not looked at, but for the list of a tree's
//! files: it claims numbers of entries too, and has a checksum beside it that the engine writes and never compares.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::journal::Damage;

/// How such a file's last bytes begin: what it is, its version, and the kind of its checksum.
const MAGIC: &[u8] = b"SFA!\x01\x00";

/// The last bytes: the above, the checksum, where the table of contents lies, how long it is.
const TRAILER_BYTES: usize = 38;

/// Longest table of contents that is read. The engine's have a dozen entries of some twenty bytes.
const CONTENTS_BYTES_MAX: u64 = 1024 * 1024;

/// The file beside a tree's lists of files that says which of them counts: its number, its checksum, the kind of that.
const CURRENT: &str = "current";

/// Bytes of such a file.
const CURRENT_BYTES: usize = 25;

/// How much of a list of files is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// How deep the engine's folders lie in one another: keyspaces, one of them, its tables.
const DEPTH_MAX: usize = 8;

/// Refuses a folder in which a file's table of contents is damaged.
pub(super) fn check(folder: &Path) -> Result<(), Damage> {
    check_within(folder, DEPTH_MAX)
}

fn check_within(folder: &Path, depth: usize) -> Result<(), Damage> {
    let explain = |error| Damage::Io(folder.to_owned(), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // A store that is made now.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(explain(error)),
    };
    for entry in entries {
        let entry = entry.map_err(explain)?;
        let (kind, path) = (entry.file_type().map_err(explain)?, entry.path());
        if kind.is_dir() && depth > 0 {
            check_within(&path, depth - 1)?;
        } else if kind.is_file() {
            check_file(path)?;
        }
    }
    Ok(())
}

fn check_file(path: PathBuf) -> Result<(), Damage> {
    let is_whole = if path.ends_with(CURRENT) { is_list_whole(&path) } else { is_whole(&path) };
    match is_whole {
        Ok(true) => Ok(()),
        Ok(false) => Err(Damage::Contents(path)),
        Err(error) => Err(Damage::Io(path, error)),
    }
}

/// Whether the list of files that counts has the checksum that the file beside it says.
fn is_list_whole(current: &Path) -> io::Result<bool> {
    let said = fs::read(current)?;
    let Ok(said) = <[u8; CURRENT_BYTES]>::try_from(said) else { return Ok(false) };
    let Some((number, rest)) = said.split_first_chunk::<8>() else { return Ok(false) };
    let Some((checksum, kind)) = rest.split_first_chunk::<16>() else { return Ok(false) };
    let list = current.with_file_name(format!("v{}", u64::from_le_bytes(*number)));
    let mut file = match File::open(list) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let (mut hash, mut piece) = (Xxh3::new(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => hash.update(&piece[..count]),
        }
    }
    Ok(kind == [0] && hash.digest128() == u128::from_le_bytes(*checksum))
}

/// Whether a file's table of contents is what its end says, if it is such a file.
fn is_whole(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(end) = length.checked_sub(TRAILER_BYTES as u64) else { return Ok(true) };
    file.seek(SeekFrom::Start(end))?;
    let mut trailer = [0; TRAILER_BYTES];
    file.read_exact(&mut trailer)?;
    let Some(rest) = trailer.strip_prefix(MAGIC) else { return Ok(true) };
    let Some((checksum, rest)) = rest.split_first_chunk::<16>() else { return Ok(false) };
    let Some((begin, _)) = rest.split_first_chunk::<8>() else { return Ok(false) };
    let begin = u64::from_le_bytes(*begin);
    if begin > end || end - begin > CONTENTS_BYTES_MAX {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(begin))?;
    let mut contents = Vec::new();
    file.take(end - begin).read_to_end(&mut contents)?;
    Ok(xxh3_128(&contents) == u128::from_le_bytes(*checksum))
}

#[cfg(test)]
mod tests;
