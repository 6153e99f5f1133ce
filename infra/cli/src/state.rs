//! `tributary state`: what the cluster that keeps state needs, and making it.

use anyhow::Context;
use infra_node::{Config, shared};

use crate::args::State;

/// Does what the command says.
pub(crate) async fn run(config: &Config, command: &State) -> anyhow::Result<()> {
    let cql = config.cql.as_ref().context(
        "state lies on this machine's disk, which needs no migration: name a cluster with --set cql=HOST:PORT",
    )?;
    let (statements, end) = match command {
        State::Plan => (shared::plan(cql).await?, "nothing is done yet: `tributary state migrate` does it"),
        State::Migrate => (shared::migrate(cql).await?, "done"),
    };
    if statements.is_empty() {
        println!("keyspace {} has all that is needed", cql.keyspace);
        return Ok(());
    }
    for statement in statements {
        println!("{statement};");
    }
    println!("{end}");
    Ok(())
}
