//! One guard's trial: its test with the guard, and without it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Test;
use crate::binaries::Binary;

/// How long a test may run: with its guard the slowest takes a minute or two on a busy machine; without, it may wait
/// for what does not come, and is ended.
const PATIENCE: Duration = Duration::from_secs(300);

/// What came of running a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran, and passed.
    Passed,
    /// It ran to its end, and failed.
    Failed,
    /// Its process ended otherwise than by the test's own verdict: a signal, an abort, an exit.
    Crashed,
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
            Self::Crashed => "crashes",
            Self::Endless => "does not end",
            Self::Missing => "is not there",
        }
    }

    /// What a program that was to run one test has shown: how it ended and what it said, or nothing if it had to be
    /// ended. Only libtest's own verdict counts; what merely goes wrong proves nothing about a guard.
    #[must_use]
    pub fn of(ended: Option<(ExitStatus, &str)>) -> Self {
        let Some((status, said)) = ended else { return Self::Endless };
        let says = |verdict: &str| said.lines().any(|line| line.starts_with(verdict));
        if status.success() && says("test result: ok. 1 passed; 0 failed;") {
            Self::Passed
        } else if status.code() == Some(LIBTEST_FAILED) && says("test result: FAILED. 0 passed; 1 failed;") {
            Self::Failed
        } else if status.success() && says("test result: ok. 0 passed; 0 failed; 0 ignored;") {
            Self::Missing
        } else {
            Self::Crashed
        }
    }
}

/// How libtest's programs exit when a test has failed.
const LIBTEST_FAILED: i32 = 101;

/// Whether a guard is held: its test passes with it, and says itself that it fails without.
#[must_use]
pub fn is_held(with: Outcome, without: Outcome) -> bool {
    (with, without) == (Outcome::Passed, Outcome::Failed)
}

/// Runs one test, without a guard if one is named.
///
/// # Errors
/// A program that cannot be started.
pub async fn run(binary: &Binary, test: &Test, without: Option<&str>) -> anyhow::Result<Outcome> {
    let mut command = Command::new(&binary.program);
    command.args(["--exact", &test.path, "--test-threads", "1"]).env_remove("TRIBUTARY_WITHOUT_GUARD");
    // A case that fails since its guard is gone is no regression to keep.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    if let Some(guard) = without {
        command.env("TRIBUTARY_WITHOUT_GUARD", guard);
    }
    command.current_dir(&binary.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let attempted = || format!("run {}", binary.program.display());
    let child = command.kill_on_drop(true).spawn().with_context(attempted)?;
    let Ok(ended) = timeout(PATIENCE, child.wait_with_output()).await else { return Ok(Outcome::of(None)) };
    let ended = ended.with_context(attempted)?;
    Ok(Outcome::of(Some((ended.status, &String::from_utf8_lossy(&ended.stdout)))))
}

#[cfg(test)]
mod tests;
