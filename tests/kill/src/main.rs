//! `scripts/demo --kill`: the same tasks through a naive consumer and through Tributary, side by side, both
//! killed with SIGKILL at the same moments; what was lost, doubled and paid twice is counted.
//!
//! It is a demonstration that measures, and no test: it exits with 1 if Tributary loses or doubles anything.
//! Read `run` for what happens, `naive` for what it is compared with, `count` for what the words mean.

mod chance;
mod run;
mod side;
// What is asked.
mod tasks;
mod work;
// Who is compared, where, and by what count.
mod broker;
mod count;
mod naive;
// What is shown.
mod report;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Most tasks: there are not many more questions of which each asks the model something new.
const TASKS_MAX: i64 = 600;

/// Runs the same tasks through a naive consumer and through Tributary, kills both, and counts.
#[derive(Debug, Parser)]
#[command(version, name = "tests-kill", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows both side by side, and then the count.
    Show(Show),
    /// The naive consumer, which the other command starts, kills and starts again.
    Naive(naive::Arguments),
}

/// What the demonstration is told.
#[derive(Debug, Parser)]
pub struct Show {
    /// Kafka's brokers.
    #[arg(long, value_name = "HOST:PORT")]
    brokers: String,
    /// The tributary binary.
    #[arg(long, value_name = "FILE")]
    tributary: PathBuf,
    /// Prefix of every topic and group that is made there.
    #[arg(long, value_name = "NAME", default_value = "kill")]
    namespace: String,
    /// How many tasks.
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..=TASKS_MAX))]
    tasks: u16,
    /// The same number gives the same moments of killing; without it they are new each time.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Show(show) => run::main(&show),
        Command::Naive(arguments) => naive::main(&arguments).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tests-kill: {error:#}");
            ExitCode::FAILURE
        }
    }
}
