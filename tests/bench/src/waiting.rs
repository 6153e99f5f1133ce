//! What a waiting task costs this process: works that have asked the model and wait for the answer, a
//! million of them, and the process's memory before and after.
//!
//! Each measurement runs in a process of its own (`waiting_under_test`), whose allocator counts what Rust
//! code holds (`heap`); the system says what it has resident (`resident`: the heap, what the allocator keeps
//! for later, librdkafka, code). What is per task is the slope between a tenth of the works and all of
//! them: whatever is bounded is full by then and falls out. Parts are told apart by taking them away: the
//! same worker over a store and a log that keep nothing, then over fjall, then a whole node on a broker.

mod bodies;
mod void;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use infra_node::{Config, Node, open};
use topics_catalog::{Kind, Topics};
use topics_log::NewRecord;

use crate::arena::{AGENT, PARTITIONS, new_name};
use crate::figures::Sheet;
use crate::machine::resident_bytes;
use crate::pace::wait_until;
use crate::raw;
use crate::traffic::Traffic;
use crate::watch::Watch;

pub use bodies::{hold, serve, team};

/// Longest a million works may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Works that wait before the slope begins: by then what is bounded is full.
const TENTH: u64 = 10;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A worker alone.
    Worker,
    /// The same with its state in fjall.
    WithStore,
    /// Every role of a node, on a broker.
    Node,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker alone (log and store keep nothing)",
            Self::WithStore => "worker with fjall (log keeps nothing)",
            Self::Node => "whole node on Kafka: intake, agent, timers, model gateway, fjall",
        }
    }
}

/// Memory of a process: Rust's heap and what is resident, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    heap: f64,
    resident: f64,
}

/// Measures all of it, once: memory does not vary from round to round as times do.
///
/// # Errors
/// Whatever a process could not do.
pub async fn measure(sheet: &mut Sheet, brokers: &str, works: u64) -> anyhow::Result<()> {
    for part in [Part::Worker, Part::WithStore, Part::Node] {
        let [idle, tenth, all] = match part {
            Part::Worker => Body::start(&["void", &works.to_string()])?.lines()?,
            Part::WithStore => Body::start(&["fjall", &works.to_string()])?.lines()?,
            Part::Node => node(brokers, works).await?,
        };
        let more = (works - works / TENTH) as f64;
        let name = part.name();
        sheet.add(&format!("{name}: heap per further waiting task"), "bytes", (all.heap - tenth.heap) / more);
        let resident = (all.resident - tenth.resident) / more;
        sheet.add(&format!("{name}: resident per further waiting task"), "bytes", resident);
        for (when, memory) in [("idle", idle), ("a tenth waiting", tenth), ("all waiting", all)] {
            sheet.add(&format!("{name}: heap, {when}"), "MiB", memory.heap / f64::from(1 << 20));
            sheet.add(&format!("{name}: resident, {when}"), "MiB", memory.resident / f64::from(1 << 20));
        }
    }
    sheet.note(format!(
        "{works} works with a state of 944 bytes that wait for a model; per further task: from a tenth of them to \
         all; goal for our own structures: under 100 bytes"
    ));
    sheet.note(
        "the log's share is the broker's, in none of these processes; fjall's is the second less the first; \
         resident counts pages that the allocator keeps and librdkafka's buffers too",
    );
    Ok(())
}

/// The process under test.
struct Body {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Body {
    fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = beside_me("waiting_under_test")?;
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let stdout = child.stdout.take().context("a process without output")?;
        Ok(Self { child, stdout: BufReader::new(stdout) })
    }

    /// What it says of its heap next, and what the system says of it.
    fn line(&mut self) -> anyhow::Result<Memory> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let heap = line.trim().parse().with_context(|| format!("waiting_under_test said {line:?}"))?;
        let memory = Memory { heap, resident: resident_bytes(self.child.id()) as f64 };
        // It goes on when it is told to, so that nothing changes while it is looked at.
        self.ask()?;
        Ok(memory)
    }

    fn ask(&mut self) -> anyhow::Result<()> {
        let stdin = self.child.stdin.as_mut().context("a process without input")?;
        Ok(stdin.write_all(b"\n")?)
    }

    fn lines(mut self) -> anyhow::Result<[Memory; 3]> {
        Ok([self.line()?, self.line()?, self.line()?])
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside_me(name: &str) -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe().context("could not find this program")?;
    let found = me.parent().map(|folder| folder.join(name)).filter(|path| Path::exists(path));
    found.with_context(|| format!("{name} is not beside {}: build all of tests-bench", me.display()))
}

/// A whole node in a process of its own; tasks are fed from here, and counted where they wait.
async fn node(brokers: &str, works: u64) -> anyhow::Result<[Memory; 3]> {
    let data = tempfile::tempdir()?;
    let namespace = new_name();
    let sets = [
        format!("namespace={namespace}"),
        format!("brokers={brokers}"),
        "log=error".to_owned(),
        format!("open_tasks_max={}", works * 2),
    ];
    let config = Config::read(None, [], &sets)?;
    let node = Node::new(team(), open(&config).await?, config.settings.clone())?;
    node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await?.apply(&*node.doors().log).await?;
    let waiting = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&waiting);
    let requests = node.names().topic(Kind::ModelRequests);
    let watch = Watch::begin(brokers, &requests, PARTITIONS, move |_, _| {
        counting.fetch_add(1, Ordering::Relaxed);
    })?;

    let folder = format!("data={}", data.path().display());
    let arguments: Vec<&str> = ["node", &folder].into_iter().chain(sets.iter().map(String::as_str)).collect();
    let mut body = Body::start(&arguments)?;
    let (tasks, inbox) = (node.names().topic(Kind::Tasks), node.names().inbox(AGENT));
    let traffic = Traffic::between(&inbox, &tasks)?;
    let mut found = [Memory::default(); 3];
    let mut fed = 0;
    for (memory, until) in found.iter_mut().zip([1, works / TENTH, works]) {
        feed(brokers, &traffic, &tasks, fed..until)?;
        fed = until;
        let all_wait = wait_until(PATIENCE, || waiting.load(Ordering::Relaxed) >= until).await;
        anyhow::ensure!(all_wait, "{} of {until} works wait", waiting.load(Ordering::Relaxed));
        // Timers and pruning follow; what they do is bounded, and over soon.
        tokio::time::sleep(SETTLE).await; // paces load
        body.ask()?;
        *memory = body.line()?;
    }
    watch.end()?;
    drop(body);
    let log = &node.doors().log;
    let topics = log.topics(&format!("{namespace}.")).await?;
    log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?;
    Ok(found)
}

/// How long whatever follows a commit is given.
const SETTLE: Duration = Duration::from_secs(5);

fn feed(brokers: &str, traffic: &Traffic, to: &str, numbers: std::ops::Range<u64>) -> anyhow::Result<()> {
    let sender = raw::sender(brokers)?;
    for number in numbers {
        let record = NewRecord { topic: to.into(), ..traffic.task(number)? };
        while raw::send(&sender, &record).is_err() {
            raw::flush(&sender)?;
        }
    }
    raw::flush(&sender)
}
