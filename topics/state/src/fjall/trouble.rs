//! What goes wrong on disk, and what that means to an operator.

use std::io::ErrorKind;
use std::path::Path;

use super::journal::Damage;
use crate::error::{Error, Remedy};

/// What came back from the files.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The engine's own error.
    Engine(fjall::Error),
    /// A row that cannot be read: what it should have been.
    Unreadable(&'static str),
    /// Another version's rows.
    Format { found: u32, expected: u32 },
    /// The journal, or another file, cannot be read, or not be trusted.
    Journal(Damage),
}

impl From<Damage> for Trouble {
    fn from(damage: Damage) -> Self {
        Self::Journal(damage)
    }
}

impl From<fjall::Error> for Trouble {
    fn from(error: fjall::Error) -> Self {
        Self::Engine(error)
    }
}

impl Trouble {
    /// Says what was attempted where, and what can be done. Always `Stop`: after a failed write the
    /// engine takes no other one until it is opened again, and a read that fails will fail again.
    pub fn explain(&self, path: &Path, attempted: impl Into<String>) -> Error {
        let cause = match self {
            Self::Engine(error) => format!("{error}: {}", hint(error)),
            Self::Format { found, expected } => format!(
                "its rows have format {found}, this release reads and writes format {expected}: open it with the \
                 release that wrote it, or start with an empty folder"
            ),
            Self::Journal(Damage::Io(file, error)) => {
                format!("{}: {error}: {}", file.display(), hint_on_io(error.kind()))
            }
            Self::Journal(Damage::Within(file, at)) => format!(
                "{} is damaged at byte {at}, with acknowledged changes behind it: restore a backup, or start with \
                 an empty folder; to go on without what came after, cut the file there",
                file.display()
            ),
            Self::Journal(Damage::Contents(file)) => {
                format!("the table of contents of {} cannot be read: {DAMAGED}", file.display())
            }
            Self::Unreadable(what) => format!("{what} cannot be read: {DAMAGED}"),
        };
        Error::new(Remedy::Stop, attempted, format!("store at {}: {cause}", path.display()))
    }
}

/// What to do when bytes are not what they should be.
const DAMAGED: &str = "the files may be damaged; restore a backup or start with an empty folder";

/// What to do about an error of the engine.
fn hint(error: &fjall::Error) -> &'static str {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
            hint_on_io(error.kind())
        }
        fjall::Error::Poisoned => {
            "an earlier write failed, for a full disk perhaps; mend it, then start again"
        }
        fjall::Error::Locked => "another process holds the files; stop it, or give this one another folder",
        fjall::Error::InvalidVersion(_) => {
            "the files are another version's of the storage engine; open them with the release that wrote \
             them, or start with an empty folder"
        }
        _ => DAMAGED,
    }
}

/// What to do about an error of the file system.
pub(super) fn hint_on_io(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; make room, then start again",
        ErrorKind::FileTooLarge => "no file may grow so large here; raise the limit, then start again",
        ErrorKind::PermissionDenied => "give this user the right to write there",
        ErrorKind::ReadOnlyFilesystem => "mount the file system writable, or choose another folder",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a file stands where a folder is needed",
        _ => "check the disk, then start again",
    }
}
