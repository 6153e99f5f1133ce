//! Verdicts by what was gathered, and the laws they obey whatever was.

use proptest::prelude::*;

use super::*;
use crate::messages::tests::{compliance, figures, plan, question, trend};
use crate::messages::{Direction, Employment, Season};

/// Figures of a sector that grew by `ppm` on the year, with plenty of people looking for work.
fn grown(ppm: i64) -> Figures {
    let mut found = figures();
    let employment = found.employment.take().unwrap();
    found.employment =
        Some(Employment { change_year_ppm: Some(ppm), change_month_ppm: Some(0), ..employment });
    found
}

/// A calm trend without a season.
fn going(direction: Direction) -> Trend {
    Trend { direction, volatility_ppm: 900, seasons: Vec::new(), ..trend() }
}

fn rules(statuses: &[Status]) -> Compliance {
    let mut found = compliance();
    let finding = found.findings.remove(0);
    found.findings = statuses.iter().map(|status| Finding { status: *status, ..finding.clone() }).collect();
    found
}

fn verdict_of(
    question: &Question,
    figures: Option<Figures>,
    trend: Option<Trend>,
    compliance: Option<Compliance>,
) -> Decision {
    decide(question, &Gathered::new(question, figures, trend, compliance, Vec::new()))
}

#[test]
fn the_verdict_follows_from_market_and_rules() {
    // Shows: the table of verdicts, each of the five, and how many conditions come with it.
    use Direction::{Falling, Flat, Rising};
    use Status::{Broken, Met, Open};
    let check = |ppm: i64, direction, statuses: &[Status], expected, conditions: usize| {
        let decision =
            verdict_of(&question(), Some(grown(ppm)), Some(going(direction)), Some(rules(statuses)));
        assert_eq!((decision.verdict, decision.conditions.len()), (expected, conditions), "{decision:?}");
    };
    check(20_000, Rising, &[Met, Met], Verdict::Hire, 0);
    check(20_000, Rising, &[Met, Open], Verdict::HireWithConditions, 1);
    check(20_000, Flat, &[Met], Verdict::HireWithConditions, 1);
    check(20_000, Flat, &[Open, Open], Verdict::HireWithConditions, 3);
    check(20_000, Rising, &[Open, Broken], Verdict::DoNotHire, 2);
    check(-20_000, Falling, &[Met], Verdict::Wait, 1);
    check(-20_000, Falling, &[Broken], Verdict::DoNotHire, 2);
    check(-60_000, Falling, &[Met], Verdict::DoNotHire, 1);
}

#[test]
fn what_is_missing_costs_certainty() {
    // Shows: a missing part is a condition; without any sign of the market nothing can be said, unless nobody asked for it.
    let check = |question: &Question, there: [bool; 3], expected: Verdict, conditions: usize| {
        let decision = verdict_of(
            question,
            there[0].then(|| grown(20_000)),
            there[1].then(|| going(Direction::Rising)),
            there[2].then(|| rules(&[Status::Met])),
        );
        assert_eq!((decision.verdict, decision.conditions.len()), (expected, conditions), "{decision:?}");
    };
    let all = question();
    check(&all, [true, true, true], Verdict::Hire, 0);
    check(&all, [true, true, false], Verdict::HireWithConditions, 1);
    check(&all, [true, false, true], Verdict::HireWithConditions, 1);
    check(&all, [false, true, false], Verdict::HireWithConditions, 2);
    check(&all, [false, false, true], Verdict::CannotSay, 2);
    check(&all, [false, false, false], Verdict::CannotSay, 3);
    let rules_only = Question { ask: vec![Part::Compliance], ..question() };
    check(&rules_only, [false, false, true], Verdict::HireWithConditions, 2);
    check(&rules_only, [false, false, false], Verdict::CannotSay, 3);
    let no_trend = Question { ask: vec![Part::Figures, Part::Compliance], ..question() };
    check(&no_trend, [true, false, true], Verdict::HireWithConditions, 1);
    // The trend alone was not wanted, yet the figures were: their loss is still a loss.
    check(&no_trend, [false, false, true], Verdict::CannotSay, 2);
}

#[test]
fn the_market_sets_conditions_of_its_own() {
    // Shows: swings matter to permanent posts, the season to the month of the start, scarcity to all; at and around their bounds.
    let good = question();
    let check = |question: &Question, change: &dyn Fn(&mut Figures, &mut Trend), part: Option<&str>| {
        let (mut figures, mut trend) = (grown(20_000), going(Direction::Rising));
        change(&mut figures, &mut trend);
        let decision = verdict_of(question, Some(figures), Some(trend), Some(rules(&[Status::Met])));
        match part {
            None => assert_eq!(decision.verdict, Verdict::Hire, "{decision:?}"),
            Some(part) => {
                assert_eq!(
                    (decision.verdict, decision.conditions.len()),
                    (Verdict::HireWithConditions, 1),
                    "{decision:?}"
                );
                assert!(decision.conditions[0].text.contains(part), "{decision:?}");
            }
        }
    };
    check(&good, &|_, t| t.volatility_ppm = VOLATILE_PPM, Some("swings by 0.40%"));
    check(&good, &|_, t| t.volatility_ppm = VOLATILE_PPM - 1, None);
    let fixed =
        Question { plan: Some(HiringPlan { contract: ContractKind::FixedTerm, ..plan() }), ..question() };
    check(&fixed, &|_, t| t.volatility_ppm = VOLATILE_PPM, None);

    // The good plan starts in June.
    let season = |place: usize, ppm: i64| {
        let mut by_month_ppm = vec![0; 12];
        by_month_ppm[place] = ppm;
        vec![Season {
            measure: crate::messages::Measure::UnemploymentRate,
            by_month_ppm,
            until: question().month,
        }]
    };
    check(
        &good,
        &|_, t| t.seasons = season(5, SCARCE_SEASON_PPM),
        Some("in June unemployment in the industry is usually 10.00% below"),
    );
    check(&good, &|_, t| t.seasons = season(5, SCARCE_SEASON_PPM + 1), None);
    check(&good, &|_, t| t.seasons = season(6, -900_000), None);

    let rate = |figures: &mut Figures, bp: i64| figures.unemployment.as_mut().unwrap().rate_bp = bp;
    check(&good, &|f, _| rate(f, SCARCE_RATE_BP - 1), Some("2.99%"));
    check(&good, &|f, _| rate(f, SCARCE_RATE_BP), None);
}

#[test]
fn every_absent_part_is_accounted_for() {
    // Shows: an agent's failure comes before the planner's reason, that before lateness; what is there is not missing.
    let failure = Missing { part: Part::Figures, cause: Cause::Failed, reason: "no table".to_owned() };
    let asked = Question { ask: vec![Part::Figures, Part::Compliance], ..question() };
    let gathered = Gathered::new(&asked, None, None, None, vec![failure.clone()]);
    let causes: Vec<_> = gathered.missing.iter().map(|missing| (missing.part, missing.cause)).collect();
    assert_eq!(
        causes,
        [(Part::Figures, Cause::Failed), (Part::Trend, Cause::NotAsked), (Part::Compliance, Cause::Late)]
    );
    assert_eq!(gathered.missing[0], failure);
    let gathered = Gathered::new(&asked, Some(figures()), None, None, vec![failure]);
    assert_eq!(gathered.missing.len(), 2);
}

#[test]
fn the_headline_gives_the_grounds() {
    // Shows: a headline for each verdict, with its number or its reason.
    use Status::{Broken, Met, Open};
    let check = |decision: &Decision, expected: &str| assert_eq!(decision.headline, expected);
    let of = |ppm, direction, statuses: &[Status]| {
        verdict_of(&question(), Some(grown(ppm)), Some(going(direction)), Some(rules(statuses)))
    };
    check(
        &of(20_000, Direction::Rising, &[Met, Met]),
        "Hire: employment in construction is growing (+2.00% on the year), and the plan keeps all 2 rules.",
    );
    check(
        &of(20_000, Direction::Rising, &[Open]),
        "Hire, with 1 condition: employment in construction is growing (+2.00% on the year).",
    );
    check(
        &of(-20_000, Direction::Falling, &[Met]),
        "Wait: employment in construction is shrinking (-2.00% on the year).",
    );
    check(
        &of(-70_000, Direction::Falling, &[Met]),
        "Do not hire: employment in construction is in a slump (-7.00% on the year).",
    );
    check(
        &of(20_000, Direction::Rising, &[Broken, Broken]),
        "Do not hire on this plan: it breaks 2 rules (overtime, overtime); employment in construction is growing (+2.00% on the year).",
    );
    let nowhere = Question { sector: "constuction".to_owned(), ..question() };
    check(
        &verdict_of(&nowhere, None, None, None),
        "Cannot say: no sector is called \"constuction\" in the data; the nearest name is \"construction\".",
    );
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![Status::Met, Status::Open, Status::Broken])
}

fn gathered() -> impl Strategy<Value = (Option<Figures>, Option<Trend>, Option<Compliance>)> {
    let directions = prop::sample::select(vec![Direction::Rising, Direction::Flat, Direction::Falling]);
    (
        prop::option::of((-100_000i64..100_000).prop_map(grown)),
        prop::option::of(directions.prop_map(going)),
        prop::option::of(prop::collection::vec(status(), 1..6).prop_map(|statuses| rules(&statuses))),
    )
}

proptest! {
    #[test]
    fn hire_is_said_only_of_what_is_seen_in_full((figures, trend, compliance) in gathered()) {
        // Shows: no hire with a part missing, a rule not met, or a condition; and conditions whenever it is not hire.
        let decision = verdict_of(&question(), figures.clone(), trend.clone(), compliance.clone());
        let full = figures.is_some() && trend.is_some();
        let kept = compliance.is_some_and(|c| c.findings.iter().all(|f| f.status == Status::Met));
        prop_assert!(decision.verdict != Verdict::Hire || (full && kept));
        prop_assert_eq!(decision.verdict == Verdict::Hire, decision.conditions.is_empty());
    }

    #[test]
    fn breaking_a_rule_never_helps((figures, trend, compliance) in gathered(), at in 0usize..6) {
        // Shows: with one more rule broken the verdict is do not hire, whatever it was.
        prop_assume!(compliance.is_some());
        let mut worse = compliance.unwrap();
        let place = at % worse.findings.len();
        worse.findings[place].status = Status::Broken;
        prop_assert_eq!(verdict_of(&question(), figures, trend, Some(worse)).verdict, Verdict::DoNotHire);
    }

    #[test]
    fn losing_a_part_never_makes_it_hire((figures, trend, compliance) in gathered(), lost in 0usize..3) {
        // Shows: knowing less never turns another verdict into hire.
        let before = verdict_of(&question(), figures.clone(), trend.clone(), compliance.clone()).verdict;
        let after = verdict_of(
            &question(),
            figures.filter(|_| lost != 0),
            trend.filter(|_| lost != 1),
            compliance.filter(|_| lost != 2),
        );
        prop_assert!(after.verdict != Verdict::Hire || before == Verdict::Hire);
    }

    #[test]
    fn more_growth_is_never_worse(one in -100_000i64..100_000, more in 0i64..100_000, statuses in prop::collection::vec(status(), 1..6)) {
        // Shows: with all else equal, a better year gives the same verdict or one further up the list.
        let at = |ppm| verdict_of(&question(), Some(grown(ppm)), Some(going(Direction::Rising)), Some(rules(&statuses))).verdict;
        prop_assert!(at(one + more) <= at(one));
    }
}
