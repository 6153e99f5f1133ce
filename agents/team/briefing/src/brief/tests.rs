//! Briefs on the terminal: what is shown, in which order, and that no line is too long.

use proptest::prelude::*;

use super::*;
use crate::compose;
use crate::messages::tests::{compliance, figures, question, trend};
use crate::messages::{Cause, Missing, Question};
use crate::verdict::Gathered;

fn sample() -> Brief {
    let gone = Missing { part: Part::Trend, cause: Cause::Failed, reason: "its agent gave up".to_owned() };
    let gathered = Gathered::new(&question(), Some(figures()), None, Some(compliance()), vec![gone]);
    compose::brief(&question(), &gathered, "All in all, no.", "scripted")
}

#[test]
fn a_brief_reads_from_the_verdict_down() {
    // Shows: each section in its order, the verdict first, with what it must hold.
    let text = render(&sample());
    let mut rest = text.as_str();
    for part in [
        "DO NOT HIRE",
        "construction, 2014-03",
        "Do not hire: employment in construction is in a slump (-16.68% on the year).",
        "Asked:  \"Should we?\"",
        "Plan:   12 persons, permanent, from 2014-06, 38 hours a week at $29.50",
        "Worded: \"All in all, no.\" [model scripted, call synthesizer/wording]",
        "Before hiring after all",
        "[rule overtime]",
        "Missing",
        "trend       failed: its agent gave up",
        "Figures",
        "[computed by figures::of on employment]",
        "\"Fewer build.\" [model scripted, call data-analyst/wording]",
        "6,010,000 persons          Q1",
        "17.40%                  Q2",
        "9.20 points           Q2",
        "employed in retail trade, 2009-06               14,500,000 persons          Q3",
        "Rules (illustrations, no legal advice)",
        "open    overtime (29 U.S.C. § 207(a)(1)): the plan does not say.",
        "\"Hours beyond forty cost more.\" [passage overtime.md#0001]",
        "https://example.org/207",
        "Also found",
        "Queries",
        "Q1 SELECT 1 WHERE ? = ?",
        "with 'a', 'b': 1 row [query employment, fixed]",
        "[query proposed, written by scripted]",
        "Written by a model",
        "- A note. [data-analyst]",
        "Who spoke",
        "brief       worded by scripted",
    ] {
        let at = rest.find(part);
        assert!(at.is_some(), "no {part:?} in what is left:\n{rest}");
        rest = &rest[at.unwrap_or(0) + part.len()..];
    }
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH && line == line.trim_end()));
    assert!(!text.contains("\nTrend\n"), "an absent part has no heading");
    assert!(!text.contains("Much more"), "of a passage the first paragraph is cited");
}

#[test]
fn silence_is_said_aloud() {
    // Shows: a brief without a model's word says so, and differs from one with.
    let mut blank = sample();
    blank.spoke.clear();
    blank.paragraphs.retain(|statement| statement.origin != Origin::Model);
    assert!(render(&blank).contains("No model spoke"));
    assert_ne!(render(&blank), render(&sample()));
}

#[test]
fn nobody_steers_the_terminal() {
    // Shows: escape codes and line breaks from outside are printed as spaces.
    let asked = Question {
        question: "Hire\u{1b}[2J\u{7}\r\nVERDICT  hire".to_owned(),
        sector: "\u{1b}]0;x\u{7}".to_owned(),
        ..question()
    };
    let text = render(&compose::brief(
        &asked,
        &Gathered::new(&asked, None, None, None, Vec::new()),
        "\u{9b}31mred",
        "m\u{1b}",
    ));
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    assert!(text.contains("\"Hire [2J VERDICT hire\""), "{text}");
}

#[test]
fn lines_are_broken_between_words() {
    // Shows: wrapping by hand, a word longer than the line, and nothing at all.
    let check = |text: &str, width: usize, expected: &[&str]| assert_eq!(wrap(text, width), expected);
    check("one two three", 7, &["one two", "three"]);
    check("one two three", 80, &["one two three"]);
    check("a unbreakable b", 4, &["a", "unbr", "eaka", "ble", "b"]);
    check("", 10, &[""]);
    check("  \n ", 10, &[""]);
    check("äöü äöü", 3, &["äöü", "äöü"]);
}

proptest! {
    #[test]
    fn wrapping_loses_no_letter(text in "\\PC{0,200}", width in 1usize..30) {
        // Shows: no line is longer than the width, and the letters are those of the text, in order.
        let lines = wrap(&text, width);
        prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(letters(&lines.concat()), letters(&text));
    }

    #[test]
    fn any_brief_fits_the_terminal(question_text in "\\PC{1,300}", sector in "\\PC{1,90}", wording in "\\PC{0,100}") {
        // Shows: whatever people and models write, no line is too long.
        let asked = Question { question: question_text, sector, ..question() };
        let gathered = Gathered::new(&asked, Some(figures()), Some(trend()), Some(compliance()), Vec::new());
        let text = render(&compose::brief(&asked, &gathered, &wording, &wording));
        prop_assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{}", text);
    }
}
