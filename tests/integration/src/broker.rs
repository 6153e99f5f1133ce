//! A broker of a test's own, to be stopped and killed without disturbing other tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A broker in a folder of its own, stopped when the test ends, however it ends.
pub struct Broker {
    folder: TempDir,
    /// Its address, the same for its whole life.
    pub address: String,
}

impl Broker {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let line = stack(folder.path().to_owned(), &["up"]).await;
        let address = line.trim().strip_prefix("brokers=").expect("the stack's answer").to_owned();
        Self { folder, address }
    }

    /// Ends it as a crash would.
    pub async fn kill(&self) {
        stack(self.folder.path().to_owned(), &["kill"]).await;
    }

    /// Stops it politely.
    pub async fn down(&self) {
        stack(self.folder.path().to_owned(), &["down"]).await;
    }

    /// Starts it again, with the same data.
    ///
    /// # Panics
    /// If it comes back elsewhere.
    pub async fn up(&self) {
        let line = stack(self.folder.path().to_owned(), &["up"]).await;
        assert_eq!(line.trim(), format!("brokers={}", self.address), "it came back elsewhere");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = run(self.folder.path(), &["kill"]);
    }
}

/// Runs `scripts/stack` for the broker of a folder, off the async runtime.
async fn stack(folder: PathBuf, command: &'static [&'static str]) -> String {
    let done = tokio::task::spawn_blocking(move || run(&folder, command)).await;
    done.expect("a thread").expect("scripts/stack")
}

/// Runs `scripts/stack` for the broker of a folder; what it printed, or what it complained about.
pub(crate) fn run(folder: &Path, command: &[&str]) -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/stack");
    let mut call = Command::new(script);
    let output = call.args(command).arg("kafka").env("TRIBUTARY_STACK_DIR", folder).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("scripts/stack {command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
