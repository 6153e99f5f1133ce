//! What an hour must be paid, what an hour beyond forty must be paid, and what must be written down of both.

use super::{Case, Outcome, Rule, broken, met, open};
use crate::messages::ContractKind;
use crate::numbers::dollars;

/// The federal minimum wage in cents, with the year and month from whose end on it held.
const MINIMUM_WAGE_CENTS: [(&str, i64); 4] =
    [("1997-09", 515), ("2007-07", 585), ("2008-07", 655), ("2009-07", 725)];
/// What may be paid for the first ninety days to those under twenty, in cents.
const YOUTH_WAGE_CENTS: i64 = 425;
/// The age at which the youth wage ends.
const YOUTH_WAGE_AGE: i32 = 20;
/// Hours a week beyond which the rate rises.
const ORDINARY_HOURS: i32 = 40;
/// What an hour beyond them is paid at least, in per cent of an ordinary one.
const OVERTIME_PERCENT: i32 = 150;
/// Years that payroll records are kept.
const RECORD_YEARS: i32 = 3;

pub(super) const MINIMUM_WAGE: Rule = Rule {
    id: "minimum_wage",
    title: "Minimum wage",
    article: "29 U.S.C. § 206(a)(1), (g)",
    official: "https://www.govinfo.gov/link/uscode/29/206",
    check: minimum_wage,
};

pub(super) const OVERTIME: Rule = Rule {
    id: "overtime",
    title: "Overtime pay",
    article: "29 U.S.C. § 207(a)(1)",
    official: "https://www.govinfo.gov/link/uscode/29/207",
    check: overtime,
};

pub(super) const PAY_RECORDS: Rule = Rule {
    id: "pay_records",
    title: "Records of hours and pay",
    article: "29 U.S.C. § 211(c); 29 CFR § 516.5",
    official: "https://www.ecfr.gov/current/title-29/section-516.5",
    check: pay_records,
};

/// The minimum wage in cents at the end of the month in which the work starts. `None` before the table begins.
pub(super) fn minimum_wage_cents(case: &Case) -> Option<i64> {
    // Both are written YYYY-MM, so they compare as texts.
    let start = case.plan.start.to_string();
    MINIMUM_WAGE_CENTS.iter().rev().find(|(since, _)| *since <= start.as_str()).map(|(_, cents)| *cents)
}

fn minimum_wage(case: &Case) -> Outcome {
    let plan = case.plan;
    if case.contractors() {
        return met("contractors agree their price; contractor_status asks whether they are contractors");
    }
    let Some(least) = minimum_wage_cents(case) else {
        return open(
            format!("the minimum wage of {} is not in this rule's table", plan.start),
            "look up the rate of that year",
        );
    };
    let (pay, minimum) = (dollars(plan.pay_cents_per_hour), dollars(least));
    if plan.pay_cents_per_hour >= least {
        return met(format!("{pay} an hour is not below the minimum of {minimum}"));
    }
    let remedy = format!("pay at least {minimum} an hour");
    if plan.contract == ContractKind::Internship {
        return open(
            format!("{pay} an hour is below {minimum}, which only a trainee who is no employee may be paid"),
            format!("show that unpaid_internship is met, or {remedy}"),
        );
    }
    let young = plan.age_max.is_some_and(|oldest| oldest < YOUTH_WAGE_AGE);
    if young && plan.pay_cents_per_hour >= YOUTH_WAGE_CENTS {
        return open(
            format!(
                "{pay} an hour is below {minimum}, which those under twenty may be paid for ninety days only"
            ),
            format!("{remedy} from the ninety-first day on"),
        );
    }
    broken(format!("{pay} an hour is below the minimum of {minimum}"), remedy)
}

fn overtime(case: &Case) -> Outcome {
    let hours = case.plan.weekly_hours;
    if case.contractors() {
        return met("contractors agree their price; contractor_status asks whether they are contractors");
    }
    if hours <= ORDINARY_HOURS {
        return met(format!("{hours} hours a week are not more than {ORDINARY_HOURS}"));
    }
    let beyond = hours - ORDINARY_HOURS;
    let remedy = format!(
        "pay hours beyond {ORDINARY_HOURS} at {OVERTIME_PERCENT}% of the ordinary rate, or plan fewer"
    );
    match case.plan.overtime_percent {
        None => {
            open(format!("the plan does not say how {beyond} hours beyond {ORDINARY_HOURS} are paid"), remedy)
        }
        Some(percent) if percent < OVERTIME_PERCENT => broken(
            format!("{beyond} hours beyond {ORDINARY_HOURS} are paid at {percent}% of the ordinary rate"),
            remedy,
        ),
        Some(percent) => {
            met(format!("{beyond} hours beyond {ORDINARY_HOURS} are paid at {percent}% of the ordinary rate"))
        }
    }
}

fn pay_records(case: &Case) -> Outcome {
    if case.contractors() {
        return met("no hours are recorded for contractors");
    }
    let remedy = format!("keep records of hours and pay for {RECORD_YEARS} years");
    match case.plan.keeps_pay_records_years {
        None => open("the plan does not say how long records of hours and pay are kept", remedy),
        Some(years) if years < RECORD_YEARS => {
            broken(format!("records of hours and pay are kept for {years} of {RECORD_YEARS} years"), remedy)
        }
        Some(years) => met(format!("records of hours and pay are kept for {years} years")),
    }
}
