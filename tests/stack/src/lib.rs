//! Servers of a test's own, to be stopped, killed and frozen without disturbing other tests: `scripts/stack` with a
//! folder of its own. It knows processes and the lines that `scripts/stack` prints, and no server.

#![allow(clippy::expect_used, clippy::panic, reason = "this crate is tests: what fails here fails a test")]

mod forward;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use self::forward::{Forward, Sky};

/// Some servers. Those that a test started are killed when it ends, however it ends.
#[derive(Debug)]
pub struct Stack {
    folder: Folder,
    lines: BTreeMap<String, String>,
}

/// Where servers keep what is theirs.
#[derive(Debug)]
enum Folder {
    /// Goes with the test.
    Own(TempDir),
    /// Is somebody else's, as are the servers.
    Others(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Others(folder) => folder,
        }
    }
}

impl Stack {
    /// Starts servers: `["kafka"]`, `["cql", "--secure"]`.
    ///
    /// # Panics
    /// If they do not start.
    #[must_use]
    pub fn up(arguments: &[&str]) -> Self {
        let folder = Folder::Own(TempDir::new().expect("a folder"));
        let mut stack = Self { folder, lines: BTreeMap::new() };
        let told = stack.run("up", arguments);
        stack.lines = told
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        stack
    }

    /// Servers that somebody else started in this folder, and will stop.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: Folder::Others(folder.to_owned()), lines: BTreeMap::new() }
    }

    /// What it printed after `KEY=`.
    ///
    /// # Panics
    /// If it printed no such line.
    #[must_use]
    pub fn line(&self, key: &str) -> &str {
        self.lines.get(key).unwrap_or_else(|| panic!("{key} in {:?}", self.lines))
    }

    /// Runs a command of `scripts/stack` on servers of this stack and returns what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, command: &str, arguments: &[&str]) -> String {
        self.try_run(command, arguments).unwrap_or_else(|said| panic!("{said}"))
    }

    /// The same.
    ///
    /// # Errors
    /// What it said, if it fails.
    pub fn try_run(&self, command: &str, arguments: &[&str]) -> Result<String, String> {
        run(self.folder.path(), command, arguments)
    }

    /// Where servers keep what is theirs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of a secure server: certificates, keys, passwords.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(self.line("secure")).join(name)
    }

    /// What stands in such a file.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("a secret").trim().to_owned()
    }

    /// Stops a server's process, or one node's (`kafka:2`), in the middle of whatever it does.
    ///
    /// # Panics
    /// If it does not run.
    pub fn freeze(&self, server: &str) {
        self.signal(server, Signal::STOP);
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// If it does not run.
    pub fn thaw(&self, server: &str) {
        self.signal(server, Signal::CONT);
    }

    /// Sends a server's process, or one node's, a signal.
    ///
    /// # Errors
    /// If it does not run.
    pub fn try_signal(&self, server: &str, signal: Signal) -> std::io::Result<()> {
        // The first node's folder bears the server's name alone.
        let folder = server.strip_suffix(":1").unwrap_or(server).replace(':', "-");
        let pid = std::fs::read_to_string(self.folder().join(folder).join("pid"))?;
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        Ok(kill_process(pid.ok_or_else(|| std::io::Error::other("no pid"))?, signal)?)
    }

    fn signal(&self, server: &str, signal: Signal) {
        self.try_signal(server, signal).expect("a signal");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if matches!(self.folder, Folder::Own(_)) {
            let _ = run(self.folder.path(), "kill", &[]);
        }
    }
}

fn run(folder: &Path, command: &str, arguments: &[&str]) -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/stack");
    let mut call = Command::new(script);
    let output = call.arg(command).args(arguments).env("TRIBUTARY_STACK_DIR", folder).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("scripts/stack {command} {arguments:?}: {}: {said}", output.status))
}
