//! The simulated provider behind its doors: the engine, the clock that drives it, and who waits for which slot.
//!
//! The engine decides what happens when; here it is waited for. A timer that is late makes an answer late, but
//! no slot: the next call's plan begins where the last one's ended.

pub(crate) mod batches;
pub(crate) mod chat;
pub(crate) mod control;
pub(crate) mod embeddings;
pub(crate) mod files;
pub(crate) mod headers;
pub(crate) mod multipart;
pub(crate) mod seat;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::engine::bill::Bill;
use crate::engine::limits::Shown;
use crate::engine::plan::Plan;
use crate::engine::refusal::Refusal;
use crate::engine::seen::Seen;
use crate::engine::simulation::{Account, SettingsError, Simulation};
use crate::engine::slots::Ticket;
use crate::engine::{Ask, Change, DEFAULT_ACCOUNT, Engine};

use self::batches::Batches;
use self::files::Files;
use self::seat::Seat;

/// A simulated provider: a handle, as cheap to copy as a pointer.
#[derive(Clone, Debug)]
pub struct Simulator(Arc<House>);

#[derive(Debug)]
struct House {
    clock: Clock,
    /// As they were at the start: who may call does not change.
    accounts: Vec<Account>,
    dimensions: usize,
    seed: u64,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    engine: Engine,
    waiting: BTreeMap<Ticket, oneshot::Sender<Plan>>,
    files: Files,
    batches: Batches,
}

/// The simulated clock: zero at the start, and `scale` times as fast as the real one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    begin: Instant,
    scale: f64,
}

impl Clock {
    fn now(self) -> Duration {
        self.begin.elapsed().mul_f64(self.scale)
    }

    /// When a simulated moment is.
    fn instant(self, at: Duration) -> Instant {
        self.begin + self.real(at)
    }

    /// How long a simulated time is for an asker. What no clock holds is a thousand years.
    pub(crate) fn real(self, time: Duration) -> Duration {
        let seconds = (time.as_secs_f64() / self.scale).min(3e10);
        Duration::from_secs_f64(seconds)
    }

    /// How long a real time is in simulation.
    pub(crate) fn simulated(self, time: Duration) -> Duration {
        time.mul_f64(self.scale)
    }
}

impl Simulator {
    /// A provider that begins now.
    ///
    /// # Errors
    /// What is wrong with its settings.
    pub fn new(simulation: Simulation) -> Result<Self, SettingsError> {
        simulation.check()?;
        let memory = Memory {
            waiting: BTreeMap::new(),
            files: Files::default(),
            batches: Batches::default(),
            engine: Engine::new(simulation.clone()),
        };
        Ok(Self(Arc::new(House {
            clock: Clock { begin: Instant::now(), scale: simulation.scale },
            accounts: simulation.accounts,
            dimensions: simulation.dimensions,
            seed: simulation.seed,
            memory: Mutex::new(memory),
        })))
    }

    /// What was billed so far; batches that are due are done first.
    #[must_use]
    pub fn bill(&self) -> Bill {
        let mut memory = self.memory();
        let now = self.tick(&mut memory, Duration::ZERO);
        memory.finish_batches(now, self.0.seed);
        memory.engine.bill()
    }

    /// What was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut memory = self.memory();
        self.tick(&mut memory, Duration::ZERO);
        memory.engine.seen()
    }

    /// What it was told, with all changes.
    #[must_use]
    pub fn simulation(&self) -> Simulation {
        self.memory().engine.simulation().clone()
    }

    /// Changes what is named while it runs: it falls sick or heals, faults come, limits and prices move.
    ///
    /// # Errors
    /// What is wrong with the change; then nothing is changed.
    pub fn change(&self, change: Change) -> Result<(), SettingsError> {
        let mut memory = self.memory();
        let now = self.tick(&mut memory, Duration::ZERO);
        memory.engine.change(now, change)
    }

    /// Models, named or met.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        self.memory().engine.models()
    }

    /// Now, in simulated time from the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.clock.now()
    }

    /// Whose a key is; without accounts, anybody's.
    pub(crate) fn account(&self, key: Option<&str>) -> Option<String> {
        if self.0.accounts.is_empty() {
            return Some(DEFAULT_ACCOUNT.to_owned());
        }
        self.0
            .accounts
            .iter()
            .find(|account| Some(account.key.as_str()) == key)
            .map(|account| account.name.clone())
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// A call comes. Either way the account's limits are returned as they are afterwards.
    pub(crate) fn enter(&self, ask: &Ask<'_>) -> (Vec<Shown>, Result<Seat, Refusal>) {
        let mut memory = self.memory();
        let now = self.tick(&mut memory, Duration::ZERO);
        let result = memory.engine.arrive(now, ask).map(|admitted| {
            let (started, plan) = oneshot::channel();
            memory.waiting.insert(admitted.ticket, started);
            Seat::new(self.clone(), admitted, plan)
        });
        self.tick(&mut memory, now);
        (memory.engine.shown(now, ask.account, ask.model), result)
    }

    /// Brings the engine up to now, or to a later moment that is known to have come.
    fn advance(&self, at_least: Duration) {
        let mut memory = self.memory();
        self.tick(&mut memory, at_least);
    }

    fn leave(&self, ticket: Ticket) {
        let mut memory = self.memory();
        memory.waiting.remove(&ticket);
        memory.engine.leave(self.now(), ticket);
        self.tick(&mut memory, Duration::ZERO);
    }

    fn tick(&self, memory: &mut Memory, at_least: Duration) -> Duration {
        let now = self.now().max(at_least);
        memory.engine.advance(now);
        for (ticket, plan) in memory.engine.take_started() {
            if let Some(started) = memory.waiting.remove(&ticket) {
                // Whoever has left in this moment is taken out by his seat.
                let _ = started.send(plan);
            }
        }
        now
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Counts and calls are changed in one go; a panic elsewhere leaves nothing half done.
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
