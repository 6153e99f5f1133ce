//! Serving: from the slot to the bill. A call takes its slot, its plan says when it ends, and at its end, or
//! when its asker leaves, its meters are settled and it is billed.

use std::time::Duration;

use super::Engine;
use super::bill::Ending;
use super::call::Ask;
use super::faults;
use super::plan::Plan;
use super::prices::{Lane, Used};
use super::refusal::{Reason, Refusal};
use super::simulation::Cancelled;
use super::slots::Ticket;

impl Engine {
    /// Time passes: calls end at their planned moment, and those that waited take their slots then.
    pub fn advance(&mut self, now: Duration) {
        // A moment that is past changes nothing, but that calls end which take no time.
        self.now = self.now.max(now);
        while let Some((end, ticket)) = self.slots.ended(self.now) {
            self.end(ticket, end);
            self.fill(end);
        }
    }

    /// Its asker is gone: a call that waits ends here, and one that runs as the settings have it. One that has
    /// ended is nobody's matter.
    pub fn leave(&mut self, now: Duration, ticket: Ticket) {
        self.advance(now);
        let Some(call) = self.calls.get_mut(&ticket) else { return };
        call.is_left = true;
        if call.plan.is_some() && self.simulation.cancelled == Cancelled::GoesOn {
            return;
        }
        self.slots.leave(ticket);
        self.end(ticket, self.now);
        self.fill(self.now);
        self.advance(self.now);
    }

    /// A call takes its slot.
    pub(super) fn start(&mut self, ticket: Ticket, now: Duration) {
        let Some(call) = self.calls.get_mut(&ticket) else { return };
        let profile = &self.simulation.profile;
        let load = profile.load(self.slots.running() + 1);
        // Without load nothing is rounded.
        let times = |time: Duration| if load == 1.0 { time } else { time.mul_f64(load) };
        let times = |time| faults::slowed(call.fault.as_ref(), times(time));
        let cached = self.prefixes.cached(now, &call.blocks);
        let input = call.blocks.tokens();
        let whole = Used { input_tokens: input, cached_tokens: cached, output_tokens: call.output_tokens };
        let plan = Plan {
            start: now,
            prefill: times(profile.prefill(input - cached)),
            per_token: times(profile.per_token()),
            made: faults::made(call.fault.as_ref(), call.output_tokens),
            whole,
        };
        self.prefixes.keep(&call.blocks, plan.token_at(0));
        call.plan = Some(plan);
        self.slots.run(ticket, plan.end());
        self.started.push((ticket, plan));
    }

    fn fill(&mut self, now: Duration) {
        while let Some(next) = self.slots.take_next() {
            self.start(next, now);
        }
    }

    fn end(&mut self, ticket: Ticket, now: Duration) {
        let Some(call) = self.calls.remove(&ticket) else { return };
        let Some(room) = self.rooms.get_mut(&call.room) else { return };
        let Some(plan) = call.plan else {
            room.meters.give_back(now, call.taken);
            return;
        };
        let made = plan.made_by(now);
        let ending = if call.is_left { Ending::Left } else { faults::ending(call.fault.as_ref()) };
        let is_free = call.is_left && self.simulation.cancelled == Cancelled::StopsFree;
        let (account, model) = (&call.room.0, &call.room.1);
        let price = self.simulation.price_of(model);
        let cost = match is_free {
            true => 0,
            false => self.book.add((account, model), Lane::Live, &price, plan.used(made), ending),
        };
        room.meters.settle(now, call.taken, made, cost);
        room.eyes.end(now, made);
        self.seconds.row(now).output_tokens += made;
    }

    /// Makes a call of a batch, and bills it: it takes no slot, knows no limit and no cache. Returns what it
    /// used, and whether `max_tokens` cut its answer.
    ///
    /// # Errors
    /// Why it is not answered.
    pub fn batch(&mut self, ask: &Ask<'_>) -> Result<(Used, bool), Refusal> {
        self.meet(ask)?;
        let input_tokens = ask.tokens.len() as u64;
        if input_tokens >= self.simulation.profile.context_tokens {
            return Err(Refusal::now(Reason::TooLong));
        }
        let (whole, most) = self.output(ask, input_tokens);
        let used = Used { input_tokens, cached_tokens: 0, output_tokens: whole.min(most) };
        let price = self.simulation.price_of(ask.model);
        self.book.add((ask.account, ask.model), Lane::Batch, &price, used, Ending::Whole);
        Ok((used, whole > most))
    }
}
