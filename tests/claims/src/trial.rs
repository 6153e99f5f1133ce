//! One guard's trial: its test with the guard, and without it.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::Test;
use crate::binaries::Binary;

/// How long a test may run: with its guard the slowest takes a minute or two on a busy machine; without, it may wait
/// for what does not come, and is ended.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often it is looked whether a test has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What came of running a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran, and passed.
    Passed,
    /// It ran, and failed.
    Failed,
    /// It did not end in time.
    Endless,
    /// There is no such test.
    Missing,
}

impl Outcome {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passes",
            Self::Failed => "fails",
            Self::Endless => "does not end",
            Self::Missing => "is not there",
        }
    }
}

/// Runs one test, without a guard if one is named.
///
/// # Errors
/// A program that cannot be started.
pub fn run(binary: &Binary, test: &Test, without: Option<&str>) -> anyhow::Result<Outcome> {
    let mut command = Command::new(&binary.program);
    command.args(["--exact", &test.path, "--test-threads", "1"]).env_remove("TRIBUTARY_WITHOUT_GUARD");
    // A case that fails since its guard is gone is no regression to keep.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    if let Some(guard) = without {
        command.env("TRIBUTARY_WITHOUT_GUARD", guard);
    }
    // What it says is read from a file: a pipe that nobody reads would stop it.
    let said = tempfile::NamedTempFile::new().context("make a file for what a test says")?;
    let child = command
        .current_dir(&binary.folder)
        .stdin(Stdio::null())
        .stdout(said.reopen().context("open the file for what a test says")?)
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("start {}", binary.program.display()))?;
    let Some(status) = wait(child)? else { return Ok(Outcome::Endless) };
    let said = std::fs::read_to_string(said.path()).context("read what a test said")?;
    let is_there = said.contains("running 1 test\n");
    Ok(match (is_there, status.success()) {
        (false, _) => Outcome::Missing,
        (true, true) => Outcome::Passed,
        (true, false) => Outcome::Failed,
    })
}

/// Its status, or nothing if it had to be ended.
fn wait(mut child: Child) -> anyhow::Result<Option<ExitStatus>> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().context("wait for a test")? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill().context("end a test")?;
            child.wait().context("wait for a test that was ended")?;
            return Ok(None);
        }
        std::thread::park_timeout(LOOK);
    }
}
