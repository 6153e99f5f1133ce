//! The whole house under many seeds: the team that does everything, and the bundled one.
//!
//! `SEEDS=10000 cargo test -p tests-simulation --test seeds` runs more of them; `SEED=17` one, with a trace of
//! every fault, moment and record; `SHRUNK=` before it, with what a failure has told, what is left of that one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a value that is not there is the failure")]

use std::collections::BTreeMap;
use std::sync::Arc;

use agents_team_briefing::{Author, Data, queries, tasks::TASKS};
use agents_tools::{SqlTool, Tool};
use infra_node::Team;
use tests_kit::simulation::tool::Simulated;
use tests_kit::simulation::{Asked, Chance, Report, Simulation, Task, team};
use topics_runtime::Moment;

/// Seeds in CI: two and a quarter minutes on two idle cores, in a build for tests.
const SEEDS: u64 = 2_000;

/// From so many seeds on everything that can go wrong does in some.
const WORTH_FROM: u64 = 200;

const COMMAND: &str = "SEED={seed} cargo test -p tests-simulation --test seeds -- --nocapture";

/// What goes wrong in some seed; deaths at moments are counted apart.
const KINDS: [&str; 40] = [
    "log delay",
    "log retry",
    "log abort",
    "log lost",
    "log unknown-happened",
    "log unknown-never",
    "log unknown-late",
    "log unknown-under-way",
    "store delay",
    "store slow",
    "store fail",
    "store fail-written",
    "store late",
    "model 429",
    "model 500",
    "model garbage",
    "model nothing",
    "model too-much",
    "model refused",
    "model slow",
    "model never",
    "kill",
    "kill all",
    "leave",
    "freeze",
    "stop",
    "rebalance",
    "usurp",
    "fenced",
    "repeat",
    "clock back",
    "the same task again",
    "another task under its id",
    "cancellation",
    "bad record",
    "short deadline",
    "restart under the same name",
    "restart under a new name",
    "could not start",
    "death",
];

/// The teams in turn: seed by seed another.
struct Teams {
    errands: Simulation,
    briefing: Simulation,
    /// The same, where the model may write plans and queries: what this one writes is refused.
    planned: Simulation,
}

impl Teams {
    fn new() -> Self {
        let errands = Simulation::of(team::errands()).tasks(|chance| team::some_errands(chance, 8));
        let briefing = |author| {
            let tasks = |chance: &mut Chance| {
                let lines: Vec<&str> = TASKS.lines().collect();
                let count = chance.between(4, 8);
                (0..count).map(|_| some_task(lines[chance.below(lines.len())])).collect()
            };
            Simulation::of(team_by(author)).tasks(tasks).command(COMMAND)
        };
        let (briefing, planned) = (briefing(Author::Code), briefing(Author::Model));
        Self { errands: errands.command(COMMAND), briefing, planned }
    }

    fn of(&self, seed: u64) -> &Simulation {
        match seed % 6 {
            2 => &self.briefing,
            5 => &self.planned,
            _ => &self.errands,
        }
    }
}

/// The bundled team with its own tables and texts; the tool alone is replaced by its simulation.
fn team_by(author: Author) -> Team {
    let data = Data::bundled().unwrap();
    let database = tributary::briefing::database(&data);
    tributary::briefing::agents(&data, author).tool(move |codec| {
        let database = database.get().map_err(Clone::clone)?.clone();
        let tool = SqlTool::new(queries::TOOL, database, codec);
        Ok(Arc::new(Simulated::over(Arc::new(tool))) as Arc<dyn Tool>)
    })
}

/// A bundled task; how one ends that waits little depends on how fast things go.
fn some_task(line: &str) -> Task {
    let task = Task::new(line.to_owned());
    if line.contains("within_seconds") { task.timely() } else { task }
}

/// Every promise holds under every seed; and the seeds are worth something: every moment was a point of
/// death, and everything that can go wrong did.
#[test]
fn every_promise_holds_under_every_seed() {
    let teams = Teams::new();
    let seeds = match Asked::of_environment(SEEDS).unwrap() {
        Asked::First(seeds) => seeds,
        Asked::One(seed, without) => match teams.of(seed).show(seed, &without) {
            Ok(report) => return println!("{}\n{:?}", report.trace.join("\n"), report.counts),
            Err(failed) => panic!("{}\n{failed}", failed.trace.join("\n")),
        },
    };
    let reports = [&teams.errands, &teams.briefing, &teams.planned].map(|team| {
        let of_team = (0..seeds).filter(|seed| std::ptr::eq(teams.of(*seed), team));
        team.check(of_team).unwrap_or_else(|failed| panic!("{failed}"))
    });
    if seeds >= WORTH_FROM {
        check_worth(&reports.concat());
    }
}

/// What never happened proves nothing.
fn check_worth(reports: &[Report]) {
    let mut happened: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in reports.iter().flat_map(|report| &report.happened) {
        *happened.entry(kind).or_default() += count;
    }
    println!("{happened:#?}");
    let of_reports = |count: fn(&Report) -> usize| reports.iter().map(count).sum::<usize>();
    for (what, count) in [
        ("results", of_reports(|it| it.counts.results)),
        ("failures", of_reports(|it| it.counts.failures)),
        ("duplicates", of_reports(|it| it.counts.duplicates)),
        ("refused", of_reports(|it| it.counts.refused)),
        ("joins", of_reports(|it| it.counts.joins)),
        ("calls", of_reports(|it| it.counts.calls)),
        ("calls of tools and knowledge", of_reports(|it| it.counts.supplied)),
        ("firings", of_reports(|it| it.counts.firings)),
        ("letters", of_reports(|it| it.counts.letters)),
        ("outputs", of_reports(|it| it.counts.outputs)),
        ("compared", of_reports(|it| it.counts.compared)),
    ] {
        println!("{what}: {count}");
        assert!(count > 0, "no {what}");
    }
    let deaths = Moment::ALL.map(|moment| format!("death at {}", moment.as_str()));
    let all = KINDS.iter().copied().chain(deaths.iter().map(String::as_str));
    let never: Vec<&str> = all.filter(|kind| !happened.contains_key(kind)).collect();
    assert!(never.is_empty(), "in no seed happened: {never:?}");
}

/// A seed is a whole run: again it gives the same records, byte for byte, and the same trace.
#[test]
fn a_seed_gives_the_same_run_again() {
    let teams = Teams::new();
    for seed in [2, 7, 11] {
        let (first, again) = (teams.of(seed).run(seed).unwrap(), teams.of(seed).run(seed).unwrap());
        assert_eq!(first.trace, again.trace, "seed {seed}");
        assert_eq!(first.digest, again.digest, "seed {seed}");
        assert_ne!(first.digest, teams.of(seed + 3).run(seed + 3).unwrap().digest);
    }
}
