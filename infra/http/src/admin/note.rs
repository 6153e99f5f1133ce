//! The note in a node's data folder that says where its admin door is, and with which token it opens.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub const NOTE: &str = "admin.json";

/// Bytes of a token: 256 bits cannot be guessed.
const TOKEN_BYTES: usize = 32;

/// What stands in the file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Noted {
    pub address: SocketAddr,
    pub token: String,
    pub process: u32,
}

/// The note of this process; dropping it takes the file away.
pub(super) struct Note {
    pub address: SocketAddr,
    pub token: String,
    path: PathBuf,
}

impl Note {
    /// Draws a token and writes the note, readable and writable by its owner only from its first byte on.
    pub fn write(folder: &Path, address: SocketAddr) -> Result<Self, String> {
        let path = folder.join(NOTE);
        let refused = |cause: String| format!("could not write {}: {cause}", path.display());
        let token = draw().map_err(&refused)?;
        let noted = Noted { address, token: token.clone(), process: std::process::id() };
        let text = serde_json::to_string(&noted).map_err(|error| refused(error.to_string()))?;
        put(&path, &text).map_err(|error| refused(error.to_string()))?;
        Ok(Self { address, token, path })
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // If it stays, nobody answers at its address: commands find that out by themselves.
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads the note in a folder; `None` if there is none.
pub(super) fn read(folder: &Path) -> Result<Option<Noted>, String> {
    let path = folder.join(NOTE);
    let unreadable = |cause: String| format!("could not read {}: {cause}", path.display());
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| unreadable(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Takes away the note of a process that is gone: for whoever has just taken its folder.
pub fn forget(folder: &Path) {
    // Whoever finds it all the same compares it with the folder's holder.
    let _ = fs::remove_file(folder.join(NOTE));
}

/// Whether a file of this name is the note, or a draft that a process left which died while it wrote one.
#[must_use]
pub fn is_note(name: &str) -> bool {
    name == NOTE || (name.starts_with("admin.") && name.ends_with(".draft"))
}

/// Puts a whole file in place of whatever was there, so that nobody reads half of it or under its old mode.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    // A draft of a process that had this one's number; there may be none.
    let _ = fs::remove_file(&draft);
    let mut file: File = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

/// A token in hexadecimal digits, from the operating system's source of chance.
fn draw() -> Result<String, String> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random token can be drawn: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
