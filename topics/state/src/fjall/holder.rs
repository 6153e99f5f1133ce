//! A store's folder in the hands of one process: the file that says whose it is, locked for as long as it is,
//! and the removal of what a store wrote there.
//!
//! fjall locks its own files too, but cannot say who has them. This opens no database.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files;
use super::trouble::hint_on_io;
use crate::error::{Error, Remedy};

/// The file that says who holds the folder. It is the mark of a store: it is made first and removed last, and
/// what has none was made by somebody else.
const NAME: &str = "holder";

/// What the engine's folder is called once it is being removed: from the moment it has this name, none of its
/// rows counts.
const REMOVED: &str = "rows.removed";

/// A store's folder, held by this process until this is dropped. The operating system lets go of it when the
/// process dies.
#[derive(Debug)]
pub struct Hold {
    folder: PathBuf,
    _file: File,
}

/// Who has a folder.
#[derive(Debug)]
pub enum Held {
    /// Nobody had it: now this process has.
    Free(Hold),
    /// Another one.
    By(Holder),
}

/// Another process that holds a store, as it has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    signature: String,
}

impl Holder {
    /// Its number, if it has signed with one.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.signature.strip_prefix("process ")?.split(' ').next()?.parse().ok()
    }
}

impl std::fmt::Display for Holder {
    /// `process 17 (tributary)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.signature.is_empty() { "another process" } else { &self.signature })
    }
}

impl Hold {
    /// Makes the folder if need be, and takes it. What an interrupted removal left is cleared away.
    ///
    /// # Errors
    /// `Stop` if another process holds it, which the cause names, or if it cannot be made or written.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        match take(folder, true).map_err(|error| refused(folder, &error))? {
            Some(Held::Free(hold)) => Ok(hold),
            Some(Held::By(holder)) => Err(in_use(folder, &holder)),
            None => Err(refused(folder, &ErrorKind::NotFound.into())),
        }
    }

    /// Takes a folder that a store has marked; `None` if there is none. Makes nothing.
    ///
    /// # Errors
    /// `Stop` if it cannot be read or written.
    pub fn look(folder: &Path) -> Result<Option<Held>, Error> {
        take(folder, false).map_err(|error| refused(folder, &error))
    }

    /// Whether a folder wears a store's mark.
    #[must_use]
    pub fn is_marked(folder: &Path) -> bool {
        folder.join(NAME).is_file()
    }

    /// Whether a store has been opened in it.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.folder.join(files::FOLDER).exists()
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what a store wrote, for good, and the files beside it that `is_ours` knows by their names; what
    /// else lies there stays. The folder itself goes if nothing is left in it. Returns what is left, by name.
    ///
    /// Killed in the middle, it leaves a folder that is still marked and holds either all rows or none.
    ///
    /// # Errors
    /// `Stop` if something cannot be removed.
    pub fn remove(self, is_ours: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
        let failed = |error: io::Error| {
            let attempted = format!("remove the store at {}", self.folder.display());
            Error::new(Remedy::Stop, attempted, format!("{error}: {}", hint_on_io(error.kind())))
        };
        clear(&self.folder).map_err(failed)?;
        rename(&self.folder.join(files::FOLDER), &self.folder.join(REMOVED)).map_err(failed)?;
        clear(&self.folder).map_err(failed)?;
        for name in names(&self.folder).map_err(failed)?.iter().filter(|name| is_ours(name)) {
            absent_is_fine(fs::remove_file(self.folder.join(name))).map_err(failed)?;
        }
        absent_is_fine(fs::remove_file(self.folder.join(NAME))).map_err(failed)?;
        let left = names(&self.folder).map_err(failed)?;
        if left.is_empty() {
            // Somebody may put something there, or make a store, at this very moment: then it stays.
            let _ = fs::remove_dir(&self.folder);
        }
        Ok(left)
    }
}

/// An error for a folder that another process has.
pub(super) fn in_use(folder: &Path, holder: &Holder) -> Error {
    let attempted = format!("open the store at {}", folder.display());
    let cause = format!("{holder} holds it; stop that one, or give this one another folder");
    Error::new(Remedy::Stop, attempted, cause)
}

fn refused(folder: &Path, error: &io::Error) -> Error {
    let attempted = format!("open the store at {}", folder.display());
    Error::new(Remedy::Stop, attempted, format!("{error}: {}", hint_on_io(error.kind())))
}

/// How often the lock is tried anew on a file that was removed while it was waited for: each time some other
/// process has removed a whole store.
const TAKES_MAX: usize = 10;

/// Takes the folder; `None` if it has no mark and none is to be made.
fn take(folder: &Path, may_make: bool) -> io::Result<Option<Held>> {
    let path = folder.join(NAME);
    for _ in 0..TAKES_MAX {
        let options = File::options().read(true).write(true).create(may_make).truncate(false).clone();
        let mut file = match options.open(&path) {
            Err(error) if !may_make && is_absent(&error) => return Ok(None),
            opened => opened?,
        };
        match lock(&mut file) {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                let mut signature = String::new();
                // Who it is is a courtesy: without it the refusal stands all the same.
                let _ = file.read_to_string(&mut signature);
                let signature = signature.trim_end().to_owned();
                return Ok(Some(Held::By(Holder { signature })));
            }
        }
        if !is_at(&file, &path)? {
            // Who had it removed it: the lock is on a file that nobody else will find.
            continue;
        }
        sign(&mut file)?;
        clear(folder)?;
        return Ok(Some(Held::Free(Hold { folder: folder.to_owned(), _file: file })));
    }
    Err(io::Error::other("it is removed again and again"))
}

/// Removes what was being removed.
fn clear(folder: &Path) -> io::Result<()> {
    absent_is_fine(fs::remove_dir_all(folder.join(REMOVED)))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    absent_is_fine(fs::rename(from, to))
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort_unstable();
    Ok(names)
}

/// Whether this is the file that stands at a path.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (own, there) = match (file.metadata()?, fs::metadata(path)) {
        (_, Err(error)) if is_absent(&error) => return Ok(false),
        (own, there) => (own, there?),
    };
    Ok((own.dev(), own.ino()) == (there.dev(), there.ino()))
}

/// How long a lock that this very process noted is waited for: one that it has let go stands on in each
/// child between its fork and its exec, which is milliseconds.
const OWN_WAIT_MAX: Duration = Duration::from_millis(500);

/// How often it is looked at meanwhile.
const OWN_PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock, if nobody else has it.
fn lock(file: &mut File) -> Result<(), TryLockError> {
    let until = Instant::now() + OWN_WAIT_MAX;
    loop {
        let Err(refused) = file.try_lock() else { return Ok(()) };
        if !is_own(file).map_err(TryLockError::Error)? || Instant::now() >= until {
            return Err(refused);
        }
        std::thread::park_timeout(OWN_PAUSE);
    }
}

/// Whether it was this process that signed last.
fn is_own(file: &mut File) -> io::Result<bool> {
    let mut holder = String::new();
    file.rewind()?;
    file.read_to_string(&mut holder)?;
    file.rewind()?;
    Ok(holder.starts_with(&format!("process {} ", std::process::id())))
}

/// Writes down who holds the store.
fn sign(file: &mut File) -> io::Result<()> {
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_name()).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} ({})", std::process::id(), program.display())?;
    file.flush()
}

#[cfg(test)]
mod tests;
