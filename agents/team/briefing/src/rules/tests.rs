//! Every rule with plans that keep it, leave it open and break it, and the laws all rules obey.

use std::collections::BTreeSet;

use super::*;
use crate::messages::tests::plan;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// What one rule says of the good plan after `change`, asked as of March 2014 about `sector`.
fn status_in(sector: &str, rule: &str, change: &dyn Fn(&mut HiringPlan)) -> Finding {
    let mut plan = plan();
    change(&mut plan);
    let findings = check(&plan, sector, month("2014-03")).findings;
    findings.into_iter().find(|finding| finding.rule == rule).unwrap()
}

/// Each case: the rule, a change to the good plan, and the status it must have in retail trade.
type Row = (&'static str, fn(&mut HiringPlan), Status);

use ContractKind::{Contractor, FixedTerm, Internship, Other, Permanent, TemporaryAgency};
use Status::{Broken, Met, Open};

const TERMS: &[Row] = &[
    ("terms_fit", |_| {}, Met),
    ("terms_fit", |p| (p.contract, p.duration_months) = (FixedTerm, Some(6)), Met),
    ("terms_fit", |p| p.contract = FixedTerm, Open),
    ("terms_fit", |p| p.contract = Internship, Open),
    ("terms_fit", |p| p.start = Month::parse("2016-04").unwrap(), Open),
    ("terms_fit", |p| p.start = Month::parse("2016-03").unwrap(), Met),
    ("terms_fit", |p| p.start = Month::parse("2014-02").unwrap(), Broken),
    ("terms_fit", |p| p.weekly_hours = 0, Broken),
    ("terms_fit", |p| p.duration_months = Some(6), Broken),
    ("terms_fit", |p| (p.contract, p.duration_months, p.trial_months) = (FixedTerm, Some(6), 8), Broken),
    ("terms_fit", |p| (p.age_min, p.age_max) = (Some(40), Some(30)), Broken),
];

const PAY: &[Row] = &[
    ("minimum_wage", |p| p.pay_cents_per_hour = 725, Met),
    ("minimum_wage", |p| p.pay_cents_per_hour = 724, Broken),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.contract) = (0, Contractor), Met),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.contract) = (0, Internship), Open),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.age_max) = (425, Some(19)), Open),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.age_max) = (424, Some(19)), Broken),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.age_max) = (425, Some(20)), Broken),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.start) = (655, Month::parse("2009-06").unwrap()), Met),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.start) = (655, Month::parse("2009-07").unwrap()), Broken),
    ("minimum_wage", |p| (p.pay_cents_per_hour, p.start) = (515, Month::parse("2007-06").unwrap()), Met),
    ("minimum_wage", |p| p.start = Month::parse("1990-01").unwrap(), Open),
    ("overtime", |p| p.weekly_hours = 40, Met),
    ("overtime", |p| p.weekly_hours = 41, Open),
    ("overtime", |p| (p.weekly_hours, p.overtime_percent) = (41, Some(149)), Broken),
    ("overtime", |p| (p.weekly_hours, p.overtime_percent) = (41, Some(150)), Met),
    ("overtime", |p| (p.weekly_hours, p.contract) = (60, Contractor), Met),
    ("pay_records", |p| p.keeps_pay_records_years = Some(3), Met),
    ("pay_records", |p| p.keeps_pay_records_years = None, Open),
    ("pay_records", |p| p.keeps_pay_records_years = Some(2), Broken),
    ("pay_records", |p| (p.keeps_pay_records_years, p.contract) = (None, Contractor), Met),
];

const AGES: &[Row] = &[
    ("youngest_age", |p| p.age_min = Some(16), Met),
    ("youngest_age", |p| p.age_min = None, Open),
    ("youngest_age", |p| (p.age_min, p.weekly_hours) = (Some(15), 18), Met),
    ("youngest_age", |p| (p.age_min, p.weekly_hours) = (Some(15), 19), Open),
    ("youngest_age", |p| (p.age_min, p.weekly_hours) = (Some(14), 41), Broken),
    ("youngest_age", |p| (p.age_min, p.weekly_hours) = (Some(13), 5), Broken),
    ("youngest_age", |p| (p.age_min, p.contract) = (None, Contractor), Met),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work) = (Some(18), Some(true)), Met),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work) = (Some(16), Some(false)), Met),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work) = (Some(16), None), Met),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work) = (None, Some(true)), Open),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work) = (Some(17), Some(true)), Broken),
    ("hazardous_work", |p| (p.age_min, p.hazardous_work, p.contract) = (None, Some(true), Contractor), Met),
    ("oldest_age", |p| p.age_max = None, Met),
    ("oldest_age", |p| p.age_max = Some(35), Broken),
    ("oldest_age", |p| (p.age_max, p.employees_now) = (Some(35), Some(8)), Broken),
    ("oldest_age", |p| (p.age_max, p.employees_now) = (Some(35), Some(7)), Open),
    ("oldest_age", |p| (p.age_max, p.employees_now) = (Some(35), None), Open),
    ("oldest_age", |p| (p.age_max, p.employees_now, p.headcount) = (Some(35), None, 20), Broken),
    ("oldest_age", |p| (p.age_max, p.contract) = (Some(35), Contractor), Met),
];

const STANDING: &[Row] = &[
    ("work_papers", |p| p.checks_work_papers = Some(true), Met),
    ("work_papers", |p| p.checks_work_papers = None, Open),
    ("work_papers", |p| p.checks_work_papers = Some(false), Broken),
    ("work_papers", |p| (p.checks_work_papers, p.contract) = (None, TemporaryAgency), Met),
    ("work_papers", |p| (p.checks_work_papers, p.contract) = (None, Contractor), Met),
    ("contractor_status", |p| p.contract = Permanent, Met),
    ("contractor_status", |p| p.contract = Other, Open),
    ("contractor_status", |p| p.contract = Contractor, Open),
    ("contractor_status", |p| (p.contract, p.directs_the_work) = (Contractor, Some(false)), Met),
    ("contractor_status", |p| (p.contract, p.directs_the_work) = (Contractor, Some(true)), Broken),
    ("unpaid_internship", |p| p.contract = Permanent, Met),
    ("unpaid_internship", |p| (p.contract, p.replaces_staff) = (Internship, Some(true)), Met),
    ("unpaid_internship", |p| (p.contract, p.pay_cents_per_hour) = (Internship, 0), Open),
    (
        "unpaid_internship",
        |p| (p.contract, p.pay_cents_per_hour, p.replaces_staff) = (Internship, 0, Some(false)),
        Met,
    ),
    (
        "unpaid_internship",
        |p| (p.contract, p.pay_cents_per_hour, p.replaces_staff) = (Internship, 724, Some(true)),
        Broken,
    ),
];

/// A large employer and a start in 2015 or 2016, in which the offer of cover is owed.
fn large(plan: &mut HiringPlan, start: &str, employees: Option<i32>, offers: Option<bool>) {
    (plan.start, plan.employees_now, plan.offers_health_cover) =
        (Month::parse(start).unwrap(), employees, offers);
}

/// Cover that begins after some days, with a trial.
fn wait(plan: &mut HiringPlan, days: Option<i32>, trial: i32) {
    (plan.offers_health_cover, plan.cover_wait_days, plan.trial_months) = (Some(true), days, trial);
}

/// Many fixed terms that end together.
fn end(plan: &mut HiringPlan, employees: Option<i32>, notice: Option<i32>) {
    (plan.contract, plan.headcount, plan.employees_now, plan.notice_days) =
        (FixedTerm, 50, employees, notice);
}

const DUTIES: &[Row] = &[
    ("health_cover", |p| large(p, "2014-12", Some(500), Some(false)), Met),
    ("health_cover", |p| large(p, "2015-01", Some(500), Some(false)), Broken),
    ("health_cover", |p| large(p, "2015-01", Some(500), None), Open),
    ("health_cover", |p| large(p, "2015-01", Some(500), Some(true)), Met),
    ("health_cover", |p| large(p, "2015-01", None, None), Open),
    ("health_cover", |p| large(p, "2015-12", Some(60), Some(false)), Open),
    ("health_cover", |p| large(p, "2016-01", Some(60), Some(false)), Broken),
    ("health_cover", |p| large(p, "2016-01", Some(37), Some(false)), Met),
    (
        "health_cover",
        |p| {
            large(p, "2016-01", Some(500), Some(false));
            p.weekly_hours = 29
        },
        Met,
    ),
    (
        "health_cover",
        |p| {
            large(p, "2016-01", Some(500), Some(false));
            p.contract = TemporaryAgency
        },
        Met,
    ),
    ("cover_wait", |p| p.offers_health_cover = None, Met),
    ("cover_wait", |p| wait(p, None, 0), Open),
    ("cover_wait", |p| wait(p, Some(90), 0), Met),
    ("cover_wait", |p| wait(p, Some(91), 0), Broken),
    ("cover_wait", |p| wait(p, Some(121), 1), Open),
    ("cover_wait", |p| wait(p, Some(122), 1), Broken),
    (
        "cover_wait",
        |p| {
            wait(p, Some(200), 0);
            p.start = Month::parse("2013-12").unwrap()
        },
        Met,
    ),
    ("layoff_notice", |p| p.headcount = 500, Met),
    ("layoff_notice", |p| end(p, Some(50), Some(60)), Met),
    ("layoff_notice", |p| end(p, Some(49), Some(5)), Met),
    ("layoff_notice", |p| end(p, Some(50), Some(59)), Broken),
    ("layoff_notice", |p| end(p, Some(50), None), Open),
    ("layoff_notice", |p| end(p, None, Some(59)), Open),
    (
        "layoff_notice",
        |p| {
            end(p, Some(50), None);
            p.weekly_hours = 19
        },
        Met,
    ),
];

#[test]
fn every_rule_can_be_met_left_open_and_broken() {
    // Shows: each rule's status at and around its bounds; what is not met says how it would be; no rule is without all three.
    let mut seen = BTreeSet::new();
    for (rule, change, status) in [TERMS, PAY, AGES, STANDING, DUTIES].concat() {
        let finding = status_in("retail_trade", rule, &change);
        assert_eq!(finding.status, status, "{rule}: {}", finding.reason);
        assert!(!finding.reason.is_empty() && !finding.reason.ends_with('.'));
        assert_eq!(finding.remedy.is_empty(), status == Met, "{rule}: {}", finding.remedy);
        seen.insert((rule, status));
    }
    let all = RULES.iter().flat_map(|rule| [Met, Open, Broken].map(|status| (rule.id, status))).collect();
    assert_eq!(seen, all);
}

#[test]
fn some_rules_depend_on_the_sector() {
    // Shows: farms, building and unknown sectors have their own answers about the young.
    let young = |p: &mut HiringPlan| (p.age_min, p.weekly_hours, p.hazardous_work) = (Some(15), 10, None);
    let sixteen = |p: &mut HiringPlan| (p.age_min, p.hazardous_work) = (Some(16), Some(true));
    let check = |sector: &str, rule: &str, change: &dyn Fn(&mut HiringPlan), status: Status| {
        let finding = status_in(sector, rule, change);
        assert_eq!(finding.status, status, "{sector} {rule}: {}", finding.reason);
    };
    check("retail", "youngest_age", &young, Met);
    check("construction", "youngest_age", &young, Broken);
    check("agriculture", "youngest_age", &young, Open);
    check("asteroid mining", "youngest_age", &young, Open);
    check("retail", "hazardous_work", &young, Met);
    check("construction", "hazardous_work", &young, Open);
    check("asteroid mining", "hazardous_work", &young, Open);
    check("agriculture", "hazardous_work", &sixteen, Met);
    check("construction", "hazardous_work", &sixteen, Broken);
}

#[test]
fn a_good_plan_keeps_every_rule() {
    // Shows: the good plan is met by all, in the order of the rules, with nothing worded yet.
    let compliance = check(&plan(), "retail trade", month("2014-03"));
    let ids: Vec<_> = compliance.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(ids, RULES.map(|rule| rule.id));
    for finding in &compliance.findings {
        assert_eq!(finding.status, Met, "{}: {}", finding.rule, finding.reason);
    }
    assert!(compliance.wording.is_empty() && compliance.model.is_empty());
    assert_eq!(compliance.sector, "retail trade");
}

#[test]
fn every_rule_stands_on_an_article() {
    // Shows: ids are distinct; all but the plan's own logic name a section of the code and where it can be read.
    let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    for rule in &RULES {
        assert!(rule.article.contains("U.S.C. §") != (rule.id == "terms_fit"), "{}", rule.id);
        assert!(rule.official.starts_with("https://") != (rule.id == "terms_fit"), "{}", rule.id);
        // A brief prints it on one line.
        assert!(rule.official.len() <= 70, "{}", rule.id);
    }
}
