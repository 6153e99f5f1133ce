//! `synthesizer`: decides from the parts that came, has the model word the decision, and writes the brief.

use agents_agent::{Agent, Effects, Event, Fault, Part as Arrived, Parts, What};
use schemas_records::Message;

use crate::analyst::{WORDING, request, worded};
use crate::compose;
use crate::messages::{Cause, Draft, Missing, Order, Part};
use crate::planner::agent_of;
use crate::prompts::{self, Prompt};
use crate::verdict::{self, Gathered};

/// Where the parts meet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Synthesizer;

impl Agent for Synthesizer {
    type Input = Order;
    type State = Draft;

    fn step(&self, event: Event<Order>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Gathered(order, parts) => {
                *draft = read(order, &parts);
                if let Some((prompt, ..)) = decided(draft) {
                    effects.call_model(WORDING, request(&prompt));
                }
            }
            What::Answer(answer) => {
                if let Some((prompt, order, gathered)) = decided(draft) {
                    let (sentence, model) = worded(&answer, &prompt);
                    effects.reply(&compose::brief(&order.question, &gathered, &sentence, &model));
                }
            }
            What::Input(_) => {
                return Err(Fault::failed("gather parts: this agent is reached by a fork, not by a call"));
            }
            What::Timer(_) => {}
        }
        Ok(())
    }
}

/// The parts as they came, and why the others did not.
fn read(order: Order, parts: &Parts) -> Draft {
    let mut missing = Vec::new();
    Draft {
        figures: part(parts, Part::Figures, &mut missing),
        trend: part(parts, Part::Trend, &mut missing),
        compliance: part(parts, Part::Compliance, &mut missing),
        missing,
        order: Some(order),
        ..Draft::default()
    }
}

fn part<M: Message>(parts: &Parts, part: Part, missing: &mut Vec<Missing>) -> Option<M> {
    match parts.read::<M>(agent_of(part)) {
        Arrived::Arrived(message) => Some(message),
        Arrived::Failed(failure) => {
            missing.push(Missing { part, cause: Cause::Failed, reason: failure.message });
            None
        }
        // What was late or never asked for, `Gathered` accounts for.
        Arrived::Missing | Arrived::NotAsked => None,
    }
}

/// What there is to decide on, and the prompt that words the decision.
fn decided(draft: &Draft) -> Option<(Prompt, Order, Gathered)> {
    let order = draft.order.clone()?;
    let Draft { figures, trend, compliance, missing, .. } = draft.clone();
    let gathered = Gathered::of(&order, figures, trend, compliance, missing);
    let decision = verdict::decide(&order.question, &gathered);
    Some((prompts::synthesizer(&order.question, &decision), order, gathered))
}
