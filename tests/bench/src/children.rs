//! What runs in processes of its own, so that it can be killed: a node and the raw copier.

use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use infra_node::{Config, Node, Team, open};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;
use topics_runtime::{NoProbe, Probe};

use crate::arena::AGENT;
use crate::machine::{Memory, memory_of};
use crate::message::{Clerk, Parrot, Report};
use crate::pace::wait_until;
use crate::raw::{Copier, Route};
use crate::traffic::Traffic;

/// The team of one agent.
pub const TEAM: &str = "bench";

/// Longest polite stop: twice what a node gives what is in flight.
const STOP_MAX: Duration = Duration::from_secs(60);

/// Longest wait for servers at a start, twice what one takes to come back on a busy machine; and the pause
/// between two looks.
const SERVERS_MAX: Duration = Duration::from_secs(120);
const SERVERS_PAUSE: Duration = Duration::from_millis(200);

/// A process that is killed when it is dropped.
pub struct Process {
    program: std::path::PathBuf,
    arguments: Vec<String>,
    child: Child,
}

impl Process {
    /// Starts this program with other arguments.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(arguments: Vec<String>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("could not find this program")?;
        let child = spawn(&program, &arguments)?;
        Ok(Self { program, arguments, child })
    }

    /// Starts this program with other arguments, with these variables besides. What it says goes to a file, and
    /// what [`Process::tell`] says comes to its standard input.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start_attended(
        arguments: Vec<String>,
        variables: &[(&str, String)],
        words: File,
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("could not find this program")?;
        let mut command = Command::new(&program);
        command.args(&arguments).envs(variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(words.try_clone()?).stderr(words);
        let child = command.spawn().with_context(|| format!("could not start {}", program.display()))?;
        Ok(Self { program, arguments, child })
    }

    /// Tells an attended process a line.
    ///
    /// # Errors
    /// A process that is gone already.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("a process that nobody attends")?;
        writeln!(input, "{line}").context("could not tell a process a line")
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// The system's.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Stops it in the middle of whatever it does.
    ///
    /// # Errors
    /// A process that is gone already.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// A process that is gone already.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("a process without an id")?, signal).context("could not signal a process")
    }

    /// Kills it as `kill -9` does and starts it again at once. When it was killed.
    ///
    /// # Errors
    /// A process that is gone already, or cannot be started again.
    pub fn kill_and_restart(&mut self) -> anyhow::Result<Instant> {
        if let Some(status) = self.child.try_wait()? {
            anyhow::bail!("{} had ended by itself: {status}", self.arguments.join(" "));
        }
        let at = Instant::now();
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.program, &self.arguments)?;
        Ok(at)
    }

    /// Kills it as `kill -9` does. When that was.
    ///
    /// # Errors
    /// A process that is gone already.
    pub fn kill(mut self) -> anyhow::Result<Instant> {
        let at = Instant::now();
        self.child.kill()?;
        Ok(at)
    }

    /// Asks it to stop and waits for a good end.
    ///
    /// # Errors
    /// One that does not end within a bound, or not well.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let mut status = None;
        let ended = || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        };
        anyhow::ensure!(wait_until(STOP_MAX, ended).await, "a node does not stop within {STOP_MAX:?}");
        anyhow::ensure!(status.is_some_and(|status| status.success()), "a node ended badly: {status:?}");
        Ok(())
    }

    /// What it holds in memory.
    ///
    /// # Errors
    /// A process that is gone already.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        memory_of(self.child.id())
    }
}

fn spawn(program: &std::path::Path, arguments: &[String]) -> anyhow::Result<Child> {
    let spawned = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    spawned.with_context(|| format!("could not start {}", program.display()))
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The team of one agent that replies to its input.
#[must_use]
pub fn team() -> Team {
    Team::new(TEAM).agent(AGENT, Parrot).message::<Report>()
}

/// The team of one agent that asks the model before it replies.
#[must_use]
pub fn asking_team() -> Team {
    Team::new(TEAM).agent(AGENT, Clerk).message::<Report>()
}

/// A node of a team as the command line makes it, until it is asked to stop. `sets` are configuration, each
/// `key=value`.
///
/// # Errors
/// The node's own.
pub async fn node(team: Team, sets: &[String]) -> anyhow::Result<()> {
    probed_node(team, sets, Arc::new(NoProbe)).await
}

/// The same, of which somebody is told the moments. It waits for servers that are not there yet.
///
/// # Errors
/// The node's own.
pub async fn probed_node(team: Team, sets: &[String], probe: Arc<dyn Probe>) -> anyhow::Result<()> {
    let config = Config::read(None, [], sets)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let deadline = Instant::now() + SERVERS_MAX;
    let mut doors = loop {
        match open(&config).await {
            Err(error) if error.may_pass() && Instant::now() < deadline => {}
            opened => break opened?,
        }
        tokio::time::sleep(SERVERS_PAUSE).await; // paces load
    };
    doors.probe = probe;
    let node = Node::new(team, doors, config.settings.clone())?;
    let shutdown = CancellationToken::new();
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let told = shutdown.clone();
    tokio::spawn(async move {
        asked.recv().await;
        told.cancel();
    });
    Ok(infra_node::run(&node, shutdown).await?)
}

/// The raw copier, until it is killed.
///
/// # Errors
/// Anything that goes wrong.
pub fn copy_for_ever(route: Route) -> anyhow::Result<()> {
    let codec = Traffic::between(&route.from, &route.to)?.codec;
    Copier::open(route, codec)?.run(|_| true).map(drop)
}
