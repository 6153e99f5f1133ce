//! What runs in processes of its own, so that it can be killed: a node and the raw copier.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use infra_node::{Config, Node, Team, open};
use tokio_util::sync::CancellationToken;

use crate::arena::AGENT;
use crate::message::{Parrot, Report};
use crate::raw::{Copier, Route};
use crate::traffic::Traffic;

/// The team of one agent.
pub const TEAM: &str = "bench";

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

/// A node as the command line makes it. `sets` are configuration, each `key=value`.
///
/// # Errors
/// The node's own.
pub async fn node(sets: &[String]) -> anyhow::Result<()> {
    let config = Config::read(None, [], sets)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let node = Node::new(team(), open(&config).await?, config.settings.clone())?;
    Ok(infra_node::run(&node, CancellationToken::new()).await?)
}

/// The raw copier, until it is killed.
///
/// # Errors
/// Anything that goes wrong.
pub fn copy_for_ever(route: Route) -> anyhow::Result<()> {
    let codec = Traffic::between(&route.from, &route.to)?.codec;
    Copier::open(route, codec)?.run(|_| true).map(drop)
}
