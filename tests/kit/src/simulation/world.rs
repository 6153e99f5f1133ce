//! The house and all around it: log, store, model, clock, weather, and who lives in it now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra_node::{Doors, Node, Settings, Team};
use schemas_codec::Codec;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Names, Topics};
use topics_log::memory::{self, MemoryLog};
use topics_log::{Clock, Log, Timestamp, VirtualClock};
use topics_state::memory::MemoryStore;

use super::chance::Chance;
use super::deaths::{Life, Mortal, Reaper};
use super::model::SimulatedModel;
use super::storm::{Moves, Storm};
use super::trace::Trace;
use super::weather::Weather;

/// The namespace of every simulation.
pub const NAMESPACE: &str = "sim";

/// What the virtual clock shows first: not the beginning of a minute, as in life.
pub const EPOCH: Timestamp = Timestamp(1_700_000_012_345);

/// The deadline of a task that names none: above any storm and the wait for room behind it, so that only
/// what is hopeless meets it.
pub const DEADLINE: Duration = Duration::from_secs(240);

/// Longest time in which a member that is connected again learns what it has lost: a poll, and the longest
/// that a call of the log is held up.
const POLL_MAX: Duration = Duration::from_secs(5);

/// The gateways that only some teams have, by their role, and what they read.
const SUPPLYING: [(&str, Kind); 2] =
    [("tool-gateway", Kind::ToolRequests), ("knowledge-gateway", Kind::KnowledgeRequests)];

/// All that outlives an instance.
pub struct World {
    /// Draws for whoever asks.
    pub chance: Chance,
    /// The plan.
    pub storm: Storm,
    /// The team.
    pub team: Team,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The log; its faults are the weather's.
    pub log: MemoryLog,
    /// The store, seen without trouble.
    pub store: MemoryStore,
    /// The model.
    pub model: Arc<SimulatedModel>,
    /// What goes wrong at the doors.
    pub weather: Arc<Weather>,
    /// Who dies where.
    pub reaper: Arc<Reaper>,
    /// What happened.
    pub trace: Arc<Trace>,
    /// The gateways that this team has besides, by their role, and what they read.
    pub supplying: Vec<(&'static str, Kind)>,
    /// The names of everything.
    pub names: Names,
    /// Bytes and records.
    pub codec: Codec,
    /// Who lives now, by a number of its own.
    lives: Mutex<BTreeMap<u64, Arc<Life>>>,
    /// What went wrong that never may, found while it ran.
    wrongs: Mutex<Vec<String>>,
    last_life: Mutex<u64>,
    /// Who was cut off from when on, and until when.
    strays: Mutex<Vec<Stray>>,
    /// Until when nobody starts.
    night: Mutex<Option<Instant>>,
    /// Cancelled once all is settled: whoever leaves from then on does not come back.
    pub over: CancellationToken,
}

impl World {
    /// A world with its topics. Call it inside a paused runtime.
    ///
    /// # Errors
    /// A sentence: the team cannot be put together.
    pub async fn new(team: Team, seed: u64, storm: Storm, is_whole: bool) -> Result<Self, String> {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(EPOCH));
        let trace = Arc::new(Trace::new(Arc::clone(&clock), is_whole));
        let chance = Chance::new(seed);
        let weather = Arc::new(Weather::new(&chance, &storm, Arc::clone(&trace)));
        let settings = memory::Settings { rebalance: storm.rebalance, ..memory::Settings::default() };
        let log = MemoryLog::new(Arc::clone(&clock)).with_settings(settings).with_faults(weather.clone());
        let names = Names::new(NAMESPACE, team.name()).map_err(|error| error.to_string())?;
        let codec = team.codec().map_err(|error| error.to_string())?;
        let deaths = storm.deaths.clone();
        let mut world = Self {
            supplying: Vec::new(),
            model: Arc::new(SimulatedModel::new(&chance, storm.model_per_mille, Arc::clone(&trace))),
            reaper: Arc::new(Reaper::new(
                deaths,
                Arc::clone(&weather),
                Arc::clone(&trace),
                Arc::clone(&clock),
            )),
            store: MemoryStore::new(Arc::clone(&clock)).with_identity("simulated"),
            lives: Mutex::default(),
            wrongs: Mutex::default(),
            last_life: Mutex::default(),
            strays: Mutex::default(),
            night: Mutex::default(),
            over: CancellationToken::new(),
            chance,
            storm,
            team,
            clock,
            log,
            weather,
            trace,
            names,
            codec,
        };
        let node = world.node(&Arc::new(Life::new("founder".into(), 0)))?;
        let topics = Topics { partitions: world.storm.partitions, replication: 0 };
        let plan = node.plan(topics).await.map_err(|error| error.to_string())?;
        plan.apply(&world.log).await.map_err(|error| error.to_string())?;
        let made = world.log.topics("").await.map_err(|error| error.to_string())?;
        let has = |kind: Kind| made.iter().any(|topic| topic.name == world.topic(kind));
        world.supplying = SUPPLYING.into_iter().filter(|(_, kind)| has(*kind)).collect();
        Ok(world)
    }

    /// The node that lives this life.
    ///
    /// # Errors
    /// A sentence.
    pub fn node(&self, life: &Arc<Life>) -> Result<Node, String> {
        let store = self.store.clone().with_faults(self.weather.clone());
        let doors = Doors {
            log: Arc::new(self.log.clone()),
            states: Arc::new(store.clone()),
            keyed: Arc::new(store),
            model: self.model.clone(),
            clock: Arc::clone(&self.clock),
            probe: Arc::new(Mortal { life: Arc::clone(life), reaper: Arc::clone(&self.reaper) }),
            has_watchdog: false,
        };
        let settings = Settings {
            namespace: NAMESPACE.into(),
            instance: life.name.clone(),
            open_tasks_max: self.storm.open_max,
            deadline: self.storm.deadline,
            ..Settings::default()
        };
        Node::new(self.team.clone(), doors, settings).map_err(|error| error.to_string())
    }

    /// Every consumer group.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> = self.team.agents().map(|agent| self.names.group(agent)).collect();
        if self.storm.moves != Moves::Nowhere {
            groups.extend(self.team.agents().map(|agent| self.names.inbox_group(agent, 2)));
        }
        groups.push(self.names.group("intake"));
        groups.extend(["timers", "model-gateway"].map(|gateway| self.names.gateway_group(gateway)));
        groups.extend(self.supplying.iter().map(|(role, _)| self.names.group(role)));
        groups
    }

    /// The topic of a kind.
    #[must_use]
    pub fn topic(&self, kind: Kind) -> String {
        self.names.topic(kind)
    }

    /// Begins a life.
    pub fn begin_life(&self, name: String, slot: usize) -> (u64, Arc<Life>) {
        let mut last = self.last_life.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let life = Arc::new(Life::new(name, slot));
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).insert(*last, Arc::clone(&life));
        (*last, life)
    }

    /// Ends it.
    pub fn end_life(&self, number: u64) {
        let life = self.lives.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        if let Some(life) = life {
            self.end_stray(&life);
        }
    }

    /// A life is cut off, or another begins under its name, and it does not know.
    pub fn begin_stray(&self, life: &Arc<Life>) {
        let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        strays.push((Arc::clone(life), self.clock.now(), None));
    }

    /// It will know with its next poll, or is no more.
    pub fn end_stray(&self, life: &Arc<Life>) {
        let until = self.clock.now().plus(POLL_MAX);
        let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        for stray in strays.iter_mut().filter(|(of, _, end)| Arc::ptr_eq(of, life) && end.is_none()) {
            stray.2 = Some(until);
        }
    }

    /// From when to when somebody was cut off and did not know.
    #[must_use]
    pub fn strays(&self) -> Vec<(Timestamp, Timestamp)> {
        let strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        strays.iter().map(|(_, from, until)| (*from, until.unwrap_or(Timestamp(i64::MAX)))).collect()
    }

    /// Who lives now.
    #[must_use]
    pub fn lives(&self) -> Vec<Arc<Life>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Nobody starts for so long.
    pub fn begin_night(&self, lasts: Duration) {
        *self.night.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + lasts);
    }

    /// How long nobody starts from now on.
    #[must_use]
    pub fn night_left(&self) -> Duration {
        let until = *self.night.lock().unwrap_or_else(PoisonError::into_inner);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Notes what never may be.
    pub fn wrong(&self, what: String) {
        self.trace.say("wrong", || what.clone());
        self.wrongs.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What never may be, and was.
    #[must_use]
    pub fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A life that strays, since when, and until when.
type Stray = (Arc<Life>, Timestamp, Option<Timestamp>);
