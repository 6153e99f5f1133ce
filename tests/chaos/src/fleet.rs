//! The nodes: processes of the team, started, armed, killed, frozen and told to stop. Who ends without having been
//! told to is noted, and started again, as whoever runs a service would.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;
use tests_bench::children::Process;
use tests_kit::deadly::DIE_AT;

/// Most nodes at once.
pub const NODES_MAX: usize = 4;

/// So many nodes that end by themselves are given up: they would not stop.
const SURPRISES_MAX: usize = 20;

/// How often is looked whether somebody has died.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Bytes of a node's last words that are told: its error, and what led to it.
const LAST_WORDS_BYTES: usize = 2_000;

/// The nodes.
pub struct Fleet {
    sets: Vec<String>,
    folder: PathBuf,
    nodes: Vec<Node>,
    version: u32,
    /// Who ended without having been told to, and how.
    pub surprises: Vec<String>,
}

/// One node's place, whether it runs or not.
struct Node {
    name: String,
    process: Option<Process>,
    lives: u32,
    /// Whether its end is expected.
    is_doomed: bool,
}

impl Fleet {
    /// Nobody yet; what nodes say goes to files in a folder. `sets` is the configuration that all of them have.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn new(sets: Vec<String>, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let node =
            |number| Node { name: format!("n{}", number + 1), process: None, lives: 0, is_doomed: false };
        let nodes = (0..NODES_MAX).map(node).collect();
        Ok(Self { sets, folder: folder.to_owned(), nodes, version: 1, surprises: Vec::new() })
    }

    /// Those that run, by their place.
    #[must_use]
    pub fn running(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|at| self.nodes[*at].process.is_some()).collect()
    }

    /// A node's name.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        &self.nodes[at].name
    }

    /// Whoever starts from now on is of another version.
    pub fn upgrade(&mut self) -> u32 {
        self.version += 1;
        self.version
    }

    /// Starts a node, which dies at this moment (`ROLE:MOMENT:N`), if it is told one.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(&mut self, at: usize, dies_at: Option<&str>) -> anyhow::Result<()> {
        let node = &mut self.nodes[at];
        node.lives += 1;
        node.is_doomed = dies_at.is_some();
        let words = File::create(self.folder.join(format!("{}-{}.log", node.name, node.lives)))?;
        let mut arguments = vec!["node".to_owned(), "--version".to_owned(), self.version.to_string()];
        arguments.extend(self.sets.iter().cloned());
        arguments.push(format!("instance={}", node.name));
        let variables: Vec<_> = dies_at.map(|moment| (DIE_AT, moment.to_owned())).into_iter().collect();
        node.process = Some(Process::start_attended(arguments, &variables, words)?);
        Ok(())
    }

    /// Ends a node as `kill -9` does.
    ///
    /// # Errors
    /// One that does not run.
    pub fn kill(&mut self, at: usize) -> anyhow::Result<()> {
        let process = self.nodes[at].process.take().context("nobody to kill")?;
        process.kill().map(drop)
    }

    /// Has a node die at a moment, `ROLE:MOMENT:N`, the N-th time from now.
    ///
    /// # Errors
    /// One that does not run.
    pub fn doom(&mut self, at: usize, moment: &str) -> anyhow::Result<()> {
        let node = &mut self.nodes[at];
        node.is_doomed = true;
        node.process.as_mut().context("nobody to doom")?.tell(moment)
    }

    /// Waits until a node that is doomed has died, and is no more. False if it lives on; then nobody minds any more
    /// when it dies.
    ///
    /// # Errors
    /// The system's.
    pub async fn dies_within(&mut self, at: usize, bound: Duration) -> anyhow::Result<bool> {
        let deadline = Instant::now() + bound;
        loop {
            self.look()?;
            if self.nodes[at].process.is_none() {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await; // paces load
        }
    }

    /// Stops a node in the middle of whatever it does, or lets it go on.
    ///
    /// # Errors
    /// One that does not run.
    pub fn freeze(&mut self, at: usize, is_frozen: bool) -> anyhow::Result<()> {
        let process = self.nodes[at].process.as_ref().context("nobody to freeze")?;
        if is_frozen { process.freeze() } else { process.thaw() }
    }

    /// Asks a node to stop, and waits for a good end. One that ends badly is a surprise.
    ///
    /// # Errors
    /// One that does not run.
    pub async fn stop(&mut self, at: usize) -> anyhow::Result<()> {
        let process = self.nodes[at].process.take().context("nobody to stop")?;
        if let Err(error) = process.stop().await {
            self.surprise(at, &format!("was asked to stop: {error:#}"));
        }
        Ok(())
    }

    /// Notes who has ended. Who was not expected to is a surprise, and is started again.
    ///
    /// # Errors
    /// The system's.
    pub fn look(&mut self) -> anyhow::Result<()> {
        for at in self.running() {
            let Some(process) = self.nodes[at].process.as_mut() else { continue };
            let Some(status) = process.ended()? else { continue };
            self.nodes[at].process = None;
            if !(self.nodes[at].is_doomed && is_killed(status)) {
                self.surprise(at, &format!("ended by itself: {status}"));
                let count = self.surprises.len();
                anyhow::ensure!(count < SURPRISES_MAX, "{count} nodes have ended by themselves: given up");
                self.start(at, None)?;
            }
        }
        Ok(())
    }

    fn surprise(&mut self, at: usize, what: &str) {
        let node = &self.nodes[at];
        let file = self.folder.join(format!("{}-{}.log", node.name, node.lives));
        let said = std::fs::read_to_string(&file).unwrap_or_default();
        let mut from = said.len().saturating_sub(LAST_WORDS_BYTES);
        while !said.is_char_boundary(from) {
            from += 1;
        }
        let surprise = format!("{} {what}; {} ends with:\n{}", node.name, file.display(), &said[from..]);
        println!("{surprise}");
        self.surprises.push(surprise);
    }
}

fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}
