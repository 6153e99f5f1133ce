//! The rules a hiring plan is held against: by which article, where to read it, and a typed predicate that tells.
//!
//! **They are illustrations, and no legal advice.** Each retells, in this project's own words and much simplified, one
//! federal rule of the United States; states and cities ask more, exceptions are many, and the law changes. They are here
//! so that a team of agents has something checkable to do. What each says stands in [`crate::law`], as a text to be found
//! and cited; what it means for a plan is said here alone. Nothing here looks at the market.
//!
//! A predicate answers *met*, *open* (the plan does not say enough) or *broken*, with its reason, and with what would
//! make it met. A rule that does not reach the plan is met, and says so.

use crate::messages::{Compliance, ContractKind, Finding, HiringPlan, Status};
use crate::month::Month;
use crate::sectors::{self, Sector};

mod ages;
mod duties;
mod pay;
mod standing;
mod terms;

#[cfg(test)]
mod tests;

/// One rule.
pub struct Rule {
    /// Its name on the wire, for example `minimum_wage`. Its text is `law/<id>.md`.
    pub id: &'static str,
    /// What it is about, as its text is headed: by this and its findings the text is looked for.
    pub title: &'static str,
    /// Where the law it illustrates stands.
    pub article: &'static str,
    /// Where the official text can be read; empty for what is no law.
    pub official: &'static str,
    /// Whether a plan keeps it. A function of its argument alone.
    pub check: fn(&Case) -> Outcome,
}

/// What a rule looks at.
pub struct Case<'a> {
    /// The plan.
    pub plan: &'a HiringPlan,
    /// The sector, if it is known.
    pub sector: Option<&'static Sector>,
    /// The month the question is asked as of.
    pub month: Month,
}

/// What a rule finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the plan keeps the rule.
    pub status: Status,
    /// Why, in one sentence without its full stop.
    pub reason: String,
    /// What would make it met; empty if it is.
    pub remedy: String,
}

/// All rules, in the order a brief shows them.
pub const RULES: [Rule; 13] = [
    terms::TERMS_FIT,
    pay::MINIMUM_WAGE,
    pay::OVERTIME,
    pay::PAY_RECORDS,
    ages::YOUNGEST_AGE,
    ages::HAZARDOUS_WORK,
    ages::OLDEST_AGE,
    standing::WORK_PAPERS,
    standing::CONTRACTOR_STATUS,
    standing::UNPAID_INTERNSHIP,
    duties::HEALTH_COVER,
    duties::COVER_WAIT,
    duties::LAYOFF_NOTICE,
];

/// `plan` against every rule. `sector` is the name as the question gave it; `wording` and `model` are left empty.
#[must_use]
pub fn check(plan: &HiringPlan, sector: &str, month: Month) -> Compliance {
    let case = Case { plan, sector: sectors::find(sector).ok(), month };
    let findings = RULES.iter().map(|rule| finding(rule, &case)).collect();
    Compliance {
        sector: sector.to_owned(),
        month,
        findings,
        also: Vec::new(),
        gaps: Vec::new(),
        wording: String::new(),
        model: String::new(),
    }
}

fn finding(rule: &Rule, case: &Case) -> Finding {
    let Outcome { status, reason, remedy } = (rule.check)(case);
    Finding {
        rule: rule.id.to_owned(),
        article: rule.article.to_owned(),
        status,
        reason,
        remedy,
        official: rule.official.to_owned(),
        citation: None,
    }
}

impl Case<'_> {
    /// Whether the sector is one of `ids`. An unknown sector is none of them.
    fn sector_is(&self, ids: &[&str]) -> bool {
        self.sector.is_some_and(|sector| ids.contains(&sector.id))
    }

    /// Whether those hired are independent contractors, whom the rules for employees do not reach.
    fn contractors(&self) -> bool {
        self.plan.contract == ContractKind::Contractor
    }

    /// How many persons the asker employs once the plan is carried out, if it says how many there are now.
    fn employees_then(&self) -> Option<i32> {
        self.plan.employees_now.map(|now| now.saturating_add(self.plan.headcount))
    }
}

fn met(reason: impl Into<String>) -> Outcome {
    Outcome { status: Status::Met, reason: reason.into(), remedy: String::new() }
}

fn open(reason: impl Into<String>, remedy: impl Into<String>) -> Outcome {
    Outcome { status: Status::Open, reason: reason.into(), remedy: remedy.into() }
}

fn broken(reason: impl Into<String>, remedy: impl Into<String>) -> Outcome {
    Outcome { status: Status::Broken, reason: reason.into(), remedy: remedy.into() }
}
