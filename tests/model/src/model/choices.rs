//! What can happen in a state. The order is fixed, so that the same exploration finds the same story.

use super::Model;
use crate::action::{Action, Source};
use crate::owner::{Owner, Phase};
use crate::plan::{KEYS_MAX, OWNERS_MAX};
use crate::rule::Rule;
use crate::state::State;
use crate::value::Code;

impl Model {
    /// Everything that can happen.
    #[must_use]
    pub fn choices(&self, state: &State) -> Vec<Action> {
        let mut out = Vec::with_capacity(24);
        for owner in 0..self.plan.owners.min(OWNERS_MAX as u8) {
            let acting = &state.owners[usize::from(owner)];
            if acting.is_alive() {
                self.takeover_choices(state, owner, acting, &mut out);
                self.batch_choices(state, owner, acting, &mut out);
                self.trouble_choices(state, owner, acting, &mut out);
                self.upkeep_choices(state, owner, acting, &mut out);
            }
            self.broker_choices(state, owner, acting, &mut out);
        }
        self.assignment_choices(state, &mut out);
        out.extend(state.store.under_way.iter().map(|change| Action::Arrives { change: *change }));
        for offset in 0..self.plan.len() {
            let version = state.store.cells[usize::from(offset)].version;
            if version.is_some_and(|version| version.is_mortal) {
                out.push(Action::Expires { offset });
            }
        }
        out
    }

    fn assignment_choices(&self, state: &State, out: &mut Vec<Action>) {
        if state.log.generation > self.plan.epochs {
            return;
        }
        let unborn = state.owners.iter().position(|owner| owner.phase == Phase::Unborn);
        if let Some(owner) = unborn.map(|at| at as u8).filter(|at| *at < self.plan.owners) {
            for code in self.plan.codes.iter().copied() {
                out.push(Action::Joins { owner, code });
                if state.log.holder.is_some() {
                    out.push(Action::Returns { owner, code });
                }
            }
        }
        for (owner, lost) in state.owners.iter().enumerate() {
            if self.plan.again && lost.phase == Phase::Idle && lost.is_member {
                out.push(Action::Again { owner: owner as u8 });
            }
        }
    }

    fn takeover_choices(&self, state: &State, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        let asks_first = !self.keeps(Rule::AskAfterRegistering);
        let may_register = state.store.owner < self.plan.epochs;
        let may_read = !state.log.is_open() || !self.keeps(Rule::StableRead);
        match acting.phase {
            Phase::Assigned if asks_first && may_read => out.push(Action::ReadsOffset { owner }),
            Phase::Assigned if asks_first => {}
            Phase::Assigned if !self.keeps(Rule::CompareAndSet) && may_register => {
                out.push(Action::LooksUp { owner });
            }
            Phase::Assigned | Phase::Accepted if may_register => out.push(Action::Registers { owner }),
            Phase::LookedUp => out.push(Action::Registers { owner }),
            Phase::Registered if may_read => out.push(Action::ReadsOffset { owner }),
            Phase::Read => out.push(Action::Asks { owner }),
            _ => {}
        }
    }

    fn batch_choices(&self, state: &State, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        match acting.phase {
            Phase::Owner => self.step_choices(owner, acting, out),
            Phase::Stepped if self.is_saved(state, acting) => out.push(Action::Sends { owner }),
            _ => {}
        }
        let more = acting.hand.to < self.plan.len() && acting.hand.to > acting.next;
        let is_busy = matches!(acting.phase, Phase::Stepped | Phase::Sent);
        if !self.keeps(Rule::LoadWithCare) && is_busy && more && acting.ahead.is_none() {
            out.push(Action::LoadsAhead { owner });
        }
        let has_behind = state.log.transactions[usize::from(owner)][1].is_some();
        let waits = acting.phase == Phase::Sent && more && !has_behind;
        if !self.keeps(Rule::OrderOfTransactions) && waits && self.may_send(acting) {
            out.push(Action::StepsBehind { owner });
        }
    }

    fn step_choices(&self, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        let left = self.plan.len() - acting.next;
        if acting.ahead.is_some() && left > 0 {
            out.push(Action::Steps { owner, records: 1, source: Source::Ahead });
        }
        for records in 1..=self.plan.batch.min(left) {
            out.push(Action::Steps { owner, records, source: Source::Cache });
            if acting.cache.iter().any(Option::is_some) {
                out.push(Action::Steps { owner, records, source: Source::Store });
            }
            if !self.keeps(Rule::RowsBeforeEviction) && records > 1 {
                out.push(Action::Steps { owner, records, source: Source::StoreEachTime });
            }
        }
    }

    /// Whether every row of the batch in hand is acknowledged, as far as that is waited for.
    fn is_saved(&self, state: &State, acting: &Owner) -> bool {
        let mut rows = acting.hand.rows.iter().flatten();
        !self.keeps(Rule::RowsBeforeTheEnd)
            || rows.all(|row| state.store.has_arrived(row.offset, row.version))
    }

    fn trouble_choices(&self, state: &State, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        out.push(Action::Crashes { owner });
        let has_lost = state.log.holder != Some(owner);
        if has_lost && acting.has_token && !acting.is_replaced {
            out.push(Action::Hears { owner });
        }
        let is_resolved = state.log.transactions[usize::from(owner)][0].is_none();
        match acting.phase {
            Phase::Registered | Phase::Read | Phase::Owner | Phase::Stepped => {
                out.push(Action::Fails { owner });
            }
            Phase::Sent => out.extend([Action::Fails { owner }, Action::Doubts { owner }]),
            // Before it takes the name again it hears of its membership: who was replaced leaves.
            Phase::Doubt if self.keeps(Rule::NeverGuess) && !acting.is_replaced => {
                out.push(Action::Remakes { owner });
            }
            Phase::Doubt if !self.keeps(Rule::NeverGuess) && is_resolved => {
                out.extend([true, false].map(|is_committed| Action::Guesses { owner, is_committed }));
            }
            _ => {}
        }
        let is_between = acting.phase == Phase::Assigned
            || !self.keeps(Rule::OneCodePerEpoch) && acting.phase == Phase::Owner;
        if self.plan.reloads && is_between && acting.code == Code::Z {
            out.push(Action::Reloads { owner });
        }
    }

    fn upkeep_choices(&self, state: &State, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        let is_careless = !self.keeps(Rule::PruneByWhatIsCommitted) && acting.phase == Phase::Stepped;
        if !self.plan.prunes || !(acting.phase == Phase::Owner || is_careless) {
            return;
        }
        for key in 0..KEYS_MAX as u8 {
            for below in self.floors(state, owner, key) {
                out.push(Action::Prunes { owner, key, below });
            }
            if self.may_end(state, owner, key) {
                out.push(Action::Ends { owner, key });
            }
        }
    }

    fn broker_choices(&self, state: &State, owner: u8, acting: &Owner, out: &mut Vec<Action>) {
        for is_behind in [false, true] {
            if state.log.transactions[usize::from(owner)][usize::from(is_behind)].is_none() {
                continue;
            }
            out.push(Action::Lands { owner, is_behind });
            if acting.phase != Phase::Sent || is_behind {
                out.push(Action::TimesOut { owner, is_behind });
            }
        }
    }
}
