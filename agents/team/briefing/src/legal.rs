//! `legal-compliance`: checks a plan against typed rules, each with its article. No model has a word in it.

use agents_agent::{Agent, Effects, Event, Fault, What};
use schemas_records::Stateless;

use crate::messages::Question;
use crate::rules;

/// The agent. Its rules are illustrations and no legal advice.
#[derive(Clone, Copy, Debug, Default)]
pub struct LegalCompliance;

impl Agent for LegalCompliance {
    type Input = Question;
    type State = Stateless;

    fn step(&self, event: Event<Question>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let What::Input(question) = event.what else { return Ok(()) };
        match &question.plan {
            Some(plan) => effects.reply(&rules::check(plan, &question.sector, question.month)),
            None => return Err(Fault::failed("check the plan: the question has none")),
        }
        Ok(())
    }
}
