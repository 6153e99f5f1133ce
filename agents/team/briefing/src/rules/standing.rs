//! In what standing somebody works: allowed to work at all, truly a contractor, truly a trainee.

use super::pay::minimum_wage_cents;
use super::{Case, Outcome, Rule, broken, met, open};
use crate::messages::ContractKind;
use crate::numbers::dollars;

pub(super) const WORK_PAPERS: Rule = Rule {
    id: "work_papers",
    title: "Papers that permit work",
    article: "8 U.S.C. § 1324a(b); 8 CFR § 274a.2(b)(1)",
    official: "https://www.ecfr.gov/current/title-8/section-274a.2",
    check: work_papers,
};

pub(super) const CONTRACTOR_STATUS: Rule = Rule {
    id: "contractor_status",
    title: "Contractor or employee",
    article: "29 U.S.C. § 203(e)(1), (g)",
    official: "https://www.govinfo.gov/link/uscode/29/203",
    check: contractor_status,
};

pub(super) const UNPAID_INTERNSHIP: Rule = Rule {
    id: "unpaid_internship",
    title: "Interns paid below the minimum",
    article: "29 U.S.C. § 203(e)(1); 330 U.S. 148 (1947)",
    official: "https://www.loc.gov/item/usrep330148/",
    check: unpaid_internship,
};

fn work_papers(case: &Case) -> Outcome {
    match (case.plan.contract, case.plan.checks_work_papers) {
        (ContractKind::Contractor, _) => met("no form is filled in for independent contractors"),
        (ContractKind::TemporaryAgency, _) => met("the agency employs, and looks at the papers"),
        (_, Some(true)) => met("papers are looked at within three business days"),
        (_, Some(false)) => {
            broken("papers are not looked at", "look at papers within three business days of the start")
        }
        (_, None) => open(
            "the plan does not say whether papers are looked at",
            "look at papers within three business days of the start",
        ),
    }
}

fn contractor_status(case: &Case) -> Outcome {
    let remedy = "leave hours and methods to the contractors, or employ them";
    match (case.plan.contract, case.plan.directs_the_work) {
        (ContractKind::Contractor, Some(false)) => met("the contractors set their own hours and methods"),
        (ContractKind::Contractor, Some(true)) => {
            broken("whoever is told when and how to work is an employee", remedy)
        }
        (ContractKind::Contractor, None) => open("the plan does not say who sets hours and methods", remedy),
        (ContractKind::Other, _) => {
            open("the plan does not say what kind of contract it is", "name the kind of contract")
        }
        (_, _) => met("those hired are employees"),
    }
}

fn unpaid_internship(case: &Case) -> Outcome {
    if case.plan.contract != ContractKind::Internship {
        return met("no interns are hired");
    }
    let remedy = "let interns learn beside staff, not in its place, or pay the minimum wage";
    match (minimum_wage_cents(case), case.plan.replaces_staff) {
        (Some(least), _) if case.plan.pay_cents_per_hour >= least => met(format!(
            "interns are paid {} an hour, as employees are",
            dollars(case.plan.pay_cents_per_hour)
        )),
        (_, Some(false)) => met("the interns take nobody's place"),
        (_, Some(true)) => broken("interns below the minimum wage do what paid staff would do", remedy),
        (_, None) => open("the plan does not say whether the interns do what paid staff would do", remedy),
    }
}
