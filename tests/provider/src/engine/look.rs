//! Looks into the engine: what its doors and whoever watches want to know.

use std::time::Duration;

use super::Engine;
use super::bill::Bill;
use super::limits::Shown;
use super::plan::Plan;
use super::seen::Seen;
use super::simulation::Simulation;
use super::slots::Ticket;

impl Engine {
    /// What it was told, with all changes.
    #[must_use]
    pub const fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Calls that took a slot since this was asked last, with their plans.
    pub fn take_started(&mut self) -> Vec<(Ticket, Plan)> {
        std::mem::take(&mut self.started)
    }

    /// An account's limits for a model and what is left of them.
    pub fn shown(&mut self, now: Duration, account: &str, model: &str) -> Vec<Shown> {
        let room = self.rooms.get_mut(&(account.to_owned(), model.to_owned()));
        room.map(|room| room.meters.shown(now.max(self.now))).unwrap_or_default()
    }

    /// Models, named or met.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        self.models.iter().cloned().collect()
    }

    /// The bill so far.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.book.bill()
    }

    /// What was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen {
            now_seconds: self.now.as_secs_f64(),
            running: self.slots.running(),
            waiting: self.slots.waiting(),
            lines: self.rooms.values().map(|room| room.eyes.line(room.meters.limits())).collect(),
            seconds: self.seconds.rows(),
        }
    }
}
