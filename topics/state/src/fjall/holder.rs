//! The file that says which process holds a store, locked for as long as it does.
//!
//! fjall locks its own files too, but cannot say who has them.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::trouble::hint_on_io;
use crate::error::{Error, Remedy};

/// The file's name in the store's folder.
const NAME: &str = "holder";

/// Makes the folder if need be, and takes it for this process until the file is dropped. The operating
/// system lets go of it when the process dies.
pub(super) fn take(folder: &Path) -> Result<File, Error> {
    let attempted = format!("open the store at {}", folder.display());
    let refused = |error: std::io::Error| {
        Error::new(Remedy::Stop, attempted.clone(), format!("{error}: {}", hint_on_io(error.kind())))
    };
    fs::create_dir_all(folder).map_err(refused)?;
    let options = File::options().read(true).write(true).create(true).truncate(false).clone();
    let mut file = options.open(folder.join(NAME)).map_err(refused)?;
    match lock(&mut file) {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(refused(error)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Who it is is a courtesy: without it the refusal stands all the same.
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another process" } else { holder.trim_end() };
            let cause = format!("{holder} holds it; stop that one, or give this one another folder");
            return Err(Error::new(Remedy::Stop, attempted, cause));
        }
    }
    sign(&mut file).map_err(refused)?;
    Ok(file)
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
fn is_own(file: &mut File) -> std::io::Result<bool> {
    let mut holder = String::new();
    file.rewind()?;
    file.read_to_string(&mut holder)?;
    file.rewind()?;
    Ok(holder.starts_with(&format!("process {} ", std::process::id())))
}

/// Writes down who holds the store.
fn sign(file: &mut File) -> std::io::Result<()> {
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_name()).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} ({})", std::process::id(), program.display())?;
    file.flush()
}
