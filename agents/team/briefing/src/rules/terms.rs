//! Whether the plan contradicts itself. No law: a plan that cannot be carried out as written is not worth checking further.

use super::{Case, Outcome, Rule, broken, met, open};
use crate::messages::ContractKind;

/// A start further ahead than this, in months, is beyond what the data of today can tell.
const AHEAD_MONTHS_MAX: i32 = 24;

pub(super) const TERMS_FIT: Rule = Rule {
    id: "terms_fit",
    title: "The terms fit together",
    article: "no article: the plan's own logic",
    official: "",
    check: terms_fit,
};

fn terms_fit(case: &Case) -> Outcome {
    if let Some((reason, remedy)) = contradiction(case) {
        return broken(reason, remedy);
    }
    let plan = case.plan;
    let ends = matches!(plan.contract, ContractKind::FixedTerm | ContractKind::Internship);
    if ends && plan.duration_months.is_none() {
        return open(
            format!("a {} contract ends, but the plan does not say when", plan.contract.title()),
            "say how many months the contract lasts",
        );
    }
    if plan.start.since(case.month) > AHEAD_MONTHS_MAX {
        return open(
            format!("the start, {}, is more than two years ahead", plan.start),
            "ask again when the start is nearer",
        );
    }
    met("the terms fit together")
}

/// The first contradiction, and what would end it.
fn contradiction(case: &Case) -> Option<(String, &'static str)> {
    let plan = case.plan;
    if plan.weekly_hours == 0 {
        return Some((
            "the plan hires for no hours a week".to_owned(),
            "say how many hours a week there are",
        ));
    }
    if plan.start < case.month {
        return Some((
            format!(
                "the start, {}, lies before {}, as of which the question is asked",
                plan.start, case.month
            ),
            "set a start to come",
        ));
    }
    let trial = plan.trial_months;
    match plan.duration_months {
        Some(_) if plan.contract == ContractKind::Permanent => {
            return Some((
                "a permanent contract has no end, yet the plan gives it one".to_owned(),
                "make it fixed-term, or leave the duration out",
            ));
        }
        Some(months) if trial > months => {
            return Some((
                format!("a trial of {trial} months does not fit into a contract of {months}"),
                "shorten the trial or lengthen the contract",
            ));
        }
        _ => {}
    }
    match (plan.age_min, plan.age_max) {
        (Some(least), Some(most)) if least > most => {
            Some((format!("nobody is at least {least} and at most {most} years old"), "set the ages right"))
        }
        _ => None,
    }
}
