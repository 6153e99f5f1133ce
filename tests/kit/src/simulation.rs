//! The simulation: a whole house in one process under virtual time, where one seed decides everything that
//! goes wrong.
//!
//! The runtime, joins, timers, gateways and intake are the ones a node runs; only the doors are replaced:
//! a log and a store that err, a clock that waits for nobody, a model that fails, a probe that kills. When
//! the storm is over and all is settled, the [`crate::verify`] judges what lies in the topics, every step
//! is made again on nothing but the log, and outcomes are compared with those of a calm.
//!
//! Your own team under two hundred seeds:
//! ```
//! use tests_kit::simulation::{Simulation, team};
//!
//! let simulation = Simulation::of(team::errands()).tasks(|chance| team::some_errands(chance, 4));
//! for seed in 0..2 {
//!     simulation.run(seed)?;
//! }
//! # Ok::<(), tests_kit::simulation::Failed>(())
//! ```

pub mod chance;
pub mod replay;
pub mod stage;
pub mod storm;
pub mod team;
pub mod tool;
pub mod trace;

mod deaths;
mod fate;
mod instance;
mod model;
mod moves;
mod producer;
mod run;
mod settle;
mod weather;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use infra_node::Team;

pub use chance::Chance;
pub use producer::{Door, Plant, Task};
pub use storm::{Moves, Storm};
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
    /// How to see it again.
    pub command: String,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

/// Lines of a trace that are printed with a failure; the command shows all.
const TAIL: usize = 60;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} broke {} promises:", self.seed, self.violations.len())?;
        for violation in self.violations.iter().take(TAIL) {
            writeln!(f, "  {violation}")?;
        }
        let skipped = self.trace.len().saturating_sub(TAIL);
        writeln!(f, "the last of {} lines of its trace:", self.trace.len())?;
        for line in &self.trace[skipped..] {
            writeln!(f, "  {line}")?;
        }
        write!(f, "to see it again: {}", self.command.replace("{seed}", &self.seed.to_string()))
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
        run::seed(self, seed, false).map(|(report, _)| report)
    }

    /// The same, with a trace of every moment and every record.
    ///
    /// # Errors
    /// [`Failed`], with what did not hold.
    pub fn show(&self, seed: u64) -> Result<Report, Failed> {
        run::seed(self, seed, true).map(|(report, _)| report)
    }

    /// What the verifier was given of a seed under which everything held.
    ///
    /// # Errors
    /// [`Failed`], with what did not hold.
    pub fn evidence(&self, seed: u64) -> Result<Evidence, Failed> {
        run::seed(self, seed, false).map(|(_, evidence)| evidence)
    }
}
