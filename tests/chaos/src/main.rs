//! The command line behind `scripts/chaos`: a run, the verifier alone, and a node of the fleet.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tests_chaos::run::Settings;
use tests_chaos::servers::Places;
use tests_chaos::verify::{self, Bill, Shelf, Subject};
use tests_chaos::{node, report, run};

/// As the `tributary` binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how long a run is given up that has not ended: several times what it takes on two busy cores.
const LIMIT: Duration = Duration::from_secs(40 * 60);

/// The same for a long one.
const LIMIT_LONG: Duration = Duration::from_secs(4 * 3600);

/// Faults and tasks of a run, and of a long one.
const USUAL: (usize, u64) = (30, 20_000);
const LONG: (usize, u64) = (200, 200_000);

/// Tasks a second: what two busy cores bear together with brokers, store and nodes, with room to catch up.
const RATE: u32 = 60;

/// Breaks nodes, servers and network while tasks flow, and judges what came of them.
#[derive(Debug, Parser)]
#[command(version, name = "tests-chaos", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One run: tasks, faults, the verdict. Exits with 1 if anything was found.
    Run(Run),
    /// The verifier alone: judges what lies in a team's topics. Nothing should be under way there. Exits with 1 if
    /// anything was found.
    Verify(Verify),
    /// A node to be killed (not for people).
    #[command(hide = true)]
    Node {
        /// What it signs with.
        #[arg(long)]
        version: String,
        /// Configuration.
        sets: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// The brokers.
    #[arg(long, value_name = "HOST:PORT,...")]
    brokers: String,
    /// The nodes of the CQL server.
    #[arg(long, value_name = "HOST:PORT,...")]
    cql: String,
    /// Where each broker listens for what comes through a network of this run's.
    #[arg(long, value_name = "HOST:PORT,...", requires = "proxy")]
    proxied: Option<String>,
    /// Where each broker's clients are told to come for that.
    #[arg(long, value_name = "HOST:PORT,...", requires = "proxied")]
    proxy: Option<String>,
    /// The folder of scripts/stack, if the servers are this run's own and may be broken.
    #[arg(long, value_name = "DIR")]
    stack: Option<PathBuf>,
    /// Where nodes' words and the evidence go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Decides faults and tasks.
    #[arg(long, value_name = "N")]
    seed: u64,
    /// 200 faults over 200,000 tasks.
    #[arg(long)]
    long: bool,
    /// How many faults.
    #[arg(long, value_name = "N")]
    faults: Option<usize>,
    /// How many tasks.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..1_000_000))]
    tasks: Option<u64>,
    /// Tasks a second.
    #[arg(long, value_name = "N", default_value_t = RATE)]
    rate: u32,
    /// Minutes after which a run that has not ended is given up.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
}

#[derive(Debug, Args)]
struct Verify {
    /// The brokers; without them what was kept in the folder is judged.
    #[arg(long, value_name = "HOST:PORT,...", requires = "namespace")]
    brokers: Option<String>,
    /// The namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// The team: chaos, briefing, or a folder of text files.
    #[arg(long, value_name = "TEAM", default_value = tests_chaos::team::NAME)]
    team: String,
    /// What the model was paid, and what excuses that it was more than once: a run's bill.json.
    #[arg(long, value_name = "FILE")]
    bill: Option<PathBuf>,
    /// Most tasks that may be open at once in one partition of the task topic; judged if it is given.
    #[arg(long, value_name = "N")]
    open_max: Option<u64>,
    /// Where records are kept; without it nowhere.
    #[arg(long, value_name = "DIR", required_unless_present = "brokers")]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Run(run) => start(&run),
        What::Verify(verify) => judge(&verify),
        What::Node { version, sets } => {
            runtime().and_then(|runtime| runtime.block_on(node::run(&version, &sets))).map(|()| true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tests-chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn start(told: &Run) -> anyhow::Result<bool> {
    let (faults, tasks) = if told.long { LONG } else { USUAL };
    let limit = if told.long { LIMIT_LONG } else { LIMIT };
    let settings = Settings {
        places: Places {
            brokers: told.brokers.clone(),
            cql: told.cql.clone(),
            proxied: told.proxied.clone(),
            proxy: told.proxy.clone(),
            stack: told.stack.clone(),
        },
        seed: told.seed,
        faults: told.faults.unwrap_or(faults),
        tasks: told.tasks.unwrap_or(tasks),
        rate: told.rate,
        folder: told.out.clone(),
        limit: told.minutes.map_or(limit, |minutes| Duration::from_secs(minutes * 60)),
    };
    runtime()?.block_on(run::run(settings))
}

fn judge(told: &Verify) -> anyhow::Result<bool> {
    let bill = told.bill.as_ref().map(|file| -> anyhow::Result<Bill> {
        let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    });
    let bill = bill.transpose()?;
    let scratch = tempfile::tempdir()?;
    let folder = told.folder.as_deref().unwrap_or(scratch.path());
    let kept = if told.brokers.is_none() { Some(Shelf::open(folder)?) } else { None };
    let namespace = kept.as_ref().map(|shelf| shelf.contents.namespace.clone());
    let namespace = namespace.or_else(|| told.namespace.clone()).context("name the --namespace")?;
    let mut subject = Subject::new(&namespace, &told.team)?;
    subject.open_max = told.open_max.unwrap_or(u64::MAX);
    let shelf = match (&told.brokers, kept) {
        (Some(brokers), _) => verify::read(brokers, &subject, folder)?,
        (None, kept) => kept.context("name --brokers or a --folder")?,
    };
    let findings = verify::judge(&shelf, &subject, bill.as_ref())?;
    print!("{}", report::findings(&findings));
    Ok(findings.is_clean())
}
