//! Who has the partition, and how it is taken over: register, ask, write. See `worker/ownership.rs` and
//! `worker/recovery.rs` of the runtime.

use super::{Model, at};
use crate::log::Transaction;
use crate::owner::{Hand, Owner, Phase};
use crate::rule::Rule;
use crate::state::State;
use crate::value::{Code, Value};

impl Model {
    pub(super) fn joins(&self, state: &mut State, owner: u8, code: Code) {
        self.rebalances(state, owner);
        self.begins(state, owner, code);
    }

    pub(super) fn returns(&self, state: &mut State, owner: u8, code: Code) {
        if let Some(before) = state.log.holder {
            // Making the transactor ends what an earlier one of its name left open.
            state.log.transactions[usize::from(before)] = [None; 2];
            let replaced = at(state, before);
            if replaced.is_alive() {
                (replaced.is_member, replaced.is_replaced) = (false, true);
            }
        }
        self.begins(state, owner, code);
    }

    fn begins(&self, state: &mut State, owner: u8, code: Code) {
        let generation = state.log.generation;
        let fresh = Owner::default();
        *at(state, owner) =
            Owner { phase: Phase::Assigned, code, has_token: true, is_member: true, generation, ..fresh };
        state.log.holder = Some(owner);
    }

    pub(super) fn again(&self, state: &mut State, owner: u8) {
        self.rebalances(state, owner);
        let generation = state.log.generation;
        let again = at(state, owner);
        (again.phase, again.has_token, again.generation) = (Phase::Assigned, true, generation);
        state.log.holder = Some(owner);
    }

    /// The partition goes from whoever has it to another, and nobody tells the one.
    fn rebalances(&self, state: &mut State, to: u8) {
        if let Some(before) = state.log.holder.filter(|holder| *holder != to) {
            at(state, before).is_member = false;
        }
        if !self.keeps(Rule::EpochIsNotTheGeneration) {
            state.log.generation += 1;
        }
    }

    /// The news reaches the client at any time; the worker looks at them at its next poll, or when it sends
    /// offsets.
    pub(super) fn hears(&self, state: &mut State, owner: u8) {
        let keeps_cache = !self.keeps(Rule::CacheGoesWithTheToken);
        let lost = at(state, owner);
        (lost.has_token, lost.is_member) = (false, true);
        if matches!(lost.phase, Phase::Owner | Phase::Assigned) {
            lost.give_up(keeps_cache);
        }
    }

    pub(super) fn looks_up(state: &mut State, owner: u8) {
        let stands = state.store.owner;
        let looking = at(state, owner);
        (looking.phase, looking.epoch) = (Phase::LookedUp, stands + 1);
    }

    pub(super) fn registers(&self, state: &mut State, owner: u8) {
        let stands = state.store.owner;
        let registering = at(state, owner);
        registering.epoch = match registering.phase {
            Phase::LookedUp => registering.epoch,
            _ if !self.keeps(Rule::EpochIsNotTheGeneration) => registering.generation,
            _ => stands + 1,
        };
        let asked = registering.phase == Phase::Accepted;
        registering.phase = if asked { Phase::Owner } else { Phase::Registered };
        // Compared and set, the row only rises; just written, it is what was written last.
        let epoch = registering.epoch;
        state.store.owner = if self.keeps(Rule::CompareAndSet) { stands.max(epoch) } else { epoch };
    }

    pub(super) fn reads_offset(state: &mut State, owner: u8) {
        let committed = state.log.committed;
        let reading = at(state, owner);
        (reading.phase, reading.next) = (Phase::Read, committed);
    }

    pub(super) fn asks(&self, state: &mut State, owner: u8) {
        let asking = at(state, owner);
        asking.hand = Hand { to: asking.next, ..Hand::default() };
        self.sends(state, owner);
    }

    /// The token is checked and the offsets are sent under one lock; the coordinator checks the membership.
    pub(super) fn sends(&self, state: &mut State, owner: u8) {
        let sending = state.owners[usize::from(owner)];
        if !self.may_send(&sending) {
            return at(state, owner).give_up(false);
        }
        let (from, Hand { to, said, .. }) = (sending.next, sending.hand);
        state.log.transactions[usize::from(owner)][0] = Some(Transaction { from, to, said });
        at(state, owner).phase = Phase::Sent;
    }

    pub(super) fn may_send(&self, owner: &Owner) -> bool {
        owner.is_member && (owner.has_token || !self.keeps(Rule::TokenOfThisAssignment))
    }

    /// Something fails and is known to have failed: the transaction is aborted, and the partition is taken
    /// over again.
    pub(super) fn fails(&self, state: &mut State, owner: u8) {
        state.log.transactions[usize::from(owner)][0] = None;
        let failed = at(state, owner);
        let has_batch = failed.hand.to > failed.next;
        if !self.keeps(Rule::OneCodePerEpoch) && has_batch && failed.has_token {
            failed.cache = Owner::default().cache;
            return failed.goes_on(failed.next);
        }
        failed.give_up(!self.keeps(Rule::CacheGoesWithTheAbort));
    }

    pub(super) fn doubts(state: &mut State, owner: u8) {
        at(state, owner).phase = Phase::Doubt;
    }

    pub(super) fn remakes(&self, state: &mut State, owner: u8) {
        state.log.transactions[usize::from(owner)] = [None; 2];
        at(state, owner).give_up(!self.keeps(Rule::CacheGoesWithTheAbort));
    }

    pub(super) fn guesses(&self, state: &mut State, owner: u8, is_committed: bool) {
        let guessing = at(state, owner);
        if is_committed {
            return self.settles(guessing);
        }
        guessing.cache = Owner::default().cache;
        guessing.goes_on(guessing.next);
    }
}

impl Owner {
    /// The owner between two batches, under the epoch it has.
    pub(super) fn goes_on(&mut self, next: u8) {
        (self.phase, self.next, self.hand) = (Phase::Owner, next, Hand::default());
    }
}

/// What is not there reads as no state.
pub(super) fn or_none(value: Option<Value>) -> Value {
    value.unwrap_or(Value::NONE)
}
