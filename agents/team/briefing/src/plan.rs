//! Which parts a question needs: the planner's decision, as a pure function of the question.
//!
//! It looks at names only, never at figures: that a month is outside the data is for the agent that looks there to say.

use crate::messages::{Cause, Missing, Order, Part, Question};
use crate::sectors;

#[cfg(test)]
mod tests;

/// What is to be done for a question, and what is left out, in the order of [`Part::ALL`]. Every part stands in one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The parts to ask for. May be empty: then the brief is written from the question alone.
    pub wanted: Vec<Part>,
    /// The parts left out, and why.
    pub left_out: Vec<Missing>,
}

/// The parts `question` needs.
#[must_use]
pub fn parts(question: &Question) -> Parts {
    let mut parts = Parts { wanted: Vec::new(), left_out: Vec::new() };
    for part in Part::ALL {
        match obstacle(question, part) {
            None => parts.wanted.push(part),
            Some((cause, reason)) => parts.left_out.push(Missing { part, cause, reason }),
        }
    }
    parts
}

/// The order of the fixed plan; `notes` say what became of a model's, if one was asked for.
#[must_use]
pub fn order(question: &Question, notes: Vec<String>) -> Order {
    let Parts { wanted, left_out } = parts(question);
    Order { question: question.clone(), asked_sector: None, wanted, left_out, author: String::new(), notes }
}

/// Why `part` is left out, if it is.
fn obstacle(question: &Question, part: Part) -> Option<(Cause, String)> {
    if !question.ask.contains(&part) {
        return Some((Cause::NotAsked, format!("the question does not ask for {}", part.name())));
    }
    let not_applicable = |reason: String| Some((Cause::NotApplicable, reason));
    match (part, sectors::find(&question.sector), &question.plan) {
        (Part::Figures | Part::Trend, Err(unknown), _) => not_applicable(unknown.to_string()),
        (Part::Trend, Ok(sector), _) if sector.employment.is_none() => not_applicable(format!(
            "no employment is counted for {}, so there is no trend of it",
            sector.title
        )),
        (Part::Compliance, _, None) => not_applicable("there is no plan to check".to_owned()),
        (Part::Compliance, _, Some(plan)) if plan.headcount == 0 => {
            not_applicable("the plan hires nobody".to_owned())
        }
        _ => None,
    }
}
