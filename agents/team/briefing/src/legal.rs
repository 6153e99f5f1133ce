//! `legal-compliance`: checks a plan against typed rules, and finds the text of each that is not kept.
//!
//! Met, open or broken is what the predicates say, whatever is found: a text that is missing is a gap, and changes nothing
//! else. No model has a word in it.

use agents_agent::{Agent, Answer, Effects, Event, Fault, What};
use schemas_records::tool::Passages;

use crate::drill;
use crate::law;
use crate::messages::{Compliance, Draft, Part, Question, Status};
use crate::rules;
use crate::wording;

/// The name under which it asks for what else concerns the plan.
pub const ALSO: &str = "also";

/// The agent. Its rules are illustrations and no legal advice.
#[derive(Clone, Copy, Debug, Default)]
pub struct LegalCompliance;

impl Agent for LegalCompliance {
    type Input = Question;
    type State = Draft;

    fn step(&self, event: Event<Question>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(question) if drill::delays(&question, Part::Compliance, effects) => {
                draft.question = Some(question);
                Ok(())
            }
            What::Input(question) => begin(&question, draft, effects),
            What::Timer(_) => match draft.question.take() {
                Some(question) => begin(&question, draft, effects),
                None => Ok(()),
            },
            What::Answer(answer) => {
                take(draft, &answer, effects);
                Ok(())
            }
            What::Gathered(..) => Ok(()),
        }
    }
}

/// Checks the plan, and looks for the texts of what is not met, named as the rules are, and for what else concerns it.
fn begin(question: &Question, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
    let plan =
        question.plan.as_ref().ok_or_else(|| Fault::failed("check the plan: the question has none"))?;
    let compliance = rules::check(plan, &question.sector, question.month);
    for finding in compliance.findings.iter().filter(|finding| finding.status != Status::Met) {
        if let Some(query) = law::query(finding) {
            effects.call_knowledge(&finding.rule, query);
            draft.awaited.push(finding.rule.clone());
        }
    }
    effects.call_knowledge(ALSO, law::query_of_plan(question, plan));
    draft.awaited.push(ALSO.to_owned());
    draft.compliance = Some(compliance);
    Ok(())
}

/// Takes one answer over; with the last one the part goes out.
fn take(draft: &mut Draft, answer: &Answer, effects: &mut Effects) {
    draft.awaited.retain(|awaited| *awaited != answer.name);
    let Some(mut compliance) = draft.compliance.take() else { return };
    let found = answer.decode::<Passages>().map_err(|failure| wording::short(&failure.message));
    match found {
        Ok(found) if answer.name == ALSO => compliance.also = law::also(&found),
        Ok(found) => cite(&mut compliance, &answer.name, &found),
        Err(reason) if answer.name == ALSO => {
            compliance.gaps.push(format!("what else concerns the plan was not found: {reason}"));
        }
        Err(reason) => {
            compliance.gaps.push(format!("the text of the rule {} was not found: {reason}", answer.name));
        }
    }
    if draft.awaited.is_empty() {
        // Answers come in any order, and equal findings are to be equal bytes.
        compliance.gaps.sort();
        effects.reply(&compliance);
    } else {
        draft.compliance = Some(compliance);
    }
}

/// Puts the passage of a rule to its finding.
fn cite(compliance: &mut Compliance, rule: &str, found: &Passages) {
    let Some(finding) = compliance.findings.iter_mut().find(|finding| finding.rule == rule) else { return };
    finding.citation = law::citation(finding, found);
    if finding.citation.is_none() {
        compliance.gaps.push(format!("the text of the rule {rule} was not among what was found"));
    }
}
