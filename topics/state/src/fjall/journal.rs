//! Looks through the engine's journals before it opens them: what a killed process left half written at
//! the very end is cut off and told; damage anywhere else is refused.
//!
//! The engine by itself reads a journal up to the first bytes it does not understand and drops, without a
//! word, whatever lies behind them. Here whole batches behind a damaged place are found first. The layout
//! is that of fjall's journals of format 3 and of no other; the tests hold it against the engine.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

/// What the engine's format is marked with: its version file begins so, and each batch ends so.
const MAGIC: &[u8] = b"FJL\x03";

/// Bytes read at once. A journal has up to 64 MiB, and is read whenever a store is opened.
const READ_BYTES: usize = 1024 * 1024;

/// What cannot be mended.
#[derive(Debug)]
pub(super) enum Damage {
    /// The file cannot be read or cut.
    Io(PathBuf, io::Error),
    /// Bytes in the middle of a journal are no batch, though acknowledged ones lie behind them.
    Within(PathBuf, u64),
    /// A file's table of contents is not what its end says.
    Contents(PathBuf),
}

/// Cuts off what is half written at the end of the newest journal. Returns what was done, in words, if
/// anything was.
pub(super) fn mend(folder: &Path) -> Result<Option<String>, Damage> {
    // Another format's files, or none yet: the engine says what is to be said.
    match fs::read(folder.join("version")) {
        Ok(version) if version.starts_with(MAGIC) => {}
        _ => return Ok(None),
    }
    let mut journals = journals(folder).map_err(|error| Damage::Io(folder.to_owned(), error))?;
    let newest = journals.pop();
    for (_, path) in journals {
        let found = survey(&path).map_err(|error| Damage::Io(path.clone(), error))?;
        if found.is_dirty {
            return Err(Damage::Within(path, found.whole_bytes));
        }
    }
    let Some((_, path)) = newest else { return Ok(None) };
    let explain = |error| Damage::Io(path.clone(), error);
    let found = survey(&path).map_err(explain)?;
    if !found.is_dirty {
        return Ok(None);
    }
    let rest = rest(&path, found.whole_bytes).map_err(explain)?;
    if has_whole_batch(&rest, found.last_number) {
        return Err(Damage::Within(path, found.whole_bytes));
    }
    let file = File::options().write(true).open(&path).map_err(explain)?;
    file.set_len(found.whole_bytes).and_then(|()| file.sync_all()).map_err(explain)?;
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Ok(Some(format!(
        "{} ended in {written} bytes that are no whole batch and were cut off at byte {}: a process that is \
         killed in the middle of a write leaves such, and had not acknowledged it",
        path.display(),
        found.whole_bytes
    )))
}

/// The journals, oldest first.
fn journals(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_journal = path.extension().is_some_and(|extension| extension == "jnl");
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let Some(number) = number.filter(|_| is_journal) {
            journals.push((number, path));
        }
    }
    journals.sort();
    Ok(journals)
}

/// What a journal looks like.
struct Survey {
    /// Bytes of the whole batches at its beginning.
    whole_bytes: u64,
    /// The number of the last of them.
    last_number: Option<u64>,
    /// Whether anything but the engine's preallocated zeros follows.
    is_dirty: bool,
}

fn survey(path: &Path) -> io::Result<Survey> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut source = Source::new(BufReader::with_capacity(READ_BYTES, file), length);
    let mut found = Survey { whole_bytes: 0, last_number: None, is_dirty: false };
    while let Some(number) = whole_batch(&mut source)? {
        found.whole_bytes = length - source.left;
        found.last_number = Some(number);
    }
    found.is_dirty = has_written(path, found.whole_bytes)?;
    Ok(found)
}

/// Whether anything but zeros stands from an offset on.
fn has_written(path: &Path, from: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let (mut buffer, zeros) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
    loop {
        // Compared as a whole: byte by byte a build for development takes a second for it.
        let count = file.read(&mut buffer)?;
        if count == 0 || buffer[..count] != zeros[..count] {
            return Ok(count != 0);
        }
    }
}

/// The bytes from an offset on: of a damaged journal only, 64 MiB at most.
fn rest(path: &Path, from: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    Ok(rest)
}

/// Whether a whole batch begins anywhere in these bytes, with a number above `last`.
fn has_whole_batch(bytes: &[u8], last: Option<u64>) -> bool {
    (0..bytes.len()).filter(|at| bytes[*at] == Tag::START).any(|at| {
        let mut source = Source::new(&bytes[at..], (bytes.len() - at) as u64);
        // Read from memory: there is nothing that could fail.
        whole_batch(&mut source).ok().flatten().is_some_and(|number| last.is_none_or(|last| last < number))
    })
}

/// The first byte of each entry of a journal.
struct Tag;

impl Tag {
    const START: u8 = 1;
    const ITEM: u8 = 2;
    const END: u8 = 3;
    const CLEAR: u8 = 4;
}

/// Reads one batch and returns its number; `None` if there is none or it is not whole.
fn whole_batch<R: Read>(source: &mut Source<R>) -> io::Result<Option<u64>> {
    let Some([Tag::START, head @ ..]) = source.array::<13>()? else { return Ok(None) };
    let [c0, c1, c2, c3, number @ ..] = head;
    let count = u32::from_le_bytes([c0, c1, c2, c3]);
    source.hash = Xxh3::new();
    for _ in 0..count {
        if !item(source)? {
            return Ok(None);
        }
    }
    let hash = source.hash.digest();
    let Some([Tag::END, tail @ ..]) = source.array::<13>()? else { return Ok(None) };
    let is_whole = tail[..8] == hash.to_le_bytes() && tail[8..] == *MAGIC;
    Ok(is_whole.then_some(u64::from_le_bytes(number)))
}

/// Reads one entry of a batch; `false` if it is not whole.
fn item<R: Read>(source: &mut Source<R>) -> io::Result<bool> {
    match source.array::<1>()? {
        // Kind, compression, table, then the lengths of the key, of the value, and of the value as stored.
        Some([Tag::ITEM]) => {
            let Some(head) = source.array::<20>()? else { return Ok(false) };
            let key = u16::from_le_bytes([head[10], head[11]]);
            let value = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
            source.skip(u64::from(key) + u64::from(value))
        }
        Some([Tag::CLEAR]) => source.skip(8),
        _ => Ok(false),
    }
}

/// Bytes that are read from first to last, and hashed on the way.
struct Source<R> {
    reader: R,
    /// Bytes that are still there.
    left: u64,
    hash: Xxh3,
    buffer: Vec<u8>,
}

impl<R: Read> Source<R> {
    fn new(reader: R, length: u64) -> Self {
        Self { reader, left: length, hash: Xxh3::new(), buffer: Vec::new() }
    }

    /// The next bytes; `None` if there are not so many.
    fn array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        if self.left < N as u64 {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.left -= N as u64;
        self.hash.update(&bytes);
        Ok(Some(bytes))
    }

    /// Reads over so many bytes; `false` if there are not so many.
    fn skip(&mut self, bytes: u64) -> io::Result<bool> {
        if self.left < bytes {
            return Ok(false);
        }
        self.buffer.clear();
        (&mut self.reader).take(bytes).read_to_end(&mut self.buffer)?;
        self.left -= bytes;
        self.hash.update(&self.buffer);
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
