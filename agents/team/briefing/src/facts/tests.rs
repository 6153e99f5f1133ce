//! Sentences from numbers: what they say, and that they hold no number of their own.

use super::*;
use crate::messages::tests::{compliance as some_compliance, figures as some_figures, trend as some_trend};

fn texts(statements: &[Statement]) -> Vec<&str> {
    statements.iter().map(|statement| statement.text.as_str()).collect()
}

#[test]
fn figures_are_told_in_full() {
    // Shows: level, changes, unemployment, others and gaps as sentences, each with its query; what is missing is not told.
    let expected = [
        "In 2009-06, 6,010,000 persons worked in construction, 4.59% of all nonfarm employment.",
        "That is 90,000 fewer than a month before (-1.48%), and 1,203,000 fewer than a year before (-16.68%).",
        "In 2009-06, 1,601,000 persons who last worked in \"Construction\" were unemployed, a rate of 17.40%, up from 8.20% a year before.",
        "For comparison, on the year: retail trade -5.23%.",
        "A gap.",
    ];
    assert_eq!(texts(&figures(&some_figures())), expected);

    let sources: Vec<String> =
        figures(&some_figures()).into_iter().map(|statement| statement.source).collect();
    let expected = ["employment", "employment", "unemployment", "proposed"]
        .map(|query| format!("figures::of on {query}"));
    assert_eq!((&sources[..4], sources[4].as_str()), (&expected[..], "figures::of"));

    let bare = Figures { employment: None, unemployment: None, others: Vec::new(), ..some_figures() };
    assert_eq!(texts(&figures(&bare)), ["A gap."]);
    let mut still = some_figures();
    if let Some(employment) = &mut still.employment {
        (employment.change_month, employment.change_month_ppm) = (Some(0), Some(0));
        (employment.change_year, employment.change_year_ppm) = (None, None);
    }
    assert_eq!(texts(&figures(&still))[1], "That is as many as a month before.");
    assert!(figures(&still).iter().all(|s| s.origin == Origin::Computation && s.source.starts_with(FIGURES)));
}

#[test]
fn a_trend_is_told_in_full() {
    // Shows: lines, spread, turn and season; only unemployment's season is told.
    let expected = [
        "Employment in construction is falling: the line through the last twelve months goes by -113,000 persons a month, -20.69% a year.",
        "The line through three years goes by -45,000 persons a month, -7.54% a year.",
        "From month to month the change spreads by 0.79% around its mean.",
        "The last turning point was a peak in 2006-08, at 7,720,000 persons.",
        "Up to 2009-06, unemployment in the industry was usually highest in June (+0.00% of its yearly mean) and lowest in July (-0.00%).",
    ];
    assert_eq!(texts(&trend(&some_trend())), expected.map(|text| text.replace("-0.00%", "+0.00%")));
    let mut adjusted = some_trend();
    adjusted.seasons[0].measure = Measure::Employment;
    assert_eq!(trend(&adjusted).len(), 4);
}

#[test]
fn rules_are_counted_and_the_exceptions_named() {
    // Shows: the count, one sentence for each rule not met with the rule as its source, its passage, and what was not found.
    let mut compliance_ = some_compliance();
    let mut kept = compliance_.findings[0].clone();
    (kept.rule, kept.status) = ("terms_fit".to_owned(), Status::Met);
    compliance_.findings.push(kept);
    compliance_.gaps.push("nothing else was found".to_owned());
    let statements = compliance(&compliance_);
    assert_eq!(
        texts(&statements),
        [
            "Of 2 rules the plan keeps 1, leaves 1 open and breaks 0.",
            "The rule overtime (29 U.S.C. § 207(a)(1)) is open: the plan does not say.",
            "Hours beyond forty cost more.",
            "Nothing else was found.",
        ]
    );
    assert_eq!((statements[1].origin, statements[1].source.as_str()), (Origin::Rule, "overtime"));
    assert_eq!((statements[2].origin, statements[2].source.as_str()), (Origin::Passage, "overtime.md#0001"));
    let citation = compliance_.findings[0].citation.as_ref().unwrap();
    assert_eq!(official(citation), "https://example.org/207");
}

#[test]
fn small_words_are_right() {
    // Shows: titles, sentences and the extremes of a season at their edges.
    assert_eq!((title("retail"), title("astrology")), ("retail trade", "astrology"));
    let check = |reason: &str, expected: &str| assert_eq!(sentence(reason), expected);
    check("it rains", "It rains.");
    check("Is it?", "Is it?");
    check("ärger", "Ärger.");
    check("", ".");
    let mut season = some_trend().seasons.remove(0);
    assert_eq!(extremes(&season), Some(((5, 6), (6, -6))));
    season.by_month_ppm = vec![1; 12];
    assert_eq!(extremes(&season), Some(((0, 1), (0, 1))));
    season.by_month_ppm.clear();
    assert_eq!(extremes(&season), None);
}
