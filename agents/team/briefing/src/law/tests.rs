//! The texts: each whole, cited by its article, and found by what is said of its rule.

use agents_knowledge::Base;

use super::*;
use crate::facts;
use crate::messages::Status;
use crate::messages::tests::{plan, question};
use crate::month::Month;
use crate::{rules, tasks};

fn base() -> Base {
    Base::of_texts(BASE, &TEXTS).unwrap()
}

#[test]
fn every_rule_of_law_has_its_text() {
    // Shows: at least fifteen texts of one passage each, with article, heading and official source; those with a predicate
    // say the same as the rule beside it.
    let base = base();
    assert!(TEXTS.len() >= 15 && base.passages() == TEXTS.len(), "{} of {}", base.passages(), TEXTS.len());
    for (document, text) in TEXTS {
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap();
        let query = KnowledgeQuery { base: BASE.into(), text: title.to_owned(), top: 20 };
        let found = base.ask(&query).unwrap().passages;
        let passage = found.iter().find(|passage| passage.id == format!("{document}#0001")).unwrap();
        let citation = cited(passage);
        assert!(citation.article.contains("U.S.C. §"), "{document}");
        assert!(facts::official(&citation).starts_with("https://"), "{document}");
        let says = facts::says(&citation);
        assert!(says.ends_with('.') && (60..=320).contains(&says.chars().count()), "{document}: {says}");
        let Some(rule) = RULES.iter().find(|rule| document == format!("{}.md", rule.id)) else { continue };
        assert_eq!((rule.title, rule.article), (title, citation.article.as_str()));
        assert_eq!(rule.official, facts::official(&citation));
    }
    let with_text =
        RULES.iter().filter(|rule| TEXTS.iter().any(|(name, _)| *name == format!("{}.md", rule.id)));
    assert_eq!(with_text.count(), RULES.len() - 1, "all but the plan's own logic");
}

#[test]
fn every_finding_finds_its_own_text() {
    // Shows: whatever is found of a bundled plan, and of a plan that says nothing, the rule's own text comes first.
    let base = base();
    let mut seen = 0;
    let mut check = |plan: &HiringPlan, sector: &str, month: Month| {
        for finding in rules::check(plan, sector, month).findings.iter().filter(|it| it.status != Status::Met)
        {
            let Some(query) = query(finding) else { continue };
            let found = base.ask(&query).unwrap();
            let first = &found.passages[0].id;
            assert_eq!(*first, format!("{}.md#0001", finding.rule), "{}", query.text);
            assert_eq!(citation(finding, &found).map(|it| it.article), Some(finding.article.clone()));
            seen += 1;
        }
    };
    for task in tasks::bundled().unwrap() {
        if let Some(plan) = &task.plan {
            check(plan, &task.sector, task.month);
        }
    }
    let silent = HiringPlan {
        weekly_hours: 50,
        pay_cents_per_hour: 300,
        age_min: None,
        age_max: Some(30),
        hazardous_work: None,
        checks_work_papers: None,
        keeps_pay_records_years: None,
        employees_now: None,
        start: Month::parse("2015-06").unwrap(),
        ..plan()
    };
    check(&silent, "construction", Month::parse("2015-03").unwrap());
    let many = HiringPlan {
        contract: ContractKind::FixedTerm,
        headcount: 200,
        notice_days: Some(1),
        duration_months: Some(3),
        offers_health_cover: Some(true),
        ..silent.clone()
    };
    check(&many, "construction", Month::parse("2015-03").unwrap());
    let young = HiringPlan { age_min: Some(13), hazardous_work: Some(true), ..silent };
    check(&young, "retail", Month::parse("2015-03").unwrap());
    let contractor = HiringPlan { contract: ContractKind::Contractor, directs_the_work: None, ..plan() };
    check(&contractor, "retail", Month::parse("2014-03").unwrap());
    assert!(seen >= 20, "{seen}");
}

#[test]
fn what_else_concerns_a_plan_is_found_by_its_facts() {
    // Shows: by sector, danger and size another text; those with a predicate are never among them.
    let base = base();
    let check = |sector: &str, change: &dyn Fn(&mut HiringPlan), expected: &[&str]| {
        let mut plan = plan();
        change(&mut plan);
        let asked = Question { sector: sector.to_owned(), ..question() };
        let found = also(&base.ask(&query_of_plan(&asked, &plan)).unwrap());
        let names: Vec<&str> = found.iter().map(|it| document(&it.passage)).collect();
        assert_eq!(names, expected, "{sector}");
    };
    check("retail", &|_| {}, &["new_hire_report.md", "fair_hiring.md"]);
    check("farming", &|_| {}, &["farm_workers.md", "fair_hiring.md"]);
    check("construction", &|p| p.hazardous_work = Some(true), &["safe_workplace.md", "fair_hiring.md"]);
    check("banking", &|p| p.employees_now = Some(75), &["family_leave.md", "background_checks.md"]);
    check(
        "astrology",
        &|p| (p.headcount, p.employees_now) = (1, None),
        &["new_hire_report.md", "equal_pay.md"],
    );
}

#[test]
fn another_rules_passage_is_not_cited() {
    // Shows: a passage of another document, or one that names another article, is no citation; what is no law is not looked for.
    let finding = |rule: &str| {
        rules::check(&plan(), "retail", question().month).findings.into_iter().find(|it| it.rule == rule)
    };
    let overtime = finding("overtime").unwrap();
    let passage = |id: &str, source: &str| Passages {
        passages: vec![Passage {
            id: id.to_owned(),
            source: source.to_owned(),
            title: "t".to_owned(),
            text: "x".to_owned(),
            score: 1.0,
        }],
    };
    assert!(citation(&overtime, &passage("overtime.md#0001", &overtime.article)).is_some());
    assert!(citation(&overtime, &passage("minimum_wage.md#0001", &overtime.article)).is_none());
    assert!(citation(&overtime, &passage("overtime.md#0001", "hearsay")).is_none());
    assert!(citation(&overtime, &Passages { passages: Vec::new() }).is_none());
    assert!(query(&finding("terms_fit").unwrap()).is_none());
}
