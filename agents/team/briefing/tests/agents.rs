//! The five agents, driven without a broker: what each asks, and what it makes of the answers.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use agents_agent::Driver;
use agents_team_briefing::messages::{Cause, Compliance, Part, Verdict};
use agents_team_briefing::planner::agent_of;
use agents_team_briefing::{
    Brief, Data, DataAnalyst, Figures, LegalCompliance, MarketTrends, Planner, Question, Synthesizer, Trend,
    plan, tasks,
};
use schemas_records::{Failure, FailureCode, ModelAnswer};

const ANALYSTS: [&str; 4] = ["data-analyst", "market-trends", "legal-compliance", "synthesizer"];

fn question(number: usize) -> Question {
    tasks::bundled().unwrap().remove(number - 1)
}

fn model_failure() -> Failure {
    Failure::new(FailureCode::ModelFailed, "the model answered nothing", "ask another one")
}

/// The planner forks over exactly the parts each question needs; with none it answers by itself.
#[test]
fn planner_forks_what_is_wanted() {
    let mut counts = [0; 4];
    for question in tasks::bundled().unwrap() {
        let wanted = plan::parts(&question).wanted;
        let mut driver = Driver::in_team("planner", Planner, &ANALYSTS).unwrap();
        driver.knows::<Brief>().unwrap();
        let said = driver.input(&question).unwrap();
        counts[wanted.len()] += 1;
        let branches: Vec<String> = said
            .expectation("synthesizer")
            .map(|expectation| expectation.parts.into_iter().map(|part| part.branch).collect())
            .unwrap_or_default();
        let expected: Vec<&str> = wanted.iter().map(|part| agent_of(*part)).collect();
        assert_eq!(branches, expected, "{}", question.question);
        for part in wanted {
            assert_eq!(said.inputs::<Question>(agent_of(part)), std::slice::from_ref(&question));
        }
        assert_eq!(said.reply::<Brief>().is_some(), expected.is_empty());
    }
    assert!(counts[0] + counts[1] + counts[2] >= 6, "parts depend on the task: {counts:?}");
}

/// The analysts ask the model to word what they computed; its words stand beside the numbers, never in
/// their place, and without them the numbers go out alone.
#[test]
fn analysts_word_their_numbers() {
    let data = Data::bundled().unwrap();
    let mut driver = Driver::new("data-analyst", DataAnalyst::new(data.clone())).unwrap();
    driver.knows::<Figures>().unwrap();
    let said = driver.input(&question(1)).unwrap();
    assert_eq!(said.model_requests().len(), 1);
    let worded = driver.answer("wording", &ModelAnswer::of_text("Many people work there.")).unwrap();
    let worded: Figures = worded.reply().unwrap();
    assert_eq!((worded.wording.as_str(), worded.model.as_str()), ("Many people work there.", "test"));

    let mut driver = Driver::new("data-analyst", DataAnalyst::new(data.clone())).unwrap();
    driver.knows::<Figures>().unwrap();
    driver.input(&question(1)).unwrap();
    let bare: Figures = driver.fail("wording", &model_failure()).unwrap().reply().unwrap();
    assert_eq!(bare, Figures { wording: String::new(), model: String::new(), ..worded });

    let mut driver = Driver::new("market-trends", MarketTrends::new(data)).unwrap();
    driver.knows::<Trend>().unwrap();
    driver.input(&question(1)).unwrap();
    let invented = driver.answer("wording", &ModelAnswer::of_text("It grew by 99 percent.")).unwrap();
    let trend: Trend = invented.reply().unwrap();
    assert_eq!(trend.wording, "", "a number that nobody computed is not taken over");
}

/// Rules are checked without any model.
#[test]
fn legal_asks_nobody() {
    let mut driver = Driver::new("legal-compliance", LegalCompliance).unwrap();
    driver.knows::<Compliance>().unwrap();
    let said = driver.input(&question(1)).unwrap();
    assert!(said.model_requests().is_empty());
    assert!(said.reply::<Compliance>().unwrap().findings.len() >= 8);
    let without_plan = Question { plan: None, ..question(1) };
    let mut driver = Driver::new("legal-compliance", LegalCompliance).unwrap();
    assert_eq!(driver.input(&without_plan).unwrap().failure().unwrap().code, FailureCode::AgentFailed);
}

/// The synthesizer writes a brief from what came: a failed part is named with its reason, a late one as
/// late; blank answers of the model change the brief's words and not its verdict.
#[test]
fn synthesizer_bears_what_is_missing() {
    let question = question(1);
    let gather = |text: &str| {
        let mut driver = Driver::new("synthesizer", Synthesizer).unwrap();
        driver.knows::<Brief>().unwrap();
        let plan = question.plan.as_ref().unwrap();
        let compliance = agents_team_briefing::rules::check(plan, &question.sector, question.month);
        let failed = Failure::new(FailureCode::AgentFailed, "no figures for that month", "ask for another");
        let said = driver
            .gather()
            .failed("data-analyst", &failed)
            .unwrap()
            .missing("market-trends")
            .part("legal-compliance", &compliance)
            .unwrap()
            .close(&question)
            .unwrap();
        assert_eq!(said.model_requests().len(), 1);
        driver.answer("wording", &ModelAnswer::of_text(text)).unwrap().reply::<Brief>().unwrap()
    };
    let brief = gather("Nothing can be said.");
    assert_eq!(brief.verdict, Verdict::CannotSay);
    let causes: Vec<(Part, Cause)> =
        brief.missing.iter().map(|missing| (missing.part, missing.cause)).collect();
    assert_eq!(causes, [(Part::Figures, Cause::Failed), (Part::Trend, Cause::Late)]);
    assert_eq!(brief.missing[0].reason, "no figures for that month");
    let blank = gather("");
    assert_ne!(agents_team_briefing::render(&brief), agents_team_briefing::render(&blank));
    assert_eq!(brief.verdict, blank.verdict);
    assert_eq!(brief.figures, blank.figures);
}
