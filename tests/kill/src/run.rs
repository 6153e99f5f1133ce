//! The demonstration from its beginning to its count: one loop, in which tasks are sent, both sides are killed
//! when their moment has come, results are taken, and the screen is drawn.

use std::path::Path;
use std::time::{Duration, Instant};

use agents_team_briefing::Data;
use anyhow::Context;
use tempfile::TempDir;
use tests_provider::{Provider, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use topics_catalog::{Kind, Names};

use crate::broker::{self, Ending, PARTITIONS, Sender};
use crate::count::{Bill, Counted, Tally};
use crate::naive::IN_FLIGHT;
use crate::screen::{Frame, Screen};
use crate::side::{self, Parts, Side};
use crate::tasks::{self, Task};
use crate::work::CALLS;
use crate::{Show, chance, report};

/// How long each model call takes: what a quick provider takes, and long against everything else here, so
/// that kills land inside calls.
pub const LATENCY: Duration = Duration::from_millis(300);

/// After how much silence a group takes a member for dead: the shortest that brokers take unless told
/// otherwise. Both sides keep their names over a restart and do not wait for it.
const SESSION_TIMEOUT_MS: u64 = 6_000;

/// How often the loop looks around.
const TICK: Duration = Duration::from_millis(50);

/// How long nothing must have come of a side that has taken everything, until nothing more is expected: three
/// times what a task takes.
const QUIET: Duration = Duration::from_secs(3);

/// How long nothing may come of a side that is not done, until it is given up and counted as it is: twice the
/// half minute after which a group replaces a member that does not poll, the longest wait that can be right.
const STALLED: Duration = Duration::from_secs(60);

/// How often the broker is asked how far the naive group is.
const LAG_EVERY: Duration = Duration::from_millis(500);

/// How long making the topics may take on a busy machine.
const TOPICS_MAX: Duration = Duration::from_secs(60);

/// Everything that goes on.
struct Run {
    brokers: String,
    sides: [Side; 2],
    tasks: Vec<Task>,
    sent: usize,
    every: Duration,
    kills: Vec<Duration>,
    killed: usize,
    began: Instant,
    sender: Sender,
    endings: mpsc::UnboundedReceiver<Ending>,
    is_drained: bool,
    has_given_up: bool,
    asked: Instant,
}

/// Runs it. False if Tributary lost or doubled anything.
pub fn main(show: &Show) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(demonstrate(show))
}

async fn demonstrate(show: &Show) -> anyhow::Result<bool> {
    let seed = show.seed.unwrap_or_else(chance::seed);
    let folder = TempDir::with_prefix("tributary-kill-").context("make a folder for Tributary's state")?;
    let shown = tokio::select! {
        shown = show_in(show, seed, folder.path()) => shown,
        () = stopped() => anyhow::bail!("stopped before the end; nothing was counted"),
    };
    if !matches!(shown, Ok(true)) {
        println!("what both processes said, and Tributary's state, is kept in {}", folder.keep().display());
    }
    shown
}

async fn show_in(show: &Show, seed: u64, folder: &Path) -> anyhow::Result<bool> {
    let mut run = Run::prepare(show, seed, folder).await?;
    run.announce(seed);
    let mut screen = Screen::new();
    run.run(&mut screen).await?;
    screen.draw(&run.frame(true));
    drop(screen);
    let counted = run.count().await?;
    print!("{}", report::table(&counted, &run.tasks));
    println!("\n{}", report::words(&counted, &run.tasks, run.kills.len(), IN_FLIGHT));
    let [_, tributary] = &counted;
    if run.has_given_up {
        println!(
            "\nTributary was given up: nothing came of it for {STALLED:?}; what is missing may only be late"
        );
    }
    Ok(tributary.is_exact(&run.tasks))
}

/// Somebody wants it to end.
async fn stopped() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}

impl Run {
    /// Topics, tasks, providers; nothing runs yet.
    async fn prepare(show: &Show, seed: u64, folder: &Path) -> anyhow::Result<Self> {
        let data = Data::bundled().context("read the bundled tables")?;
        let tasks = tasks::make(&data, usize::from(show.tasks))?;
        let provider = || Provider::start(Settings { latency: LATENCY, ..Settings::default() });
        let naive = naive(show, provider().await.context("start a provider")?, folder)?;
        let tributary = tributary(show, provider().await.context("start a provider")?, folder)?;
        broker::make_topics(&show.brokers, &[&naive.tasks, &naive.results]).await?;
        let mut apply = vec!["topics".to_owned(), "apply".to_owned()];
        apply.extend(tributary.arguments.iter().skip(1).cloned());
        side::run(&tributary.program, &apply, TOPICS_MAX).await?;
        let kills = chance::kills(seed);
        // The last task is on its way when the last kill comes: every kill meets both at work.
        let span = kills.last().copied().unwrap_or_default();
        let results = [naive.results.clone(), tributary.results.clone()];
        Ok(Self {
            sides: [Side::new(naive), Side::new(tributary)],
            every: span / u32::from(show.tasks),
            sent: 0,
            killed: 0,
            began: Instant::now(),
            sender: Sender::new(&show.brokers)?,
            endings: broker::follow(&show.brokers, &results)?,
            is_drained: false,
            has_given_up: false,
            asked: Instant::now(),
            brokers: show.brokers.clone(),
            tasks,
            kills,
        })
    }

    /// What is about to happen.
    fn announce(&self, seed: u64) {
        println!(
            "{} tasks to each side, one every {:.2} s, each with {CALLS} model calls of {} ms",
            self.tasks.len(),
            self.every.as_secs_f64(),
            LATENCY.as_millis()
        );
        let moments: Vec<String> = self.kills.iter().map(|at| format!("{:.1}", at.as_secs_f64())).collect();
        println!("kill -9 for both after {} s (--seed {seed})\n", moments.join(", "));
    }

    /// From the first task to the last result.
    async fn run(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        for side in &mut self.sides {
            side.start()?;
        }
        self.began = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            self.send_what_is_due()?;
            self.kill_if_it_is_time().await?;
            while let Ok(ending) = self.endings.try_recv() {
                if let Some(side) = self.sides.iter_mut().find(|side| side.results == ending.topic) {
                    side.take(&ending.task, ending.is_ok);
                }
            }
            for side in &mut self.sides {
                side.look();
                side.check_alive()?;
            }
            screen.draw(&self.frame(false));
            if self.is_over().await? {
                return Ok(());
            }
        }
    }

    fn send_what_is_due(&mut self) -> anyhow::Result<()> {
        let began = self.began;
        while let Some(task) = self.tasks.get(self.sent)
            && began.elapsed() >= self.every * u32::try_from(self.sent)?
        {
            for side in &self.sides {
                self.sender.send(&side.tasks, task)?;
            }
            self.sent += 1;
        }
        Ok(())
    }

    /// Both at once, and both started again as soon as they are gone.
    async fn kill_if_it_is_time(&mut self) -> anyhow::Result<()> {
        let Some(at) = self.kills.get(self.killed) else { return Ok(()) };
        if self.began.elapsed() < *at {
            return Ok(());
        }
        self.killed += 1;
        for side in &mut self.sides {
            side.kill()?;
        }
        for side in &mut self.sides {
            side.buried().await?;
            side.start()?;
        }
        Ok(())
    }

    /// Whether nothing more is to come, of either side.
    async fn is_over(&mut self) -> anyhow::Result<bool> {
        if self.sent < self.tasks.len() || self.killed < self.kills.len() {
            return Ok(false);
        }
        self.ask_how_far_naive_is().await?;
        let [naive, tributary] = &self.sides;
        let all = self.tasks.len();
        let is_over =
            |side: &Side, has_all: bool| side.heard.elapsed() >= if has_all { QUIET } else { STALLED };
        anyhow::ensure!(
            self.is_drained || !is_over(naive, false),
            "the naive consumer has not taken all its tasks, and nothing came of it for {STALLED:?}"
        );
        let has_all = tributary.tally.done() >= all;
        let is_done = is_over(naive, self.is_drained) && is_over(tributary, has_all);
        self.has_given_up = is_done && !has_all;
        Ok(is_done)
    }

    /// The naive side may never have all results: it is done when its group has committed all tasks.
    async fn ask_how_far_naive_is(&mut self) -> anyhow::Result<()> {
        if self.is_drained || self.asked.elapsed() < LAG_EVERY {
            return Ok(());
        }
        let [naive, _] = &self.sides;
        let (brokers, group, topic) = (self.brokers.clone(), naive_group(&naive.tasks), naive.tasks.clone());
        let lag = tokio::task::spawn_blocking(move || broker::lag(&brokers, &group, &topic)).await??;
        self.is_drained = lag == 0;
        self.asked = Instant::now();
        Ok(())
    }

    fn frame(&self, is_over: bool) -> Frame<'_> {
        Frame {
            sides: &self.sides,
            tasks: self.tasks.len(),
            sent: self.sent,
            elapsed: self.began.elapsed(),
            kills: &self.kills,
            killed: self.killed,
            is_over,
        }
    }

    /// Counts what stands on the topics, read anew, and what the providers say.
    async fn count(&mut self) -> anyhow::Result<[Counted; 2]> {
        let topics: Vec<String> = self.sides.iter().map(|side| side.results.clone()).collect();
        let brokers = self.brokers.clone();
        let endings = tokio::task::spawn_blocking(move || broker::read_all(&brokers, &topics)).await??;
        let counted = |side: &Side| {
            let mut tally = Tally::default();
            for ending in endings.iter().filter(|ending| ending.topic == side.results) {
                tally.add(&ending.task, ending.is_ok);
            }
            let seconds = side.last_result.map_or(0.0, |at| (at - self.began).as_secs_f64());
            Counted { name: side.name, tally, bill: Bill::new(&self.tasks, &side.paid), seconds }
        };
        let [naive, tributary] = &self.sides;
        Ok([counted(naive), counted(tributary)])
    }
}

fn naive_group(tasks: &str) -> String {
    format!("{tasks}.group")
}

fn naive(show: &Show, provider: Provider, folder: &Path) -> anyhow::Result<Parts> {
    let tasks = format!("{}.naive.tasks", show.namespace);
    let results = format!("{}.naive.results", show.namespace);
    let (group, model) = (naive_group(&tasks), provider.base_url());
    let timeout = SESSION_TIMEOUT_MS.to_string();
    let pairs = [
        ("--brokers", show.brokers.as_str()),
        ("--group", &group),
        ("--tasks", &tasks),
        ("--results", &results),
        ("--model", &model),
        ("--session-timeout-ms", &timeout),
    ];
    let options = pairs.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]);
    Ok(Parts {
        name: "naive consumer",
        program: std::env::current_exe().context("find this program, which is the naive consumer too")?,
        arguments: std::iter::once("naive".to_owned()).chain(options).collect(),
        words: folder.join("naive.log"),
        tasks,
        results,
        provider,
    })
}

fn tributary(show: &Show, provider: Provider, folder: &Path) -> anyhow::Result<Parts> {
    let names = Names::new(&show.namespace, "briefing")?;
    let sets = [
        format!("brokers={}", show.brokers),
        format!("namespace={}", show.namespace),
        format!("data={}", folder.join("state").display()),
        format!("model=openai:{}#scripted", provider.base_url()),
        // Both sides ask the same three things.
        "model_writes=false".to_owned(),
        format!("partitions={PARTITIONS}"),
        format!("session_timeout_ms={SESSION_TIMEOUT_MS}"),
        format!("calls_in_flight_max={IN_FLIGHT}"),
    ];
    let options = sets.into_iter().flat_map(|set| ["--set".to_owned(), set]);
    Ok(Parts {
        name: "Tributary",
        program: show.tributary.clone(),
        arguments: std::iter::once("node".to_owned()).chain(options).collect(),
        words: folder.join("tributary.log"),
        tasks: names.topic(Kind::Tasks),
        results: names.topic(Kind::Results),
        provider,
    })
}
