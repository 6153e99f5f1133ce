//! The simulation: a whole house in one process under virtual time, where one seed decides everything that
//! goes wrong.
//!
//! The runtime, joins, timers, gateways and intake are the ones a node runs; only the doors are replaced:
//! a log and a store that err, a clock that waits for nobody, a model that fails, a probe that kills. When
//! the storm is over and all is settled, the [`crate::verify`] judges what lies in the topics, every step
//! is made again on nothing but the log, and outcomes are compared with those of a calm.
//!
//! Your own team under many seeds, here under two:
//! ```
//! use tests_kit::simulation::{Simulation, team};
//!
//! let simulation = Simulation::of(team::errands()).tasks(|chance| team::some_errands(chance, 4));
//! let reports = simulation.check(0..2)?;
//! assert_eq!(reports.len(), 2);
//! # Ok::<(), tests_kit::simulation::Failed>(())
//! ```
//!
//! A seed that fails is made smaller before it is told: what can be left out of it is, as long as it fails in the same
//! way, and the command that is told runs what is left ([`Without`]).

pub mod chance;
pub mod replay;
pub mod stage;
pub mod storm;
pub mod team;
pub mod tool;
pub mod trace;

mod asked;
mod calm;
mod deaths;
mod fate;
mod instance;
mod many;
mod model;
mod moves;
mod producer;
mod run;
mod scene;
mod settle;
mod shrink;
mod weather;
mod without;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

pub use asked::Asked;
pub use chance::Chance;
pub use infra_node::Team;
pub use producer::{Door, Plant, Task};
pub use storm::{Moves, Storm};
pub use without::{Part, Without};
pub use world::DEADLINE;

use crate::verify::{Counts, Evidence, Settled};

type MakeTasks = Arc<dyn Fn(&mut Chance) -> Vec<Task> + Send + Sync>;
type MakeStorm = Arc<dyn Fn(&Chance) -> Storm + Send + Sync>;

/// A team and its tasks, to be put through storms.
pub struct Simulation {
    team: Team,
    tasks: MakeTasks,
    storm: MakeStorm,
    plants: Vec<Plant>,
    command: String,
    /// How tasks end in a calm, by what their producer sends: the input as it stands in the entry inbox,
    /// and the end. Filled as tasks are met.
    calm: Mutex<BTreeMap<Bytes, Option<(Bytes, Settled)>>>,
}

/// What one run was.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What was judged.
    pub counts: Counts,
    /// How often each kind of thing happened: faults, deaths by moment, mischief.
    pub happened: BTreeMap<String, u64>,
    /// Names every committed record: two runs of a seed have the same.
    pub digest: String,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

/// A seed under which something that was promised did not hold.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub violations: Vec<String>,
    /// How to see it again; `{seed}` stands for the seed. What is left out comes before it.
    pub command: String,
    /// What happened, line by line; of a seed that was made smaller, in its last run.
    pub trace: Vec<String>,
    /// What is left of it, if anything was left out.
    pub shrunk: Option<Box<Shrunk>>,
}

/// What is left of a seed that was made smaller.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What is left, a line for each kind of thing.
    pub left: Vec<String>,
    /// What is left out.
    pub without: Without,
    /// How many runs it took to find out.
    pub runs: usize,
}

/// Lines of a trace that are printed with a failure; the command shows all.
const TAIL: usize = 60;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} broke {} promises:", self.seed, self.violations.len())?;
        for violation in self.violations.iter().take(TAIL) {
            writeln!(f, "  {violation}")?;
        }
        if let Some(shrunk) = &self.shrunk {
            writeln!(f, "what is left of it (in {} runs):", shrunk.runs)?;
            for line in &shrunk.left {
                writeln!(f, "  {line}")?;
            }
        }
        let skipped = self.trace.len().saturating_sub(TAIL);
        writeln!(f, "the last of {} lines of its trace:", self.trace.len())?;
        for line in &self.trace[skipped..] {
            writeln!(f, "  {line}")?;
        }
        write!(f, "to see it again: {}", self.again())
    }
}

impl Failed {
    /// What to type to see it again, as it is now.
    #[must_use]
    pub fn again(&self) -> String {
        let command = self.command.replace("{seed}", &self.seed.to_string());
        match &self.shrunk {
            Some(shrunk) if !shrunk.without.is_nothing() => format!("SHRUNK={} {command}", shrunk.without),
            _ => command,
        }
    }
}

impl std::error::Error for Failed {}

impl Simulation {
    /// A simulation of a team that has nothing to do yet.
    #[must_use]
    pub fn of(team: Team) -> Self {
        let tasks: MakeTasks = Arc::new(|_| Vec::new());
        let command = "run the simulation with seed {seed} again".to_owned();
        let (storm, plants, calm) = (Arc::new(Storm::of), Vec::new(), Mutex::default());
        Self { team, tasks, storm, plants, command, calm }
    }

    /// Gives it the tasks of each seed.
    #[must_use]
    pub fn tasks(mut self, tasks: impl Fn(&mut Chance) -> Vec<Task> + Send + Sync + 'static) -> Self {
        self.tasks = Arc::new(tasks);
        self
    }

    /// Gives it other storms than [`Storm::of`].
    #[must_use]
    pub fn storms(mut self, storm: impl Fn(&Chance) -> Storm + Send + Sync + 'static) -> Self {
        self.storm = Arc::new(storm);
        self
    }

    /// Has these bad records sent under each seed.
    #[must_use]
    pub fn planting(mut self, plants: Vec<Plant>) -> Self {
        self.plants = plants;
        self
    }

    /// What to type to see a seed again; `{seed}` stands for it.
    #[must_use]
    pub fn command(mut self, command: &str) -> Self {
        command.clone_into(&mut self.command);
        self
    }

    /// Puts the team through the storm of a seed.
    ///
    /// # Errors
    /// [`Failed`], with what did not hold.
    pub fn run(&self, seed: u64) -> Result<Report, Failed> {
        self.attempt(seed, &Without::default(), false).map(|(report, _)| report)
    }

    /// The same without some of it, and with a trace of every moment and every record.
    ///
    /// # Errors
    /// [`Failed`], with what did not hold.
    pub fn show(&self, seed: u64, without: &Without) -> Result<Report, Failed> {
        self.attempt(seed, without, true).map(|(report, _)| report)
    }

    /// What the verifier was given of a seed under which everything held.
    ///
    /// # Errors
    /// [`Failed`], with what did not hold.
    pub fn evidence(&self, seed: u64) -> Result<Evidence, Failed> {
        self.attempt(seed, &Without::default(), false).map(|(_, evidence)| evidence)
    }

    /// Puts the team through the storms of many seeds, which rise, on all cores. The reports are in their order.
    ///
    /// # Errors
    /// [`Failed`]: the lowest seed under which something did not hold, made smaller.
    pub fn check(&self, seeds: impl IntoIterator<Item = u64, IntoIter: Send>) -> Result<Vec<Report>, Failed> {
        self.judge(seeds, |report, _| report)
    }

    /// The same, with a look at what each run is judged by.
    ///
    /// # Errors
    /// As [`Simulation::check`].
    pub fn judge<T: Send>(
        &self,
        seeds: impl IntoIterator<Item = u64, IntoIter: Send>,
        look: impl Fn(Report, Evidence) -> T + Sync,
    ) -> Result<Vec<T>, Failed> {
        let run = |seed| run::attempt(self, seed, &Without::default(), false).map(|(it, of)| look(it, of));
        many::each(seeds.into_iter(), run).map_err(|(seed, broken)| {
            let (shrunk, broken) = shrink::shrunk(self, seed, broken);
            self.failed(seed, broken, shrunk)
        })
    }

    /// What a test calls: [`Simulation::check`] of the first so many seeds, or what the environment asks for.
    /// `SEEDS=10000` is so many; `SEED=17`, with or without a `SHRUNK=` that a failure has told, is that one, of which
    /// everything is printed.
    ///
    /// # Errors
    /// [`Failed`], and a variable that cannot be read.
    pub fn test(&self, seeds: u64) -> Result<Vec<Report>, Failed> {
        let unread = |error: String| self.failed(0, run::Broken::early(error), None);
        match Asked::of_environment(seeds).map_err(unread)? {
            Asked::First(seeds) => self.check(0..seeds),
            Asked::One(seed, without) => {
                let shown = self.show(seed, &without);
                let trace = shown.as_ref().map_or_else(|failed| &failed.trace, |report| &report.trace);
                println!("{}", trace.join("\n"));
                shown.map(|report| vec![report])
            }
        }
    }

    fn attempt(&self, seed: u64, without: &Without, is_whole: bool) -> Result<(Report, Evidence), Failed> {
        run::attempt(self, seed, without, is_whole).map_err(|broken| {
            let left = broken.scene.as_ref().filter(|_| !without.is_nothing()).map(|it| it.left(without));
            let shrunk = left.map(|left| Shrunk { left, without: without.clone(), runs: 0 });
            self.failed(seed, broken, shrunk)
        })
    }

    fn failed(&self, seed: u64, broken: run::Broken, shrunk: Option<Shrunk>) -> Failed {
        let run::Broken { violations, trace, .. } = broken;
        Failed { seed, violations, command: self.command.clone(), trace, shrunk: shrunk.map(Box::new) }
    }
}
