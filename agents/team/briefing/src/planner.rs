//! `planner`: forks a question over the agents whose parts it needs; `synthesizer` gathers them.

use agents_agent::{Agent, Effects, Event, Fault, What};
use schemas_records::Stateless;

use crate::compose;
use crate::messages::{Part, Question};
use crate::plan;
use crate::verdict::Gathered;

/// Where tasks enter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planner;

/// The agent that supplies a part: also its branch's name.
#[must_use]
pub const fn agent_of(part: Part) -> &'static str {
    match part {
        Part::Figures => "data-analyst",
        Part::Trend => "market-trends",
        Part::Compliance => "legal-compliance",
    }
}

impl Agent for Planner {
    type Input = Question;
    type State = Stateless;

    fn step(&self, event: Event<Question>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let What::Input(question) = event.what else { return Ok(()) };
        let wanted = plan::parts(&question).wanted;
        if wanted.is_empty() {
            let gathered = Gathered::new(&question, None, None, None, Vec::new());
            effects.reply(&compose::brief(&question, &gathered, "", ""));
            return Ok(());
        }
        let mut fork = effects.fork();
        for part in wanted {
            fork.branch(agent_of(part), &question);
        }
        fork.join("synthesizer", &question);
        Ok(())
    }
}
