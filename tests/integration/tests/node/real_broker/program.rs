//! A program of `examples/`, run as its README says, with what scripts/prerequisites fetched for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

use super::house::{House, SETTLE};

/// How long an example program may run: longer than it waits for a result itself, so that what it says then is seen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

/// A running program; killed if it is dropped.
pub struct Program {
    child: Child,
    said: PathBuf,
}

impl Program {
    /// Starts it.
    pub fn start(house: &House, name: &str, mut command: Command) -> Self {
        let said = house.path(&format!("{name}.said"));
        let file = File::options().create(true).append(true).open(&said).expect("a file for its words");
        let errors = file.try_clone().expect("the same file");
        command.stdin(Stdio::null()).stdout(file).stderr(errors).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|error| panic!("start {command:?}: {error}"));
        Self { child, said }
    }

    /// Waits for its end, and returns how that was, and all it said.
    pub async fn end(mut self) -> (ExitStatus, String) {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => (status.expect("its end"), self.said()),
            Err(_) => panic!("{} does not end within {PATIENCE:?}: {}", self.said.display(), self.said()),
        }
    }

    /// Ends it at once, as a crash would.
    pub async fn kill(mut self) {
        tokio::time::timeout(SETTLE, self.child.kill()).await.expect("its end").expect("kill a process");
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("look at a process").is_some()
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }
}

/// A file below `examples/`.
pub fn example(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")).join(path)
}

/// What scripts/prerequisites put there for the examples.
pub fn fetched(path: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|cache| !cache.is_empty()).map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let found = cache.unwrap_or_else(home).join("tributary/examples").join(path);
    assert!(found.exists(), "{} is not there: run  scripts/prerequisites examples", found.display());
    found
}

/// A program of Python's.
pub fn python(script: &str) -> Command {
    let mut command = Command::new(fetched("python/bin/python"));
    command.arg(example(script));
    command
}
