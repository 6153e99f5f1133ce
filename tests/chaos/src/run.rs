//! A run from its beginning to its verdict: nodes are started, tasks flow, faults strike one after the other, all is
//! drained, and the verifier judges what lies in the topics.

mod stage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests_provider::Provider;
use tokio::signal::unix::{SignalKind, signal};

use crate::load::Load;
use crate::plan::{Fault, plan};
use crate::report;
use crate::run::stage::Stage;
use crate::servers::Places;
use crate::strike::{Field, Struck};
use crate::tasks::{Tasks, id};
use crate::verify::{self, Bill, Findings, Subject};

/// What a run is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The servers.
    pub places: Places,
    /// Decides faults and tasks.
    pub seed: u64,
    /// How many faults.
    pub faults: usize,
    /// How many tasks.
    pub tasks: u64,
    /// Tasks a second, as long as faults keep up.
    pub rate: u32,
    /// What is written: nodes' words, the bill, the evidence.
    pub folder: PathBuf,
    /// After how long a run that has not ended is given up, the verdict apart: nothing may hang without being noticed.
    pub limit: Duration,
}

/// How long the next fault waits at most until everything has ended that was open when the last one struck.
const RECOVERY_WAIT: Duration = Duration::from_secs(60);

/// How often is looked.
const TICK: Duration = Duration::from_millis(100);

/// How often is looked whether everything is read in the end: each look asks for every group.
const DRAIN_TICK: Duration = Duration::from_millis(500);

/// Tasks that are named where some are missing.
const NAMED_MAX: usize = 20;

/// What went on.
struct Run {
    settings: Settings,
    tasks: Tasks,
    field: Field,
    load: Load,
    struck: Vec<Struck>,
    began: Instant,
}

/// Runs it. Whether everything held.
///
/// # Errors
/// What could not be done at all.
pub async fn run(settings: Settings) -> anyhow::Result<bool> {
    let limit = settings.limit;
    let mut stage = Stage::set(&settings).await?;
    let (field, subject) = (stage.field.take(), stage.subject.clone());
    let field = field.ok_or_else(|| anyhow::anyhow!("a stage is played on once"))?;
    let tasks = Tasks::new(settings.seed, &stage.tasks_topic);
    let load = Load::begin(&settings.places.brokers, tasks.clone(), settings.tasks, settings.rate)?;
    let mut run = Run { settings, tasks, field, load, struck: Vec::new(), began: Instant::now() };
    let has_ended = tokio::select! {
        played = run.play(&subject) => played.map(|()| true)?,
        () = tokio::time::sleep(limit) => { // paces load
            println!("given up after {limit:?}: {}", run.open());
            false
        }
        // Then nodes are killed as they are dropped, also those that stand still.
        () = stopped() => anyhow::bail!("stopped before the end; nothing was judged"),
    };
    let took = run.began.elapsed();
    let is_clean = run.judge(&subject, &stage.provider, took).await?;
    drop(run);
    stage.strike().await?;
    Ok(has_ended && is_clean)
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
    /// The faults, and the drain.
    async fn play(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let faults = plan(self.settings.seed, self.settings.faults, self.field.servers.means());
        let all = faults.len() as u64;
        // A fault falls after each of these stretches, and the next one may begin while it is put right.
        let stretch = |number: u64| self.settings.tasks * number / (all + 1);
        let ends: Vec<u64> = (1..=all + 1).map(stretch).collect();
        for (number, fault) in faults.iter().enumerate() {
            self.load.allow(ends[number + 1]);
            self.until(Duration::MAX, |run| run.load.sent() >= ends[number]).await?;
            self.strike(number, fault).await?;
        }
        self.load.allow(self.settings.tasks);
        self.until(Duration::MAX, |run| run.field.watch.seen().count >= run.settings.tasks).await?;
        self.drain(subject).await?;
        for at in self.field.fleet.running() {
            self.field.fleet.stop(at).await?;
        }
        Ok(())
    }

    async fn strike(&mut self, number: usize, fault: &Fault) -> anyhow::Result<()> {
        let (began, all, seed) = (self.began, self.settings.faults, self.settings.seed);
        let (number, kind) = (number + 1, fault.kind);
        let say = move |target: &str, at: Instant| {
            let at = (at - began).as_secs_f64();
            println!("fault {number:>3} of {all} at {at:>6.1} s: {kind}: {target} (seed {seed})");
        };
        let struck = self.field.strike(fault, say).await?;
        let at = struck.at;
        self.struck.push(struck);
        if !fault.is_crowded {
            let has_recovered = |run: &mut Self| run.open_since(at) == 0;
            self.until(RECOVERY_WAIT, has_recovered).await?;
        }
        Ok(())
    }

    /// Waits, looking after the nodes, at most for so long.
    async fn until(
        &mut self,
        bound: Duration,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> anyhow::Result<()> {
        let since = Instant::now();
        while !is_so(self) && since.elapsed() < bound {
            self.field.fleet.look()?;
            anyhow::ensure!(
                !self.load.has_ended() || self.load.sent() == self.settings.tasks,
                "the producer has ended by itself, {} tasks sent",
                self.load.sent()
            );
            tokio::time::sleep(TICK).await; // paces load
        }
        Ok(())
    }

    /// How many tasks that were sent by then have no outcome yet.
    fn open_since(&self, at: Instant) -> usize {
        let (sent, seen) = (self.load.times(), self.field.watch.seen());
        sent.iter().zip(&seen.at).filter(|(sent, seen)| **sent <= at && seen.is_none()).count()
    }

    /// Waits until everything that is addressed to anybody was read.
    async fn drain(&mut self, subject: &Subject) -> anyhow::Result<()> {
        loop {
            let (brokers, reads) = (self.settings.places.brokers.clone(), subject.reads());
            let partitions = i32::try_from(self.field.partitions)?;
            let names: Vec<String> = subject.topics().into_iter().map(|(name, _)| name).collect();
            let look = move || -> anyhow::Result<bool> {
                let existing = verify::reading::existing(&brokers, &names)?;
                for (group, topic) in reads.iter().filter(|(_, topic)| existing.contains(topic)) {
                    let committed = verify::reading::committed(&brokers, group, topic, partitions)?;
                    if verify::reading::ends(&brokers, topic, &committed)? != committed {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            let is_read = tokio::task::spawn_blocking(look).await?;
            self.field.fleet.look()?;
            if is_read? {
                return Ok(());
            }
            tokio::time::sleep(DRAIN_TICK).await; // paces load
        }
    }

    /// What is open, in words.
    fn open(&self) -> String {
        let (sent, seen) = (self.load.sent(), self.field.watch.seen());
        let numbers =
            (0_u64..sent).zip(&seen.at).filter(|(_, seen)| seen.is_none()).map(|(number, _)| id(number));
        let named: Vec<String> = numbers.take(NAMED_MAX).collect();
        format!(
            "{} of {} faults struck, {sent} of {} tasks sent, {} have an outcome; without one: {}",
            self.struck.len(),
            self.settings.faults,
            self.settings.tasks,
            seen.count,
            named.join(", ")
        )
    }

    /// Reads everything, judges it and says what was found.
    async fn judge(
        &mut self,
        subject: &Subject,
        provider: &Provider,
        took: Duration,
    ) -> anyhow::Result<bool> {
        self.load.give_up();
        let per_crash = stage::CALLS_IN_FLIGHT * self.struck.iter().map(|fault| fault.crashes).sum::<u64>();
        let strays = self.struck.iter().filter(|fault| fault.kind.makes_strays() && fault.crashes > 0);
        let bill = Bill {
            paid: provider.paid(),
            strays: strays.map(|fault| fault.span).collect(),
            in_flight_max: per_crash,
        };
        std::fs::write(self.settings.folder.join("bill.json"), serde_json::to_string(&bill)?)?;
        let since = Instant::now();
        let (brokers, subject) = (self.settings.places.brokers.clone(), subject.clone());
        let evidence = self.settings.folder.join("evidence");
        let judging = tokio::task::spawn_blocking(move || -> anyhow::Result<Findings> {
            let shelf = verify::read(&brokers, &subject, &evidence)?;
            verify::judge(&shelf, &subject, Some(&bill))
        });
        let findings = judging.await??;
        self.tell(&findings, took, since.elapsed());
        Ok(findings.is_clean() && self.field.fleet.surprises.is_empty())
    }

    fn tell(&self, findings: &Findings, took: Duration, judged: Duration) {
        let (sent, seen) = (self.load.times(), self.field.watch.seen());
        let recoveries = report::recoveries(&self.struck, &self.tasks, &sent, &seen.at);
        println!("\n{}", report::faults(&self.struck, &recoveries));
        let last = seen.at.iter().flatten().max();
        let span = sent.first().zip(last).map_or(0.0, |(first, last)| (*last - *first).as_secs_f64());
        println!(
            "{} tasks in {span:.0} s, {:.1} tasks/s, {} faults; the run took {:.0} s, the verdict {:.0} s (--seed {})",
            seen.count,
            seen.count as f64 / span.max(0.001),
            self.struck.len(),
            took.as_secs_f64(),
            judged.as_secs_f64(),
            self.settings.seed
        );
        let surprises = self.field.fleet.surprises.len();
        if surprises > 0 {
            println!("{surprises} nodes ended without having been told to, or not well: see above");
        }
        print!("{}", report::findings(findings));
    }
}
