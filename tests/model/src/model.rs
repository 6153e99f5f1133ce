//! The state machine: from a state, what can happen, and what it leads to.

mod batch;
mod choices;
mod takeover;
mod upkeep;

use crate::action::Action;
use crate::owner::Owner;
use crate::plan::Plan;
use crate::rule::Rule;
use crate::state::State;
use crate::violation::{Violation, look};

/// A plan, and the rules that are kept.
#[derive(Clone, Debug)]
pub struct Model {
    /// The inbox and the bounds.
    pub plan: Plan,
    /// The rule that is left out.
    pub dropped: Option<Rule>,
}

impl Model {
    /// All rules are kept.
    #[must_use]
    pub fn sound(plan: Plan) -> Self {
        Self { plan, dropped: None }
    }

    /// All rules but one.
    #[must_use]
    pub fn without(plan: Plan, rule: Rule) -> Self {
        Self { plan, dropped: Some(rule) }
    }

    fn keeps(&self, rule: Rule) -> bool {
        self.dropped != Some(rule)
    }

    /// What an action leads to.
    ///
    /// # Errors
    /// What must never be seen, and is.
    pub fn after(&self, state: &State, action: Action) -> Result<State, Violation> {
        let mut next = state.clone();
        self.happen(&mut next, action)?;
        match look(&self.plan, &next) {
            Some(violation) => Err(violation),
            None => Ok(next),
        }
    }

    fn happen(&self, state: &mut State, action: Action) -> Result<(), Violation> {
        match action {
            Action::Joins { owner, code } => self.joins(state, owner, code),
            Action::Returns { owner, code } => self.returns(state, owner, code),
            Action::Again { owner } => self.again(state, owner),
            Action::Hears { owner } => self.hears(state, owner),
            Action::Crashes { owner } => at(state, owner).die(),
            Action::Reloads { owner } => at(state, owner).code = crate::value::Code::A,
            Action::LooksUp { owner } => Self::looks_up(state, owner),
            Action::Registers { owner } => self.registers(state, owner),
            Action::ReadsOffset { owner } => Self::reads_offset(state, owner),
            Action::Asks { owner } => self.asks(state, owner),
            Action::Steps { owner, records, source } => self.steps(state, owner, records, source),
            Action::Sends { owner } => self.sends(state, owner),
            Action::Lands { owner, is_behind } => self.lands(state, owner, is_behind)?,
            Action::Fails { owner } => self.fails(state, owner),
            Action::Doubts { owner } => Self::doubts(state, owner),
            Action::Remakes { owner } => self.remakes(state, owner),
            Action::Guesses { owner, is_committed } => self.guesses(state, owner, is_committed),
            Action::TimesOut { owner, is_behind } => {
                state.log.transactions[usize::from(owner)][usize::from(is_behind)] = None;
            }
            Action::LoadsAhead { owner } => self.loads_ahead(state, owner),
            Action::StepsBehind { owner } => self.steps_behind(state, owner),
            Action::Prunes { owner, key, below } => self.prunes(state, owner, key, below),
            Action::Ends { owner, key } => self.ends(state, owner, key),
            Action::Arrives { change } => state.store.arrive(change),
            Action::Expires { offset } => state.store.expire(offset),
        }
        Ok(())
    }
}

/// An owner of a state, to be changed.
fn at(state: &mut State, owner: u8) -> &mut Owner {
    &mut state.owners[usize::from(owner)]
}
