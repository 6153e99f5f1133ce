//! The command line behind `scripts/bench`: one question, one table, one JSON file.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tests_bench::children;
use tests_bench::figures::Sheet;
use tests_bench::machine::Machine;
use tests_bench::raw::Route;
use tests_bench::{hop, latency, nodes, restart, rows, steps, tasks, waiting};

/// As the `tributary` binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Kills in each round: one is quick, and how long it takes falls into two heaps (a transaction was open,
/// or none was).
const KILLS_PER_ROUND: u32 = 3;

/// Measures Tributary. `scripts/bench` starts the broker and says where it is.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Steps a second through a whole worker, without a broker.
    Steps(Common),
    /// Records a second through one hop, against the raw transactional copy.
    Hop(Common),
    /// Latency of one hop at 200 records/s, against the raw transactional copy.
    Latency(Common),
    /// Hops on a task's longest path, and a task from end to end.
    Tasks(Common),
    /// Records a second through one hop with state on a CQL server, against a raw copy that writes rows.
    Rows(Common),
    /// One, two and four nodes on a cluster: tasks a second, scale-out and takeover, memory.
    Nodes(Common),
    /// From kill -9 to the next output.
    Restart(Common),
    /// Bytes per waiting task.
    Waiting(Common),
    /// A node to be killed (not for people).
    #[command(hide = true)]
    Node {
        /// Whether its agent asks the model.
        #[arg(long)]
        asks: bool,
        /// Configuration.
        sets: Vec<String>,
    },
    /// The raw copier, to be killed (not for people).
    #[command(hide = true)]
    RawCopier {
        #[arg(long)]
        brokers: String,
        #[arg(long)]
        from: String,
        #[arg(long)]
        to: String,
        #[arg(long)]
        name: String,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// Rounds; subjects take turns in each.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds that each subject is measured for in each round.
    #[arg(long, default_value_t = 6)]
    seconds: u32,
    /// Only subjects whose line in the table has this text (steps and hop only): to profile one.
    #[arg(long, default_value = "")]
    only: String,
    /// Tasks that wait (waiting only).
    #[arg(long, default_value_t = 1_000_000)]
    works: u64,
    /// The broker, for all but `steps`.
    #[arg(long, default_value = "127.0.0.1:9092")]
    brokers: String,
    /// The CQL server, for `rows` and `nodes`; `tasks` measures on it too if it is named.
    #[arg(long)]
    cql: Option<String>,
    /// The folder of the JSON file.
    #[arg(long, default_value = "out/bench")]
    out: PathBuf,
    /// The version of the Java that runs the broker, to be noted.
    #[arg(long, default_value = "")]
    java: String,
    /// The command a person typed, to be noted.
    #[arg(long, default_value = "")]
    command: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (name, common) = match Arguments::parse().what {
        What::Steps(common) => ("steps", common),
        What::Hop(common) => ("hop", common),
        What::Latency(common) => ("latency", common),
        What::Tasks(common) => ("tasks", common),
        What::Rows(common) => ("rows", common),
        What::Nodes(common) => ("nodes", common),
        What::Restart(common) => ("restart", common),
        What::Waiting(common) => ("waiting", common),
        What::Node { asks: true, sets } => return children::node(children::asking_team(), &sets).await,
        What::Node { sets, .. } => return children::node(children::team(), &sets).await,
        What::RawCopier { brokers, from, to, name } => {
            let route = Route { brokers, from, to, name, carries_headers: false };
            return tokio::task::spawn_blocking(move || children::copy_for_ever(route)).await?;
        }
    };
    let Common { rounds, seconds, only, works, brokers, cql, out, java, command } = common;
    let needs_cql = || cql.as_deref().context("name the CQL server: --cql HOST:PORT");
    let mut sheet = Sheet::new(name, &command, Machine::look(&java));
    match name {
        "steps" => steps::measure(&mut sheet, &only, rounds, seconds).await?,
        "hop" => hop::measure(&mut sheet, &brokers, &only, rounds, seconds).await?,
        "latency" => latency::measure(&mut sheet, &brokers, rounds, seconds).await?,
        "tasks" => tasks::measure(&mut sheet, &brokers, cql.as_deref(), rounds, seconds).await?,
        "rows" => rows::measure(&mut sheet, (&brokers, needs_cql()?), &only, rounds, seconds).await?,
        "nodes" => nodes::measure(&mut sheet, &brokers, needs_cql()?, rounds, seconds).await?,
        "restart" => restart::measure(&mut sheet, &brokers, rounds * KILLS_PER_ROUND).await?,
        _ => waiting::measure(&mut sheet, &brokers, works).await?,
    }
    sheet.finish(&out)
}
