//! Makes things go wrong: one fault at a time, on nodes, servers and the network between them, and puts right again
//! what does not come right by itself.

use std::time::{Duration, Instant};

use tests_kit::simulation::Chance;
use tests_stack::Sky;
use topics_log::{Clock as _, SystemClock};

use crate::fleet::{Fleet, NODES_MAX};
use crate::plan::{Broker, Door, Fault, Kind};
use crate::servers::Servers;
use crate::watch::Watch;

/// After how much silence a node loses its share: what the brokers of `scripts/stack` allow, twice over, so that a
/// busy machine does not lose it for nothing.
pub const SESSION: Duration = Duration::from_secs(4);

/// How long a node that is to die at a moment may take to reach it. One that does not is killed where it is.
const MOMENT_MAX: Duration = Duration::from_secs(15);

/// The same at a takeover, which waits for its start and for the session of another.
const TAKEOVER_MAX: Duration = Duration::from_secs(30);

/// How long an upgrade waits for a new node's first result, until it goes on to the next.
const SIGNED_MAX: Duration = Duration::from_secs(20);

/// How often is looked.
const TICK: Duration = Duration::from_millis(50);

/// How long after it was put right a fault may still be felt by a node that does not know of it: a session, a poll,
/// and the longest that a call of the log is held up.
const STRAY_TAIL: Duration = Duration::from_secs(15);

/// The place where faults strike.
pub struct Field {
    /// The nodes.
    pub fleet: Fleet,
    /// The servers.
    pub servers: Servers,
    /// Who sees results.
    pub watch: Watch,
    /// The entry's inbox: its partitions' leaders are killed.
    pub inbox: String,
    /// Partitions of every topic.
    pub partitions: usize,
}

/// A fault that struck.
#[derive(Clone, Debug)]
pub struct Struck {
    /// What.
    pub kind: Kind,
    /// Whom, and how.
    pub target: String,
    /// When.
    pub at: Instant,
    /// From when to when, in milliseconds since 1970, until nobody can be under its influence who does not know.
    pub span: (i64, i64),
    /// How many nodes may have lost what they had in flight.
    pub crashes: u64,
}

impl Field {
    /// Strikes, and returns when all is put right that has to be.
    ///
    /// # Errors
    /// What could not be broken, or not be mended.
    pub async fn strike(&mut self, fault: &Fault, say: impl FnOnce(&str, Instant)) -> anyhow::Result<Struck> {
        let mut chance = fault.chance.clone();
        self.fleet.look()?;
        let (at, from) = (Instant::now(), SystemClock.now());
        let mut blow = Blow { target: String::new(), crashes: 0, say: Some(say), at };
        match fault.kind {
            Kind::Scale(_) | Kind::Upgrade => self.change(fault.kind, &mut blow).await?,
            Kind::Broker(_) | Kind::CqlKill | Kind::CqlHang => {
                self.break_server(fault.kind, &mut chance, &mut blow).await?;
            }
            Kind::Late(door) | Kind::Cut(door) | Kind::Narrow(door) => {
                self.break_network(fault.kind, door, &mut chance, &mut blow).await?;
            }
            _ => self.break_node(fault.kind, &mut chance, &mut blow).await?,
        }
        let until = SystemClock.now().plus(STRAY_TAIL);
        let Blow { target, crashes, .. } = blow;
        Ok(Struck { kind: fault.kind, target, at, span: (from.0, until.0), crashes })
    }

    /// Looks after the nodes for a while.
    pub async fn wait(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.fleet.look()?;
            tokio::time::sleep(TICK).await; // paces load
        }
        Ok(())
    }

    async fn break_node(
        &mut self,
        kind: Kind,
        chance: &mut Chance,
        blow: &mut Blow<impl FnOnce(&str, Instant)>,
    ) -> anyhow::Result<()> {
        let running = self.fleet.running();
        let at = chance.pick(&running).copied().unwrap_or_default();
        let name = self.fleet.name(at).to_owned();
        match kind {
            Kind::Kill | Kind::KillForLong => {
                blow.strikes(&name, 1);
                self.fleet.kill(at)?;
                if kind == Kind::KillForLong {
                    self.wait(SESSION + chance.millis(500, 2_000)).await?;
                }
            }
            Kind::At(role, moment) => {
                let armed = format!("{role}:{moment}:{}", chance.between(1, 5));
                blow.strikes(&format!("{name} at {armed}"), 1);
                self.dies_at(at, &armed, MOMENT_MAX, false, blow).await?;
            }
            Kind::Takeover(role, moment) => {
                let armed = format!("{role}:{moment}:1");
                blow.strikes(&format!("{name}, then at {armed}"), 2);
                self.fleet.kill(at)?;
                self.dies_at(at, &armed, TAKEOVER_MAX, true, blow).await?;
            }
            _ => {
                let time = SESSION + chance.millis(500, 3_000);
                blow.strikes(&format!("{name} for {:.1} s", time.as_secs_f64()), 1);
                self.fleet.freeze(at, true)?;
                let waited = self.wait(time).await;
                self.fleet.freeze(at, false)?;
                return waited;
            }
        }
        self.fleet.start(at, None)
    }

    /// Has a node die at a moment; where it is, if the moment does not come.
    async fn dies_at(
        &mut self,
        at: usize,
        armed: &str,
        bound: Duration,
        is_new: bool,
        blow: &mut Blow<impl FnOnce(&str, Instant)>,
    ) -> anyhow::Result<()> {
        // It may have died of an earlier doom, at a moment that came late; then there is nobody to tell.
        if is_new {
            self.fleet.start(at, Some(armed))?;
        } else if self.fleet.doom(at, armed).is_err() {
            return Ok(());
        }
        if !self.fleet.dies_within(at, bound).await? {
            self.fleet.kill(at)?;
            blow.target.push_str(", which did not come: killed where it was");
        }
        Ok(())
    }

    /// Nodes come, go, and are replaced, all of them politely.
    async fn change(
        &mut self,
        kind: Kind,
        blow: &mut Blow<impl FnOnce(&str, Instant)>,
    ) -> anyhow::Result<()> {
        let running = self.fleet.running();
        // Who comes takes shares from those that live: what they have in flight there is asked again.
        let moved = running.len() as u64;
        let Kind::Scale(nodes) = kind else {
            let version = self.fleet.upgrade();
            blow.strikes(&format!("{} nodes to version {version}", running.len()), moved);
            for at in running {
                self.fleet.stop(at).await?;
                self.fleet.start(at, None)?;
                let (since, name) = (Instant::now(), self.fleet.name(at).to_owned());
                while !self.watch.has_signed(&name, since) && since.elapsed() < SIGNED_MAX {
                    self.wait(TICK).await?;
                }
            }
            return Ok(());
        };
        // Who leaves has ended what it had in flight.
        let moved = if nodes > running.len() { moved } else { 0 };
        blow.strikes(&format!("from {} nodes", running.len()), moved);
        for at in (0..NODES_MAX).filter(|at| !running.contains(at)).take(nodes.saturating_sub(running.len()))
        {
            self.fleet.start(at, None)?;
        }
        for at in running.into_iter().skip(nodes) {
            self.fleet.stop(at).await?;
        }
        Ok(())
    }

    async fn break_server(
        &mut self,
        kind: Kind,
        chance: &mut Chance,
        blow: &mut Blow<impl FnOnce(&str, Instant)>,
    ) -> anyhow::Result<()> {
        // Any node may have been about anything with it.
        let crashes = self.fleet.running().len() as u64;
        let (name, away) = match kind {
            Kind::Broker(broker) => {
                let partition = chance.below(self.partitions);
                let leader = match broker {
                    Broker::Leader => self.servers.leader(&self.inbox, partition).await?,
                    Broker::Coordinator => self.servers.coordinator(partition).await?,
                };
                // A lone one is alone responsible; of several the others are to take over.
                let away =
                    if self.servers.brokers() > 1 { chance.millis(3_000, 10_000) } else { Duration::ZERO };
                (format!("kafka:{leader}"), away)
            }
            _ => (format!("cql:{}", 1 + chance.below(self.servers.cql_nodes())), chance.millis(1_000, 5_000)),
        };
        blow.strikes(&format!("{name}, away for {:.1} s and its start", away.as_secs_f64()), crashes);
        if kind == Kind::CqlHang {
            self.servers.freeze(&name, true)?;
            let waited = self.wait(away).await;
            self.servers.freeze(&name, false)?;
            return waited;
        }
        self.servers.run("kill", &name).await?;
        self.wait(away).await?;
        self.servers.run("up", &name).await
    }

    async fn break_network(
        &mut self,
        kind: Kind,
        door: Door,
        chance: &mut Chance,
        blow: &mut Blow<impl FnOnce(&str, Instant)>,
    ) -> anyhow::Result<()> {
        let time = chance.millis(2_000, 6_000);
        let (sky, how) = match kind {
            Kind::Late(_) => {
                let delay = chance.millis(20, 300);
                (Sky::Late(delay), format!("{} ms", delay.as_millis()))
            }
            Kind::Narrow(_) => {
                let rate = chance.between(20_000, 200_000);
                (Sky::Narrow(u32::try_from(rate)?), format!("{rate} bytes/s"))
            }
            _ => (Sky::Cut, "all".to_owned()),
        };
        let crashes = self.fleet.running().len() as u64;
        blow.strikes(&format!("{how} for {:.1} s", time.as_secs_f64()), crashes);
        self.servers.set(door, sky);
        let waited = self.wait(time).await;
        self.servers.set(door, Sky::Clear);
        waited
    }
}

/// What is known of a fault while it strikes.
struct Blow<S> {
    target: String,
    crashes: u64,
    /// Says it, once its target is known and before it is felt.
    say: Option<S>,
    at: Instant,
}

impl<S: FnOnce(&str, Instant)> Blow<S> {
    fn strikes(&mut self, target: &str, crashes: u64) {
        target.clone_into(&mut self.target);
        self.crashes = crashes;
        if let Some(say) = self.say.take() {
            say(target, self.at);
        }
    }
}
