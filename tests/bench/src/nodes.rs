//! Nodes as processes on a cluster (Kafka, and state on a CQL server): tasks a second at one, two and four of
//! them, how long a new node takes to bear its share, how long the others take to bear a dead one's, and what
//! a node holds in memory.

mod fleet;

use std::time::{Duration, Instant};

use anyhow::Context;
use tests_provider::Provider;

use crate::children::Process;
use crate::figures::Sheet;
use crate::nodes::fleet::Fleet;
use crate::pace::wait_until;

/// How many nodes are tried.
const NODES: [u32; 3] = [1, 2, 4];

/// How long each call to the model takes.
const MODEL_LATENCY: Duration = Duration::from_millis(200);

/// Calls in flight at most in one node: few, so that it is this that bounds the rate, as a provider's quota
/// does, and not the cores that all nodes share here.
const CALLS_IN_FLIGHT: u32 = 8;

/// Calls a second of one node at most, by these two.
const CALLS_A_SECOND: u64 = CALLS_IN_FLIGHT as u64 * 1_000 / MODEL_LATENCY.as_millis() as u64;

/// Tasks that tell how quick one node is where no model is asked.
const TRIAL_TASKS: u64 = 3_000;

/// Tasks a second while nodes come and go.
const RATE: u32 = 100;

/// How long a node is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(10);

/// A consumer group's session time-out, as nodes have it.
const SESSION: Duration = Duration::from_secs(10);

/// How long inputs are watched after a node was killed: those of the first half must all have ended.
const AFTER_DEATH: Duration = Duration::from_secs(6);

/// Longest anything is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where all of it happens.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The brokers.
    pub brokers: &'a str,
    /// The CQL server.
    pub cql: &'a str,
}

/// What tasks need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// One call to the model each.
    Asking,
    /// Nothing but the runtime.
    Plain,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::Asking => "a model call of 200 ms a task, 8 in flight a node",
            Self::Plain => "no model, cores are the bound",
        }
    }
}

/// Measures all of it.
///
/// # Errors
/// Whatever a node could not do.
pub async fn measure(
    sheet: &mut Sheet,
    brokers: &str,
    cql: &str,
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    let place = Place { brokers, cql };
    let settings = tests_provider::Settings { latency: MODEL_LATENCY, ..Default::default() };
    let provider = Provider::start(settings).await?;
    let trial = throughput(place, Work::Plain, &provider, 1, TRIAL_TASKS).await?;
    let plain = (trial.rate * f64::from(seconds)) as u64;
    for _ in 0..rounds {
        for nodes in NODES {
            let asking = CALLS_A_SECOND * u64::from(nodes) * u64::from(seconds);
            for (work, tasks) in [(Work::Asking, asking), (Work::Plain, plain)] {
                let found = throughput(place, work, &provider, nodes, tasks).await?;
                let line = |what: &str| format!("{nodes} nodes, {}: {what}", work.name());
                sheet.add(&line("tasks/s"), "tasks/s", found.rate);
                sheet.add(&line("largest node at its peak"), "MiB", found.peak);
            }
        }
        changes(sheet, place, &provider).await?;
    }
    sheet.note(format!(
        "every role in every node, 4 partitions, replication 1, tasks of 944 bytes in, results of 944 bytes out, \
         a backlog written at once ({plain} tasks without a model); nodes, broker and CQL server on one machine"
    ));
    sheet.note(format!(
        "nodes come and go at {RATE} tasks/s without a model; waits are those of inputs by their due time, \
         until their result is read; session time-out {} s",
        SESSION.as_secs()
    ));
    Ok(())
}

/// What one run of a backlog found.
struct Throughput {
    rate: f64,
    /// Of the largest node, in MiB.
    peak: f64,
}

async fn throughput(
    place: Place<'_>,
    work: Work,
    provider: &Provider,
    nodes: u32,
    tasks: u64,
) -> anyhow::Result<Throughput> {
    let mut fleet = Fleet::set(place, work == Work::Asking, &model(provider)).await?;
    let processes: Vec<Process> =
        (0..nodes).map(|node| fleet.start(&format!("n{node}"))).collect::<Result<_, _>>()?;
    fleet.warm_up(nodes as usize).await?;
    let since = Instant::now();
    let first = fleet.publish(tasks).await?;
    let last = fleet.wait_for(first..first + tasks).await?;
    let mut peak = 0.0_f64;
    for process in &processes {
        peak = peak.max(process.memory()?.peak);
    }
    drop(processes);
    fleet.strike().await?;
    Ok(Throughput { rate: tasks as f64 / (last - since).as_secs_f64(), peak })
}

/// A second node comes, goes politely, comes back and is killed, while tasks flow.
async fn changes(sheet: &mut Sheet, place: Place<'_>, provider: &Provider) -> anyhow::Result<()> {
    let mut fleet = Fleet::set(place, false, &model(provider)).await?;
    let stays = fleet.start("stays")?;
    fleet.warm_up(1).await?;
    tokio::time::sleep(IDLE).await; // paces load
    sheet.add("memory of a node that is idle", "MiB", stays.memory()?.resident);
    let flow = fleet.flow(RATE)?;
    let since = Instant::now();
    let guest = fleet.start("guest")?;
    let bears = wait_until(PATIENCE, || fleet.signed_by("guest", since).is_some()).await;
    let at = fleet.signed_by("guest", since).filter(|_| bears).context("a second node bears nothing")?;
    sheet.add("start of a second node to its first result", "s", (at - since).as_secs_f64());
    sheet.add("longest wait of an input meanwhile", "s", fleet.longest_wait(&flow, since, at).await?);
    let since = Instant::now();
    guest.stop().await?;
    let at = Instant::now();
    sheet.add("a polite stop of it", "s", (at - since).as_secs_f64());
    sheet.add("longest wait of an input meanwhile (stop)", "s", fleet.longest_wait(&flow, since, at).await?);
    let since = Instant::now();
    let guest = fleet.start("guest")?;
    let bears = wait_until(PATIENCE, || fleet.signed_by("guest", since).is_some()).await;
    anyhow::ensure!(bears, "the second node bears nothing when it is back");
    let killed = guest.kill()?;
    tokio::time::sleep(AFTER_DEATH).await; // paces load
    let waited = fleet.longest_wait(&flow, killed, killed + AFTER_DEATH / 2).await?;
    sheet.add("kill -9 of one of two, which stays away: longest wait of an input", "s", waited);
    sheet.add("the same in session time-outs", "", waited / SESSION.as_secs_f64());
    let (sent, lost, doubled) = fleet.end_flow(flow).await?;
    sheet.note(format!("{sent} tasks while nodes came and went: {lost} lost, {doubled} doubled"));
    let memory = stays.memory()?;
    sheet.add("memory of a node under this load, now", "MiB", memory.resident);
    drop(stays);
    fleet.strike().await
}

fn model(provider: &Provider) -> String {
    format!("model=openai:{}#clerk", provider.base_url())
}
