//! pip as a process of its own: what it is told, and what its complaints mean.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::{Error, Source, of_folder};

/// What Python is called, in the order in which it is tried.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// How much of what pip said at the end is read.
const SAID_BYTES_MAX: u64 = 64 * 1024;

/// How much of it stands in an error: its last line or two.
const SAID_CHARS_MAX: usize = 400;

/// Fetches the package into the empty folder `room`, and says where it lies.
pub(super) async fn download(source: &Source, room: &Path) -> Result<PathBuf, Error> {
    let of_room = |error| of_folder(room, &source.pinned, error);
    let lock = room.join("models.lock");
    std::fs::write(&lock, &source.lock).map_err(of_room)?;
    for python in PYTHONS {
        // Into a file, which takes as much as pip says without anybody reading along.
        let mut said = tempfile::tempfile_in(room).map_err(of_room)?;
        let complaints = said.try_clone().map_err(of_room)?;
        let mut command = command(python, source, room, &lock, complaints);
        let run = match command.spawn() {
            Ok(mut child) => async move { child.wait().await },
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::Pip { said: format!("{python}: {error}") }),
        };
        let status = tokio::time::timeout(source.time_max, run).await;
        let status = status.map_err(|_| Error::TooSlow(source.time_max))?.map_err(of_room)?;
        if !status.success() {
            return Err(meaning(python, &last_words(&mut said).map_err(of_room)?, source, room));
        }
        return package(room)
            .map_err(of_room)?
            .ok_or_else(|| Error::Pip { said: "nothing, but it left no package".to_owned() });
    }
    Err(Error::NoPython)
}

fn command(python: &str, source: &Source, room: &Path, lock: &Path, complaints: File) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]);
    // Two more tries of a quarter of a minute: who has no network is told within one.
    command.args(["--no-input", "--disable-pip-version-check", "--progress-bar=off"]);
    command.args(["--retries=2", "--timeout=15"]);
    command.arg("--dest").arg(room).arg("--requirement").arg(lock);
    // Its complaints are recognised by their English words.
    command.env("LC_ALL", "C.UTF-8").env("PYTHONUTF8", "1");
    if let Some(path) = &source.search_path {
        command.env("PATH", path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(complaints).kill_on_drop(true);
    command
}

/// What pip said at the end.
fn last_words(said: &mut File) -> io::Result<String> {
    let length = said.seek(SeekFrom::End(0))?;
    said.seek(SeekFrom::Start(length.saturating_sub(SAID_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    said.take(SAID_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is to be done about it. The order matters: who reaches nobody also finds nothing.
fn meaning(python: &str, said: &str, source: &Source, room: &Path) -> Error {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["No module named pip", "No module named 'pip'"]) {
        return Error::NoPip { python: python.to_owned() };
    }
    if has(&["No space left on device", "Disk quota exceeded"]) {
        return of_folder(room, &source.pinned, io::ErrorKind::StorageFull.into());
    }
    let shown = shown(said);
    if has(&["DO NOT MATCH THE HASHES"]) {
        let found = format!("its bytes are not the pinned ones; pip said: {shown}");
        return Error::WrongBytes { what: "the package that the index has".to_owned(), found };
    }
    let unreachable = [
        "NewConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "ProtocolError",
        "NameResolutionError",
        "Temporary failure in name resolution",
        "Network is unreachable",
    ];
    if has(&unreachable) {
        return Error::NoNetwork { said: shown };
    }
    if has(&["No matching distribution found"]) {
        return Error::NotThere { said: shown };
    }
    Error::Pip { said: shown }
}

/// The end of what was said, on one line.
fn shown(said: &str) -> String {
    let words: Vec<&str> = said.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().rev().nth(SAID_CHARS_MAX) {
        Some((from, _)) => format!("... {}", &line[from..]),
        None => line,
    }
}

/// The package that lies in a folder.
fn package(room: &Path) -> io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(room)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
