//! One side of the screen: a process that is killed and comes back, its provider, and what came of it so far.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use tests_provider::{Paid, Provider};
use tokio::process::{Child, Command};

use crate::count::Tally;

/// How long a killed process may take to be gone.
const GONE_MAX: Duration = Duration::from_secs(10);

/// How much of what a process said is repeated when it ends by itself.
const WORDS_LINES_MAX: usize = 12;

/// One side.
pub struct Side {
    /// Its name.
    pub name: &'static str,
    /// Where its tasks go.
    pub tasks: String,
    /// Where its results come from.
    pub results: String,
    /// Its results so far.
    pub tally: Tally,
    /// What it paid so far.
    pub paid: Paid,
    /// How often it was killed.
    pub kills: usize,
    /// When it was killed last.
    pub killed_at: Option<Instant>,
    /// When something came of it last: a result or a call.
    pub heard: Instant,
    /// When its last result came.
    pub last_result: Option<Instant>,
    provider: Provider,
    program: PathBuf,
    arguments: Vec<String>,
    words: PathBuf,
    child: Option<Child>,
}

/// What a side is made of.
pub struct Parts {
    /// Its name.
    pub name: &'static str,
    /// Where its tasks go.
    pub tasks: String,
    /// Where its results come from.
    pub results: String,
    /// Its model.
    pub provider: Provider,
    /// What is started.
    pub program: PathBuf,
    /// With which arguments, the same at every start.
    pub arguments: Vec<String>,
    /// Where what it says is kept.
    pub words: PathBuf,
}

impl Side {
    /// A side that has not been started.
    pub fn new(parts: Parts) -> Self {
        Self {
            name: parts.name,
            tasks: parts.tasks,
            results: parts.results,
            tally: Tally::default(),
            paid: Paid::default(),
            kills: 0,
            killed_at: None,
            heard: Instant::now(),
            last_result: None,
            provider: parts.provider,
            program: parts.program,
            arguments: parts.arguments,
            words: parts.words,
            child: None,
        }
    }

    /// Starts the process.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let said = || format!("keep what {} says in {}", self.name, self.words.display());
        let words = OpenOptions::new().create(true).append(true).open(&self.words).with_context(said)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(words));
        clean(&mut command);
        let started = || format!("start {} ({})", self.name, self.program.display());
        self.child = Some(command.spawn().with_context(started)?);
        self.heard = Instant::now();
        Ok(())
    }

    /// Sends SIGKILL; [`Side::buried`] waits for the end.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(child) = &mut self.child {
            child.start_kill().with_context(|| format!("kill {}", self.name))?;
            self.kills += 1;
            self.killed_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Waits until the killed process is gone.
    pub async fn buried(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let gone = tokio::time::timeout(GONE_MAX, child.wait()).await;
        let late = || format!("{} is still there {GONE_MAX:?} after SIGKILL", self.name);
        gone.with_context(late)?.with_context(|| format!("wait for the end of {}", self.name))?;
        Ok(())
    }

    /// Fails if the process has ended although nobody killed it.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        match child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.ended_by_itself(status)),
        }
    }

    fn ended_by_itself(&self, status: ExitStatus) -> anyhow::Error {
        let said = std::fs::read_to_string(&self.words).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(WORDS_LINES_MAX)..).unwrap_or_default();
        anyhow::anyhow!("{} ended by itself ({status}); it said last:\n{}", self.name, last.join("\n"))
    }

    /// Looks at the provider's count.
    pub fn look(&mut self) {
        let paid = self.provider.paid();
        if paid.calls != self.paid.calls {
            self.heard = Instant::now();
        }
        self.paid = paid;
    }

    /// Counts a result.
    pub fn take(&mut self, task: &str, is_ok: bool) {
        self.tally.add(task, is_ok);
        self.heard = Instant::now();
        self.last_result = Some(self.heard);
    }
}

/// What configures the user's own Tributary, or his account with a provider, is not for this.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TRIBUTARY_") || text == "OPENAI_API_KEY" {
            command.env_remove(&name);
        }
    }
    // The frames of a debug build take seconds to name, longer than a step that panics may take.
    command.env("RUST_BACKTRACE", "0");
}

/// Runs a command to its end.
///
/// # Errors
/// If it ends badly or not within `bound`; with what it said.
pub async fn run(program: &PathBuf, arguments: &[String], bound: Duration) -> anyhow::Result<()> {
    let shown = || format!("{} {}", program.display(), arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    clean(&mut command);
    let output = tokio::time::timeout(bound, command.output()).await;
    let output =
        output.with_context(|| format!("{} has not ended after {bound:?}", shown()))?.with_context(shown)?;
    anyhow::ensure!(
        output.status.success(),
        "{}: {}\n{}",
        shown(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
