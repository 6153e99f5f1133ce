//! What large employers owe besides pay: health cover, cover in time, and notice before many are let go.

use super::{Case, Outcome, Rule, broken, met, open};
use crate::messages::ContractKind;

/// Employees from which an employer owes an offer of health cover.
const COVER_EMPLOYEES: i32 = 50;
/// Employees below which the offer was not yet owed in the first year.
const COVER_EMPLOYEES_FIRST_YEAR: i32 = 100;
/// The first and the last month of that first year.
const COVER_FIRST_YEAR: (&str, &str) = ("2015-01", "2015-12");
/// Hours a week that make a job full-time for this purpose.
const COVER_HOURS: i32 = 30;
/// The month from which waits for cover are bounded.
const WAIT_SINCE: &str = "2014-01";
/// The longest wait for cover, in days.
const WAIT_DAYS_MAX: i32 = 90;
/// A bona fide orientation of at most a month may come before the wait.
const ORIENTATION_DAYS: i32 = 31;
/// Employees from which the end of many jobs must be announced.
const NOTICE_EMPLOYEES: i32 = 100;
/// Jobs ending together that count as many.
const NOTICE_JOBS: i32 = 50;
/// Hours a week below which a job does not count.
const NOTICE_HOURS: i32 = 20;
/// Days of notice.
const NOTICE_DAYS: i32 = 60;

pub(super) const HEALTH_COVER: Rule = Rule {
    id: "health_cover",
    title: "Offer of health cover",
    article: "26 U.S.C. § 4980H(a), (c)(2), (c)(4)",
    official: "https://www.govinfo.gov/link/uscode/26/4980H",
    check: health_cover,
};

pub(super) const COVER_WAIT: Rule = Rule {
    id: "cover_wait",
    title: "Wait for health cover",
    article: "42 U.S.C. § 300gg-7; 45 CFR § 147.116",
    official: "https://www.ecfr.gov/current/title-45/section-147.116",
    check: cover_wait,
};

pub(super) const LAYOFF_NOTICE: Rule = Rule {
    id: "layoff_notice",
    title: "Notice before mass layoffs",
    article: "29 U.S.C. §§ 2101(a), 2102(a), 2103(1)",
    official: "https://www.govinfo.gov/link/uscode/29/2102",
    check: layoff_notice,
};

fn health_cover(case: &Case) -> Outcome {
    let (plan, start) = (case.plan, case.plan.start.to_string());
    if start.as_str() < COVER_FIRST_YEAR.0 {
        return met(format!("the offer is owed from {} on", COVER_FIRST_YEAR.0));
    }
    if matches!(plan.contract, ContractKind::Contractor | ContractKind::TemporaryAgency) {
        return met("those hired are not the asker's employees");
    }
    if plan.weekly_hours < COVER_HOURS {
        return met(format!("{} hours a week are fewer than {COVER_HOURS}", plan.weekly_hours));
    }
    if plan.offers_health_cover == Some(true) {
        return met("health cover is offered");
    }
    no_cover_offered(case, &start)
}

/// What an employer owes that offers no health cover, or does not say whether it does.
fn no_cover_offered(case: &Case, start: &str) -> Outcome {
    let plan = case.plan;
    let remedy = "offer health cover to those who work thirty hours a week";
    // Those hired count too, so that a large plan needs no word on how many there are already.
    let count = case.employees_then().unwrap_or(plan.headcount);
    if count < COVER_EMPLOYEES && plan.employees_now.is_some() {
        return met(format!("{count} employees are fewer than {COVER_EMPLOYEES}"));
    }
    if count < COVER_EMPLOYEES {
        return open(
            "the plan offers no health cover, and does not say how many the employer employs",
            remedy,
        );
    }
    if count < COVER_EMPLOYEES_FIRST_YEAR && start <= COVER_FIRST_YEAR.1 {
        return open(format!("with {count} employees the offer is owed from the year after on"), remedy);
    }
    match plan.offers_health_cover {
        Some(_) => broken(
            format!("an employer of {count} offers no health cover and would have to pay for it"),
            remedy,
        ),
        None => open("the plan does not say whether health cover is offered", remedy),
    }
}

fn cover_wait(case: &Case) -> Outcome {
    let plan = case.plan;
    if plan.start.to_string().as_str() < WAIT_SINCE {
        return met(format!("waits are bounded from {WAIT_SINCE} on"));
    }
    if plan.offers_health_cover != Some(true) {
        return met("no health cover is promised, so there is nothing to wait for");
    }
    let remedy = format!("let cover begin within {WAIT_DAYS_MAX} days");
    match plan.cover_wait_days {
        None => open("the plan does not say when cover begins", remedy),
        Some(days) if days <= WAIT_DAYS_MAX => met(format!("cover begins after {days} days")),
        Some(days) if days <= WAIT_DAYS_MAX + ORIENTATION_DAYS && plan.trial_months >= 1 => open(
            format!(
                "cover begins after {days} days, which is right only if the first month of the trial is an orientation"
            ),
            remedy,
        ),
        Some(days) => broken(format!("cover begins after {days} days, later than {WAIT_DAYS_MAX}"), remedy),
    }
}

fn layoff_notice(case: &Case) -> Outcome {
    let plan = case.plan;
    if plan.contract != ContractKind::FixedTerm
        || plan.headcount < NOTICE_JOBS
        || plan.weekly_hours < NOTICE_HOURS
    {
        return met(format!("no {NOTICE_JOBS} jobs of half the week end together"));
    }
    // Those hired count too: a hundred of them are enough by themselves.
    let count = case.employees_then().unwrap_or(plan.headcount);
    if count < NOTICE_EMPLOYEES && plan.employees_now.is_some() {
        return met(format!("{count} employees are fewer than {NOTICE_EMPLOYEES}"));
    }
    let remedy =
        format!("give {NOTICE_DAYS} days' notice, or tell everybody at the start that the project ends");
    match plan.notice_days {
        Some(days) if days >= NOTICE_DAYS => met(format!("{days} days of notice are given")),
        Some(days) if count >= NOTICE_EMPLOYEES => {
            broken(format!("{} jobs end together after {days} days of notice", plan.headcount), remedy)
        }
        Some(_) => open(
            format!(
                "{} jobs end together, and the plan does not say how many the employer employs",
                plan.headcount
            ),
            remedy,
        ),
        None => open(
            format!("{} jobs end together, and the plan does not say with what notice", plan.headcount),
            remedy,
        ),
    }
}
