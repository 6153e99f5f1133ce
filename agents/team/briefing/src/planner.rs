//! `planner`: forks a question over the agents whose parts it needs; `synthesizer` gathers them.
//!
//! Where a model may write plans it is asked for one first; what may be followed of it is `plan_proposal.rs`'s to say.

use agents_agent::{Agent, Answer, Effects, Event, Fault, What};

use crate::analyst::request;
use crate::author::Author;
use crate::compose;
use crate::drill;
use crate::messages::{Draft, Order, Part, Question};
use crate::plan;
use crate::plan_proposal::{self, Refused};
use crate::verdict::Gathered;
use crate::wording;

/// The name under which the planner asks a model for a plan.
pub const PLAN: &str = "plan";

/// Where tasks enter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planner {
    author: Author,
}

impl Planner {
    /// A planner whose plans this author writes.
    #[must_use]
    pub fn new(author: Author) -> Self {
        Self { author }
    }
}

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
    type State = Draft;

    fn step(&self, event: Event<Question>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(question) if self.author == Author::Code => {
                carry_out(&plan::order(&question, Vec::new()), effects);
            }
            What::Input(question) => {
                effects.call_model(PLAN, request(&plan_proposal::prompt(&question)));
                draft.question = Some(question);
            }
            What::Answer(answer) => {
                let Some(question) = draft.question.take() else { return Ok(()) };
                carry_out(&order(&question, &answer), effects);
            }
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.author.to_string()
    }
}

/// What a model's plan orders, or the fixed one if that may not be followed.
fn order(question: &Question, answer: &Answer) -> Order {
    let (author, refused) = match answer.model() {
        Err(failure) => ("a model".to_owned(), Refused::None { reason: wording::short(&failure.message) }),
        Ok(said) => match plan_proposal::accept(question, &said) {
            Ok(order) => return order,
            Err(refused) => (said.model, refused),
        },
    };
    let note =
        format!("the plan that {author} was to write is not followed: {refused}; the fixed one was followed");
    plan::order(question, vec![note])
}

/// Forks over the parts that are wanted; without any, there is nothing to wait for.
fn carry_out(order: &Order, effects: &mut Effects) {
    if order.wanted.is_empty() {
        let gathered = Gathered::of(order, None, None, None, Vec::new());
        effects.reply(&compose::brief(&order.question, &gathered, "", ""));
        return;
    }
    let mut fork = effects.fork();
    for part in &order.wanted {
        fork.branch(agent_of(*part), &order.question);
    }
    if let Some(within) = drill::within(&order.question) {
        fork.within(within);
    }
    fork.join("synthesizer", order);
}
