//! The agents where a model may write plans and queries: what is good is used, what is bad or hostile is refused aloud, and
//! the numbers are the tables' in every case.

use super::gateways::Gateways;
use agents_agent::Driver;
use agents_team_briefing::messages::{Cause, Order, Origin, Part, Verdict};
use agents_team_briefing::queries::TOOL;
use agents_team_briefing::{
    Author, Brief, Data, DataAnalyst, Figures, MarketTrends, Planner, Question, Synthesizer, Trend, figures,
    plan, render, sectors, tasks,
};
use schemas_records::tool::SqlQuery;
use schemas_records::{Failure, FailureCode, ModelAnswer};

const ANALYSTS: [&str; 4] = ["data-analyst", "market-trends", "legal-compliance", "synthesizer"];

fn question(number: usize) -> Question {
    tasks::bundled().unwrap().remove(number - 1)
}

fn model_failure() -> Failure {
    Failure::new(FailureCode::OutOfBudget, "the task has no calls left", "give it more")
}

/// What the analyst makes of a query that a model wrote, or of none; and whether it was run at all.
async fn with_query(gateways: &Gateways, said: Result<&str, &Failure>) -> (Figures, bool) {
    let mut driver = Driver::new("data-analyst", DataAnalyst::new(Author::Model)).unwrap();
    driver.knows::<Figures>().unwrap();
    let begun = driver.input(&question(2)).unwrap();
    assert_eq!(begun.model_requests().len(), 1);
    assert!(begun.tool_calls::<SqlQuery>(TOOL).is_empty());
    let mut step = match said {
        Ok(text) => driver.answer("query", &ModelAnswer::of_text(text)).unwrap(),
        Err(failure) => driver.fail("query", failure).unwrap(),
    };
    let asked: Vec<SqlQuery> = step.tool_calls(TOOL);
    let was_run = asked.len() == 1;
    if was_run {
        step = match gateways.tables(&asked[0]).await {
            Ok(table) => driver.answer("proposed", &table).unwrap(),
            Err(failure) => driver.fail("proposed", &failure).unwrap(),
        };
    }
    let last = gateways.answer_fixed(&mut driver, &step).await;
    assert!(last.model_requests().is_empty(), "the call was spent on the query");
    (last.reply().unwrap(), was_run)
}

/// A good query chooses what to look at besides; its numbers are compared with the fixed query's, cell by cell.
#[tokio::test]
async fn a_good_query_is_used() {
    let data = Data::bundled().unwrap();
    let good = "```sql\nSELECT sector, month, persons FROM employment\nWHERE sector IN ('construction', 'retail_trade') \
                AND month IN ('2009-06', '2008-06') ORDER BY persons;\n```";
    let (found, was_run) = with_query(&Gateways::over(&data), Ok(good)).await;
    assert!(was_run);
    let fixed = figures::compute(&data, sectors::find("construction").unwrap(), question(2).month).unwrap();
    assert_eq!((&found.employment, &found.unemployment), (&fixed.employment, &fixed.unemployment));
    let others: Vec<&str> = found.others.iter().map(|level| level.sector.as_str()).collect();
    assert_eq!(others, ["retail_trade", "retail_trade"]);
    let proposed = found.queries.last().unwrap();
    assert_eq!((proposed.name.as_str(), proposed.rows, proposed.author.as_str()), ("proposed", 4, "test"));
    assert_eq!(
        found.notes,
        ["the query proposed is test's; each of its 4 numbers was compared with the fixed query's"]
    );
}

/// Whatever is wrong with a query, the fixed ones are used instead, the part says what was refused and why, and not one
/// number differs.
#[tokio::test]
async fn a_bad_query_falls_back() {
    let data = Data::bundled().unwrap();
    let gateways = Gateways::over(&data);
    let fixed = figures::compute(&data, sectors::find("construction").unwrap(), question(2).month).unwrap();
    let huge = "SELECT 1 ".repeat(600_000);
    let check = async |said: Result<&str, &Failure>, is_run: bool, says: &str| {
        let (found, was_run) = with_query(&gateways, said).await;
        assert_eq!(was_run, is_run, "{says}");
        assert!(found.notes[0].contains(says), "{:?} does not say {says:?}", found.notes);
        assert!(found.notes[0].ends_with("; the fixed queries were used") && found.notes[0].len() < 500);
        assert_eq!(Figures { notes: Vec::new(), ..found }, fixed, "{says}");
    };
    // Refused before it is sent.
    check(Ok("DELETE FROM employment"), false, "DELETE").await;
    check(Ok("PRAGMA query_only = 0"), false, "PRAGMA").await;
    check(Ok("ATTACH 'x' AS x"), false, "ATTACH").await;
    check(Ok("SELECT 1; DROP TABLE employment"), false, "more than one statement").await;
    check(Ok(&huge), false, "5400000 bytes").await;
    check(Ok("I cannot do that."), false, "begins with another word").await;
    check(Err(&model_failure()), false, "no calls left").await;
    // Refused by the tool.
    check(Ok("SELECT name, sql, 1 FROM sqlite_schema"), true, "sqlite_master cannot be read").await;
    check(Ok("SELECT readfile('x')"), true, "no such function").await;
    check(Ok("SELECT random()"), true, "not allowed").await;
    check(Ok("SELECT * FROM salaries"), true, "no such table: salaries").await;
    let endless = "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT max(n) FROM a";
    check(Ok(endless), true, "the tables refused it").await;
    // Refused for what came back.
    check(Ok("SELECT 1 AS n"), true, "its columns are n").await;
    check(Ok("SELECT sector, month, persons FROM employment"), true, "more than 24 rows").await;
    let later =
        "SELECT sector, month, persons FROM employment WHERE sector = 'construction' AND month > '2015-10'";
    check(Ok(later), true, "is later than 2009-06").await;
    // A number of the model's own, dressed as one of the tables'.
    let lie = "SELECT 'construction' AS sector, '2009-06' AS month, 9999999 AS persons";
    check(Ok(lie), true, "it says 9999999 persons in construction in 2009-06, the tables say 6010000").await;
    let other = "SELECT 'construction' AS sector, month, persons FROM employment WHERE sector = 'retail_trade' \
                 AND month = '2009-06'";
    check(Ok(other), true, "the tables say 6010000").await;
}

/// The order of the planner after a model's answer, as the synthesizer gets it.
fn with_plan(question: &Question, said: Result<&str, &Failure>) -> (Order, Vec<String>) {
    let mut driver = Driver::in_team("planner", Planner::new(Author::Model), &ANALYSTS).unwrap();
    driver.knows::<Brief>().unwrap();
    driver.knows::<Order>().unwrap();
    let begun = driver.input(question).unwrap();
    assert_eq!((begun.model_requests().len(), begun.expectation("synthesizer").is_none()), (1, true));
    let step = match said {
        Ok(text) => driver.answer("plan", &ModelAnswer::of_text(text)).unwrap(),
        Err(failure) => driver.fail("plan", failure).unwrap(),
    };
    let expectation = step.expectation("synthesizer").unwrap();
    let branches = expectation.parts.into_iter().map(|part| part.branch).collect();
    (driver.decode(&expectation.context).unwrap(), branches)
}

/// A good plan is followed: whom it asks, and about what.
#[test]
fn a_good_plan_is_followed() {
    let (order, branches) = with_plan(
        &question(18),
        Ok(r#"{"agents": ["data-analyst", "market-trends"], "sector": "construction"}"#),
    );
    assert_eq!(branches, ["data-analyst", "market-trends"]);
    assert_eq!(order.question.sector, "construction");
    assert_eq!(order.asked_sector.as_deref(), Some("constuction"));

    // The brief has the reading confirmed, and so never says hire without a condition.
    let data = Data::bundled().unwrap();
    let month = order.question.month;
    let sector = sectors::find("construction").unwrap();
    let mut driver = Driver::new("synthesizer", Synthesizer).unwrap();
    driver.knows::<Brief>().unwrap();
    let gathered =
        driver.gather().part("data-analyst", &figures::compute(&data, sector, month).unwrap()).unwrap();
    let trend: Trend = agents_team_briefing::trend::compute(&data, sector, month).unwrap();
    gathered.part("market-trends", &trend).unwrap().close(&order).unwrap();
    let brief: Brief = driver.answer("wording", &ModelAnswer::of_text("So it is.")).unwrap().reply().unwrap();
    assert_eq!(brief.verdict, Verdict::HireWithConditions);
    assert!(brief.conditions[0].text.starts_with("Make sure that \"constuction\" means construction"));
    assert!(brief.written[0].text.starts_with("The plan is test's: it asks data-analyst, market-trends"));
    assert!(render(&brief).contains("Written by a model, and what became of it"));
    assert!(
        brief
            .paragraphs
            .iter()
            .any(|it| it.origin == Origin::Model && it.source == "test, call synthesizer/wording")
    );
}

/// A plan that leaves out what the asker wants is followed, and the brief names what is missing and who left it out.
#[test]
fn what_a_plan_leaves_out_is_missing() {
    let (order, branches) = with_plan(
        &question(1),
        Ok(r#"{"agents": ["data-analyst"], "sector": "professional_and_business_services"}"#),
    );
    assert_eq!(branches, ["data-analyst"]);
    let causes: Vec<_> = order.left_out.iter().map(|missing| (missing.part, missing.cause)).collect();
    assert_eq!(causes, [(Part::Trend, Cause::NotPlanned), (Part::Compliance, Cause::NotPlanned)]);
    assert_eq!(order.left_out[0].reason, "the plan that test wrote asks for no trend");
}

/// Whatever is wrong with a plan, the fixed one is followed, and the order says what was refused and why.
#[test]
fn a_bad_plan_falls_back() {
    let huge = " ".repeat(5_000_000);
    let check = |said: Result<&str, &Failure>, says: &str| {
        let (order, branches) = with_plan(&question(1), said);
        assert!(order.notes[0].contains(says), "{:?} does not say {says:?}", order.notes);
        assert!(order.notes[0].ends_with("; the fixed one was followed") && order.notes[0].len() < 500);
        assert_eq!(Order { notes: Vec::new(), ..order }, plan::order(&question(1), Vec::new()));
        assert_eq!(branches.len(), 3);
    };
    check(Ok("Let us ask everybody!"), "it is no plan");
    check(
        Ok(r#"{"agents": ["shell"], "sector": "professional_and_business_services"}"#),
        "no agent of this team",
    );
    check(Ok(r#"{"agents": ["data-analyst"], "sector": "retail_trade"}"#), "but the asker's is");
    check(Ok(&huge), "it has 5000000 bytes");
    check(Err(&model_failure()), "no calls left");
}

/// The observer spends no call where the planner spends one.
#[test]
fn at_most_three_calls() {
    let mut driver =
        Driver::new("market-trends", MarketTrends::new(Data::bundled().unwrap(), Author::Model)).unwrap();
    driver.knows::<Trend>().unwrap();
    let said = driver.input(&question(1)).unwrap();
    assert!(said.model_requests().is_empty());
    assert_eq!(said.reply::<Trend>().unwrap().wording, "");
}
