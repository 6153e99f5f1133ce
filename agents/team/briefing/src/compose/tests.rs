//! Briefs: everything in its place, with its source, and a model's words as a model's.

use super::*;
use crate::messages::tests::{compliance, figures, question, trend};
use crate::messages::{Cause, Missing};

fn gathered() -> Gathered {
    Gathered::new(&question(), Some(figures()), Some(trend()), Some(compliance()), Vec::new())
}

#[test]
fn a_brief_holds_everything_that_was_found() {
    // Shows: figures of both parts, each with its query or its function, all rules, the passages, what a model wrote, and who
    // worded what; parts nobody worded are not claimed.
    let brief = brief(&question(), &gathered(), "All in all, no.", "scripted");
    let names: Vec<_> = brief.figures.iter().map(|figure| figure.name.as_str()).collect();
    for name in [
        "employed",
        "rate of unemployment",
        "slope over 36 months",
        "peak in 2006-08",
        "season of unemployment, June",
    ] {
        assert!(names.contains(&name), "{names:?} lacks {name}");
    }
    assert_eq!(brief.rules, compliance().findings);
    let spoke: Vec<_> =
        brief.spoke.iter().map(|spoke| (spoke.about.as_str(), spoke.model.as_str())).collect();
    assert_eq!(spoke, [("brief", "scripted"), ("figures", "scripted"), ("compliance", "scripted")]);
    let worded: Vec<_> =
        brief.paragraphs.iter().filter(|s| s.origin == Origin::Model).map(|s| s.text.as_str()).collect();
    assert_eq!(worded, ["All in all, no.", "Fewer build.", "Mostly kept."]);
    assert!(brief.paragraphs.iter().all(|statement| !statement.source.is_empty()));
    let names: Vec<_> = brief.queries.iter().map(|asked| asked.name.as_str()).collect();
    for figure in &brief.figures {
        let is_known = names.contains(&figure.query.as_str());
        assert_eq!(is_known, figure.part == Part::Figures, "{} came from {:?}", figure.name, figure.query);
        assert_eq!(
            figure.source == "query",
            is_known && !figure.name.contains("change") && !figure.name.contains("share")
        );
    }
    assert!(
        brief.paragraphs.iter().any(|it| it.origin == Origin::Passage && it.source == "overtime.md#0001")
    );
    assert_eq!(brief.also, compliance().also);
    assert_eq!(
        (brief.written[0].text.as_str(), brief.written[0].source.as_str()),
        ("A note.", "data-analyst")
    );
    assert_eq!(brief.tables, "tables-x");
}

#[test]
fn blanking_the_models_answers_changes_the_words_and_nothing_else() {
    // Shows: without wording the brief loses the model's sentences and says that none spoke; verdict, figures and rules stand.
    let worded = brief(&question(), &gathered(), "All in all, no.", "scripted");
    let mut silent = gathered();
    for wording in
        [silent.figures.as_mut().map(|f| &mut f.wording), silent.compliance.as_mut().map(|c| &mut c.wording)]
    {
        *wording.unwrap() = " \n".to_owned();
    }
    let blank = brief(&question(), &silent, "", "scripted");
    assert_ne!(worded, blank);
    assert!(blank.spoke.is_empty());
    assert_eq!(worded.paragraphs.len(), blank.paragraphs.len() + 3);
    assert_eq!(
        (worded.verdict, &worded.headline, &worded.figures, &worded.rules, &worded.conditions),
        (blank.verdict, &blank.headline, &blank.figures, &blank.rules, &blank.conditions)
    );
}

#[test]
fn a_brief_from_nothing_is_still_a_brief() {
    // Shows: with no part at all there is a verdict, a reason for each part, and the sector as it was given.
    let asked = Question { sector: "astrology".to_owned(), plan: None, ..question() };
    let brief = brief(&asked, &Gathered::new(&asked, None, None, None, Vec::new()), "", "");
    assert_eq!((brief.sector.as_str(), brief.missing.len()), ("astrology", 3));
    assert!(
        brief.figures.is_empty()
            && brief.rules.is_empty()
            && brief.paragraphs.is_empty()
            && brief.spoke.is_empty()
    );
    let late = Missing { part: Part::Trend, cause: Cause::Failed, reason: "gone".to_owned() };
    let gathered = Gathered::new(&question(), Some(figures()), None, Some(compliance()), vec![late.clone()]);
    assert_eq!(super::brief(&question(), &gathered, "", "").missing, [late]);
}
