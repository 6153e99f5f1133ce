//! The simulated provider without its doors: who is let in, who runs when, what it costs. Pure: time and
//! requests come in, and the same ones make the same history.
//!
//! It does not know HTTP, the real clock, or how fast the simulated one runs.
//!
//! ```text
//! arrive -> sick? fault? limits? -> queue -> slot (prefix cache, plan) -> end -> bill, meters
//! ```
//!
//! # Formulas
//! | what | is |
//! |---|---|
//! | the time of a call in its slot | (prefill base + per uncached token + per token x answer) x load factor |
//! | load factor with n of k slots in use | 1 + (factor - 1) (n - 1) / (k - 1), as of the moment the slot is taken |
//! | calls a second when all slots are in use | slots / mean time |
//! | calls let in within t minutes, if asked for more | what the bucket holds + t x limit |
//! | cached tokens of a prompt | whole blocks found from its beginning on, never its last token |
//! | length of an answer | median x e^(sigma x standard normal), rounded, at most `max_tokens` |

pub mod simulation;

pub mod chance;
pub mod faults;
pub mod lengths;
pub mod limits;
pub mod prices;
pub mod profile;
pub mod tokens;
pub mod words;

pub mod bucket;
pub mod day;
pub mod meters;
pub mod prefix;

pub mod plan;
pub mod slots;

pub mod bill;
pub mod refusal;
pub mod seen;
pub mod window;

mod call;
mod change;
mod look;
mod serving;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::bill::Book;
use self::call::Call;
use self::faults::Health;
use self::limits::{Limits, Need};
use self::meters::Meters;
use self::plan::Plan;
use self::prefix::{Blocks, Prefixes};
use self::refusal::{Reason, Refusal};
use self::seen::{Eyes, Seconds};
use self::simulation::{MODELS_MAX, Simulation};
use self::slots::{Place, Slots, Ticket};
use crate::script::Fault;

pub use self::call::{Admitted, Ask};
pub use self::change::Change;

/// Whose calls are where anybody may call.
pub const DEFAULT_ACCOUNT: &str = "default";

/// One account's meters and counts for one model.
#[derive(Debug)]
struct Room {
    meters: Meters,
    eyes: Eyes,
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    simulation: Simulation,
    now: Duration,
    slots: Slots,
    prefixes: Prefixes,
    book: Book,
    seconds: Seconds,
    rooms: BTreeMap<(String, String), Room>,
    models: BTreeSet<String>,
    calls: BTreeMap<Ticket, Call>,
    tickets: Ticket,
    started: Vec<(Ticket, Plan)>,
}

impl Engine {
    /// An engine at time zero; its settings are checked before.
    #[must_use]
    pub fn new(simulation: Simulation) -> Self {
        let profile = &simulation.profile;
        Self {
            now: Duration::ZERO,
            slots: Slots::new(profile.slots, profile.queue_max),
            prefixes: Prefixes::new(profile.cache_blocks),
            book: Book::default(),
            seconds: Seconds::default(),
            rooms: BTreeMap::new(),
            models: simulation.models.iter().map(|model| model.name.clone()).collect(),
            calls: BTreeMap::new(),
            tickets: 0,
            started: Vec::new(),
            simulation,
        }
    }

    /// A call comes.
    ///
    /// # Errors
    /// Why it is not answered; that is counted.
    pub fn arrive(&mut self, now: Duration, ask: &Ask<'_>) -> Result<Admitted, Refusal> {
        self.advance(now);
        let now = self.now;
        let result = self.let_in(now, ask);
        let Some(room) = self.rooms.get_mut(&room_of(ask)) else { return result };
        let row = self.seconds.row(now);
        match &result {
            Err(refusal) => {
                row.refused += 1;
                room.eyes.refuse(now, refusal.word());
            }
            Ok(admitted) => {
                let input = self.calls.get(&admitted.ticket).map_or(0, |call| call.taken.input);
                row.admitted += 1;
                row.input_tokens += input;
                room.eyes.admit(now, input, admitted.output_tokens);
                self.advance(now);
            }
        }
        result
    }

    fn let_in(&mut self, now: Duration, ask: &Ask<'_>) -> Result<Admitted, Refusal> {
        let ticket = self.tickets;
        self.tickets += 1;
        self.meet(ask)?;
        let scope = chance::draw(0, "scope", &[ask.account.as_bytes(), ask.model.as_bytes()]);
        let blocks = match ask.is_cached {
            true => Blocks::new(scope, ask.tokens, self.simulation.profile.block_tokens),
            false => Blocks::none(ask.tokens.len() as u64),
        };
        let cached = self.prefixes.cached(now, &blocks);
        let fault = self.befalls(ticket, ask);
        let (whole, output_max) = self.output(ask, blocks.tokens());
        let is_long = blocks.tokens() >= self.simulation.profile.context_tokens;
        let room = self.rooms.get_mut(&room_of(ask)).ok_or(Refusal::now(Reason::UnknownModel))?;
        if let Some(refusal) = refused_before_limits(self.simulation.health, fault.as_ref(), is_long) {
            room.meters.fail(now);
            return Err(refusal);
        }
        let free = if room.meters.limits().cached_are_free { cached } else { 0 };
        let need = Need { input: blocks.tokens() - free, output_max };
        let taken = room.meters.admit(now, need).map_err(|over| Refusal::now(Reason::Limit(over)))?;
        let place = self.slots.come(ticket);
        if place == Place::Full {
            room.meters.give_back(now, taken);
            return Err(Refusal::now(Reason::Full { status: self.simulation.profile.full_status }));
        }
        let output_tokens = whole.min(output_max);
        let admitted = Admitted { ticket, output_tokens, is_cut: whole > output_max, fault: fault.clone() };
        let room = room_of(ask);
        let call = Call { room, blocks, output_tokens, taken, fault, plan: None, is_left: false };
        self.calls.insert(ticket, call);
        if place == Place::Slot {
            self.start(ticket, now);
        }
        Ok(admitted)
    }

    /// Makes room for an account's first call of a model.
    fn meet(&mut self, ask: &Ask<'_>) -> Result<(), Refusal> {
        let is_new = !self.models.contains(ask.model);
        if is_new && (!self.simulation.models.is_empty() || self.models.len() >= MODELS_MAX) {
            return Err(Refusal::now(Reason::UnknownModel));
        }
        self.models.insert(ask.model.to_owned());
        let limits = self.limits(ask.account);
        self.rooms
            .entry(room_of(ask))
            .or_insert_with(|| Room { meters: Meters::new(limits), eyes: Eyes::new(ask.account, ask.model) });
        Ok(())
    }

    fn befalls(&self, call: u64, ask: &Ask<'_>) -> Option<Fault> {
        let by_chance = || faults::befalls(self.simulation.seed, &self.simulation.faults, call);
        match self.simulation.health {
            Health::Silent => Some(Fault::Hang),
            _ => ask.fault.clone().or_else(by_chance),
        }
    }

    /// Tokens of a call's answer if nothing cut it, and the most it may have.
    fn output(&self, ask: &Ask<'_>, input: u64) -> (u64, u64) {
        let context = self.simulation.profile.context_tokens.saturating_sub(input);
        let output_max = ask.output_max.map_or(context, |most| most.min(context));
        let draw = || self.simulation.lengths.draw(self.simulation.seed, ask.model, ask.prompt);
        (ask.output.unwrap_or_else(draw), output_max)
    }

    fn limits(&self, account: &str) -> Limits {
        let mut accounts = self.simulation.accounts.iter();
        let own = accounts.find(|one| one.name == account).and_then(|one| one.limits.clone());
        own.unwrap_or_else(|| self.simulation.limits.clone())
    }
}

fn room_of(ask: &Ask<'_>) -> (String, String) {
    (ask.account.to_owned(), ask.model.to_owned())
}

/// What fails before any limit is looked at.
fn refused_before_limits(health: Health, fault: Option<&Fault>, is_long: bool) -> Option<Refusal> {
    if let Health::Sick { status, after_ms } = health {
        let takes = Duration::from_millis(after_ms);
        return Some(Refusal { reason: Reason::Sick { status }, takes });
    }
    if let Some(fault) = fault.filter(|fault| fault.is_refusal()) {
        return Some(Refusal::now(Reason::Fault(fault.clone())));
    }
    is_long.then_some(Refusal::now(Reason::TooLong))
}

#[cfg(test)]
mod tests;
