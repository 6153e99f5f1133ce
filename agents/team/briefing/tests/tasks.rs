//! The whole team over its bundled tasks, without a runtime: parts, verdicts, and that the verdict follows the data.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in functions marked as tests, not in those they share"
)]

use std::collections::BTreeSet;

use agents_team_briefing::data::{EMPLOYMENT, UNEMPLOYMENT};
use agents_team_briefing::messages::{Cause, Missing, Part, Verdict};
use agents_team_briefing::verdict::Gathered;
use agents_team_briefing::{
    Brief, Data, Question, brief, compose, figures, plan, render, rules, sectors, tasks, trend,
};

/// What the agents do together: the parts the planner wants, each computed or failed, then gathered and put into a brief.
fn answer(data: &Data, question: &Question) -> Brief {
    let (mut found_figures, mut found_trend, mut found_compliance) = (None, None, None);
    let mut failures = Vec::new();
    let mut failed = |part, reason: String| failures.push(Missing { part, cause: Cause::Failed, reason });
    for part in plan::parts(question).wanted.into_iter().filter(|part| question.late_drill != Some(*part)) {
        let sector = sectors::find(&question.sector);
        match part {
            Part::Figures => match figures::compute(data, sector.unwrap(), question.month) {
                Ok(figures) => found_figures = Some(figures),
                Err(error) => failed(part, error.to_string()),
            },
            Part::Trend => match trend::compute(data, sector.unwrap(), question.month) {
                Ok(trend) => found_trend = Some(trend),
                Err(error) => failed(part, error.to_string()),
            },
            Part::Compliance => {
                found_compliance =
                    question.plan.as_ref().map(|plan| rules::check(plan, &question.sector, question.month));
            }
        }
    }
    let gathered = Gathered::new(question, found_figures, found_trend, found_compliance, failures);
    compose::brief(question, &gathered, "", "")
}

/// For each bundled task, in order: the verdict, how many parts the planner wants, and how many are missing in the end.
const EXPECTED: [(Verdict, usize, usize); 33] = {
    use Verdict::{CannotSay, DoNotHire, Hire, HireWithConditions, Wait};
    [
        (Hire, 3, 0),
        (DoNotHire, 3, 0),
        (Wait, 3, 0),
        (HireWithConditions, 3, 0),
        // An unknown subject: only the plan can be looked at.
        (CannotSay, 1, 2),
        // The market alone was asked for.
        (HireWithConditions, 2, 1),
        (HireWithConditions, 3, 0),
        // A plan that contradicts itself.
        (DoNotHire, 3, 0),
        // Employment is not counted for farms.
        (Wait, 2, 1),
        (HireWithConditions, 3, 0),
        // A month after the data: two parts are asked for and fail.
        (CannotSay, 3, 2),
        // A month too early for a trend.
        (HireWithConditions, 3, 1),
        (Wait, 3, 0),
        // Nobody is to be hired, and no plan at all.
        (HireWithConditions, 2, 1),
        (HireWithConditions, 2, 1),
        // The plan alone was asked for.
        (DoNotHire, 1, 2),
        (HireWithConditions, 1, 2),
        // A slip of the keyboard, and no plan: nothing to do but say so.
        (CannotSay, 0, 3),
        (DoNotHire, 3, 0),
        (HireWithConditions, 3, 0),
        (DoNotHire, 3, 0),
        (DoNotHire, 3, 0),
        (HireWithConditions, 3, 0),
        (HireWithConditions, 2, 1),
        // A month before employment is counted: unemployment alone speaks.
        (HireWithConditions, 3, 1),
        (Hire, 3, 0),
        (Hire, 3, 0),
        (HireWithConditions, 3, 0),
        (DoNotHire, 3, 0),
        (HireWithConditions, 1, 2),
        (DoNotHire, 3, 0),
        (Wait, 3, 0),
        // One part comes too late, as it was told to.
        (HireWithConditions, 3, 1),
    ]
};

#[test]
fn every_task_has_the_verdict_it_should() {
    // Shows: verdict, parts wanted and parts missing of every bundled task; the first eight show all five verdicts.
    let data = Data::bundled().unwrap();
    let tasks = tasks::bundled().unwrap();
    let found: Vec<_> =
        tasks.iter().map(|task| (answer(&data, task), plan::parts(task).wanted.len())).collect();
    for (at, (brief, parts)) in found.iter().enumerate() {
        assert_eq!(
            (brief.verdict, *parts, brief.missing.len()),
            EXPECTED[at],
            "task {}:\n{}",
            at + 1,
            render(brief)
        );
    }
    assert_eq!(found.len(), EXPECTED.len());
    let verdicts: BTreeSet<_> = found[..8].iter().map(|(brief, _)| brief.verdict).collect();
    assert_eq!(verdicts.len(), Verdict::ALL.len(), "the demo's first eight show every verdict");
    assert!(found.iter().filter(|(_, parts)| *parts != 3).count() >= 6);
}

#[test]
fn every_brief_is_fit_to_print() {
    // Shows: no bundled task gives a line wider than the terminal, a sentence without a source, or a second answer that differs.
    let data = Data::bundled().unwrap();
    for task in tasks::bundled().unwrap() {
        let first = answer(&data, &task);
        let text = render(&first);
        assert!(text.lines().all(|line| line.chars().count() <= brief::WIDTH), "{text}");
        assert!(
            first.paragraphs.iter().chain(&first.conditions).all(|statement| !statement.source.is_empty())
        );
        assert_eq!(first, answer(&data, &task));
    }
}

/// The data with `sector`'s employment in `month` replaced.
fn with_employment(sector: &str, month: &str, thousands: &str) -> Data {
    let header: Vec<&str> = EMPLOYMENT.lines().next().unwrap().split(',').collect();
    let column = header.iter().position(|name| *name == sector).unwrap();
    let mut table = String::new();
    for line in EMPLOYMENT.lines() {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[0] == month {
            cells[column] = thousands;
        }
        table.push_str(&cells.join(","));
        table.push('\n');
    }
    Data::read(&table, UNEMPLOYMENT).unwrap()
}

#[test]
fn swapping_one_figure_changes_the_verdict() {
    // Shows: the verdict rests on the data: one other number, or an emptied cell, and the same task ends differently.
    let tasks = tasks::bundled().unwrap();
    let check = |task: usize, sector: &str, month: &str, thousands: &str, before: Verdict, after: Verdict| {
        let question = &tasks[task - 1];
        assert_eq!(answer(&Data::bundled().unwrap(), question).verdict, before);
        assert_eq!(
            answer(&with_employment(sector, month, thousands), question).verdict,
            after,
            "task {task}"
        );
    };
    // A year before, twice as many worked there; this month, half; nobody counted.
    check(
        1,
        "professional_and_business_services",
        "2013-03",
        "36732",
        Verdict::Hire,
        Verdict::HireWithConditions,
    );
    check(1, "professional_and_business_services", "2014-03", "9443", Verdict::Hire, Verdict::DoNotHire);
    check(1, "professional_and_business_services", "2014-03", "", Verdict::Hire, Verdict::CannotSay);
    check(3, "retail_trade", "2008-06", "16900", Verdict::Wait, Verdict::HireWithConditions);
    check(31, "mining_and_logging", "2014-12", "760", Verdict::DoNotHire, Verdict::Wait);
}

#[test]
fn a_broken_rule_of_the_plan_changes_the_verdict() {
    // Shows: the verdict rests on the plan too: one field of it, and hire becomes do not hire.
    let data = Data::bundled().unwrap();
    let mut question = tasks::bundled().unwrap().remove(0);
    assert_eq!(answer(&data, &question).verdict, Verdict::Hire);
    if let Some(plan) = &mut question.plan {
        plan.pay_cents_per_hour = 500;
    }
    let brief = answer(&data, &question);
    assert_eq!(brief.verdict, Verdict::DoNotHire);
    assert!(brief.rules.iter().any(|finding| finding.rule == "minimum_wage"));
}

#[test]
fn the_codec_reads_tasks_as_serde_does() {
    // Shows: a task line sent as plain JSON becomes, through the schema and its defaults, the very same question.
    let registry = schemas_codec::Registry::new().unwrap();
    registry.register::<Question>().unwrap();
    let codec = schemas_codec::Codec::new(registry);
    for (line, task) in tasks::TASKS.lines().zip(tasks::bundled().unwrap()) {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes = codec.from_json(<Question as schemas_records::Message>::NAME, &json).unwrap();
        assert_eq!(codec.decode::<Question>(&bytes).unwrap(), task);
    }
}
