//! What runs in the process under test. It says what its heap holds, a line at each stage, and waits to be
//! told to go on.

use std::io::Write;
use std::sync::Arc;

use agents_model::model::{Completion, Error, Model};
use async_trait::async_trait;
use infra_node::{Config, Node, Team, open};
use schemas_records::ModelRequest;
use tokio_util::sync::CancellationToken;
use topics_state::StateStore;

use super::void::{VoidLog, VoidStore};
use super::{PATIENCE, SETTLE, TENTH};
use crate::arena::{AGENT, Arena};
use crate::children::TEAM;
use crate::message::Asker;
use crate::pace::wait_until;
use crate::traffic::Traffic;
use crate::worker::{Meter, Store, run};

/// What Rust code of this process holds on the heap, in bytes.
pub type Heap = fn() -> i64;

/// A worker over a log that keeps nothing: `works` inputs come in, each asks the model and waits.
///
/// # Errors
/// The worker's own.
pub async fn hold(keeps_state: bool, works: u64, heap: Heap) -> anyhow::Result<()> {
    let (store, _folder): (Arc<dyn StateStore>, _) =
        if keeps_state { Store::Disk.open()? } else { (Arc::new(VoidStore), None) };
    let log = VoidLog::default();
    let arena = Arena::named(Arc::new(log.clone()));
    let traffic = Traffic::new(&arena)?;
    let source = traffic.clone();
    log.feed_with(move |number| source.input(number, number));
    let meter = Meter::new(Arc::new(traffic.works(&arena, Asker)?), u64::MAX);
    let (worker, shutdown) = run(&arena, &traffic, meter, store);
    for until in [1, works / TENTH, works] {
        log.allow(until);
        let done = wait_until(PATIENCE, || log.committed() >= until || worker.is_finished()).await;
        anyhow::ensure!(done && !worker.is_finished(), "{} of {until} works wait", log.committed());
        tokio::time::sleep(SETTLE).await; // paces load
        say(heap)?;
    }
    shutdown.cancel();
    Ok(worker.await??)
}

/// A node whose model never answers. `sets` are its configuration.
///
/// # Errors
/// The node's own.
pub async fn serve(sets: &[String], heap: Heap) -> anyhow::Result<()> {
    let config = Config::read(None, [], sets)?;
    let mut doors = open(&config).await?;
    doors.model = Arc::new(Silent);
    let node = Node::new(team(), doors, config.settings.clone())?;
    let running = tokio::spawn(async move { infra_node::run(&node, CancellationToken::new()).await });
    let talking = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        loop {
            wait_for_line()?;
            say(heap)?;
        }
    });
    tokio::select! {
        ended = running => Ok(ended??),
        ended = talking => ended?,
    }
}

/// A team of one agent that asks the model.
#[must_use]
pub fn team() -> Team {
    Team::new(TEAM).agent(AGENT, Asker)
}

/// A model that never answers.
struct Silent;

#[async_trait]
impl Model for Silent {
    async fn complete(&self, _request: &ModelRequest) -> Result<Completion, Error> {
        std::future::pending().await
    }
}

/// Says what the heap holds, and waits until somebody has looked.
fn say(heap: Heap) -> anyhow::Result<()> {
    println!("{}", heap());
    std::io::stdout().flush()?;
    wait_for_line()
}

fn wait_for_line() -> anyhow::Result<()> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line)?;
    anyhow::ensure!(read > 0, "whoever asked has gone");
    Ok(())
}
