//! The rules' texts, to be found by words and cited: each in this project's own words, with its article and where the
//! official text stands.
//!
//! **They are illustrations, and no legal advice.** Nothing here says what a text means for a plan: [`crate::rules`] does,
//! for those that have a predicate; the others are named as worth reading, and no more. What a text says is data.

use schemas_records::tool::{KnowledgeQuery, Passage, Passages};

use crate::messages::{Citation, ContractKind, Finding, HiringPlan, Question};
use crate::rules::RULES;
use crate::sectors;

#[cfg(test)]
mod tests;

/// The knowledge base that holds them.
pub const BASE: &str = "rules";

/// Every text, by its document's name.
pub const TEXTS: [(&str, &str); 20] = [
    ("background_checks.md", include_str!("../law/background_checks.md")),
    ("contractor_status.md", include_str!("../law/contractor_status.md")),
    ("cover_wait.md", include_str!("../law/cover_wait.md")),
    ("disability.md", include_str!("../law/disability.md")),
    ("equal_pay.md", include_str!("../law/equal_pay.md")),
    ("fair_hiring.md", include_str!("../law/fair_hiring.md")),
    ("family_leave.md", include_str!("../law/family_leave.md")),
    ("farm_workers.md", include_str!("../law/farm_workers.md")),
    ("hazardous_work.md", include_str!("../law/hazardous_work.md")),
    ("health_cover.md", include_str!("../law/health_cover.md")),
    ("layoff_notice.md", include_str!("../law/layoff_notice.md")),
    ("minimum_wage.md", include_str!("../law/minimum_wage.md")),
    ("new_hire_report.md", include_str!("../law/new_hire_report.md")),
    ("oldest_age.md", include_str!("../law/oldest_age.md")),
    ("overtime.md", include_str!("../law/overtime.md")),
    ("pay_records.md", include_str!("../law/pay_records.md")),
    ("safe_workplace.md", include_str!("../law/safe_workplace.md")),
    ("unpaid_internship.md", include_str!("../law/unpaid_internship.md")),
    ("work_papers.md", include_str!("../law/work_papers.md")),
    ("youngest_age.md", include_str!("../law/youngest_age.md")),
];

/// Most passages looked at for one rule: its own is among the first, or it is not found.
const TOP_OF_RULE: i32 = 3;
/// Most passages looked at for what else concerns a plan: most of them have predicates.
const TOP_OF_PLAN: i32 = 8;
/// Most concerns of a plan that are looked for at once: the words of more would hide each other.
const CONCERNS_MAX: usize = 2;
/// Employees from which leave is a matter; and from which it is one whom to turn away.
const EMPLOYEES: (i32, i32) = (50, 15);
/// Most texts named besides: who is given more reads none.
const ALSO_MAX: usize = 2;

/// Looks for the text of a rule, by what it is about and what was found of the plan. `None` for what is no law.
#[must_use]
pub fn query(finding: &Finding) -> Option<KnowledgeQuery> {
    let rule = RULES.iter().find(|rule| rule.id == finding.rule && !rule.official.is_empty())?;
    let text = format!("{}: {}", rule.title, finding.reason);
    Some(KnowledgeQuery { base: BASE.to_owned(), text, top: TOP_OF_RULE })
}

/// Looks for what else concerns a plan: by what is known of it, since askers' own words are about everything.
#[must_use]
pub fn query_of_plan(question: &Question, plan: &HiringPlan) -> KnowledgeQuery {
    let text = concerns(question, plan).into_iter().take(CONCERNS_MAX).collect::<Vec<_>>().join(" ");
    KnowledgeQuery { base: BASE.to_owned(), text, top: TOP_OF_PLAN }
}

/// What may matter about a plan besides the rules that have predicates, in words, the most telling first.
fn concerns(question: &Question, plan: &HiringPlan) -> Vec<&'static str> {
    let sector = sectors::find(&question.sector).map_or("", |sector| sector.id);
    let staff = plan.employees_now.unwrap_or(0).saturating_add(plan.headcount);
    let is_employed = !matches!(plan.contract, ContractKind::Contractor | ContractKind::TemporaryAgency);
    let known = [
        (sector == "agriculture", "seasonal farm workers recruited for a season"),
        (sector == "financial_activities", "background and credit of applicants at banks"),
        (plan.hazardous_work == Some(true), "workplace hazards, machines, crews, drivers"),
        (is_employed && plan.duration_months.is_none() && staff >= EMPLOYEES.0, "family and medical leave"),
        (plan.age_max.is_some() || staff >= EMPLOYEES.1, "discrimination in hiring"),
        (is_employed, "report of each new employee to the state"),
        (true, "equal pay"),
    ];
    known.into_iter().filter(|(matters, _)| *matters).map(|(_, words)| words).collect()
}

/// The passage that is of `finding`'s own rule, told by its document and its article.
#[must_use]
pub fn citation(finding: &Finding, found: &Passages) -> Option<Citation> {
    let own = |passage: &&Passage| {
        document(&passage.id) == format!("{}.md", finding.rule) && passage.source == finding.article
    };
    found.passages.iter().find(own).map(cited)
}

/// The texts among those found that no predicate checks, the best first.
#[must_use]
pub fn also(found: &Passages) -> Vec<Citation> {
    let is_checked =
        |passage: &&Passage| RULES.iter().any(|rule| document(&passage.id) == format!("{}.md", rule.id));
    let others = found.passages.iter().filter(|passage| !is_checked(passage));
    others.take(ALSO_MAX).map(cited).collect()
}

/// The document that a passage is of.
fn document(passage: &str) -> &str {
    passage.split('#').next().unwrap_or_default()
}

fn cited(passage: &Passage) -> Citation {
    Citation {
        passage: passage.id.clone(),
        article: passage.source.clone(),
        title: passage.title.clone(),
        text: passage.text.clone(),
    }
}
