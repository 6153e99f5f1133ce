//! How texts become passages.

use proptest::prelude::*;

use super::{PASSAGE_BYTES_MAX, Piece, TITLE_BYTES_MAX, split};

fn check(text: &str, expected: &[(&str, &str, &str)]) {
    let found = split("rules/notice.md", text);
    let found: Vec<_> =
        found.iter().map(|p| (p.source.as_str(), p.title.as_str(), p.text.as_str())).collect();
    assert_eq!(found, expected, "{text:?}");
}

/// The first heading is the title; each further one begins a passage and stands behind it.
#[test]
fn headings_and_paragraphs() {
    let name = "rules/notice.md";
    check("", &[]);
    check("  \n\n", &[]);
    check("# Only a title\n", &[]);
    check("plain words", &[(name, name, "plain words")]);
    check("# Notice\n\nFour weeks.\n", &[(name, "Notice", "Four weeks.")]);
    check("# Notice\nFour\nweeks.\n\nNo less.", &[(name, "Notice", "Four\nweeks.\n\nNo less.")]);
    check("Before.\n# Notice\nAfter.", &[(name, "Notice", "Before."), (name, "Notice", "After.")]);
    check(
        "# Notice\nOne.\n## Form ##\nIn writing.\n### Empty\n## End\nTwo.",
        &[(name, "Notice", "One."), (name, "Notice: Form", "In writing."), (name, "Notice: End", "Two.")],
    );
    check(
        "#tag is no heading\n####### nor is this",
        &[(name, name, "#tag is no heading\n####### nor is this")],
    );
    check("# T\n```\n# a comment\n```\nend", &[(name, "T", "```\n# a comment\n```\nend")]);
}

/// A document says what to cite, in front matter or in its first line; other keys are left alone.
#[test]
fn sources() {
    let name = "rules/notice.md";
    check("---\narticle: \"Notice Act 4\"\nauthor: me\n---\n# N\nx", &[("Notice Act 4", "N", "x")]);
    check("---\ntitle: Better\nsource: A\n---\n# N\nx", &[("A", "Better: N", "x")]);
    check("Article: Notice Act 4\n# N\nx", &[("Notice Act 4", "N", "x")]);
    check("\u{feff}\nSource: A: B\nx", &[("A: B", name, "x")]);
    check("Article:\nx", &[(name, name, "Article:\nx")]);
    check("Note: this is text\nx", &[(name, name, "Note: this is text\nx")]);
    check("---\nno end", &[(name, name, "---\nno end")]);
}

/// Paragraphs share a passage as long as they fit; one that is too long is cut behind a sentence, at a
/// space, or where it must be.
#[test]
fn passages_are_bounded() {
    let of = |bytes: usize| "x".repeat(bytes);
    let lengths = |text: &str| split("n", text).iter().map(|piece| piece.text.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&format!("{}\n\n{}", of(700), of(798))), [1_500]);
    assert_eq!(lengths(&format!("{}\n\n{}", of(700), of(799))), [700, 799]);
    assert_eq!(lengths(&of(3_100)), [1_500, 1_500, 100]);
    let sentences = format!("{}. {}. {}", of(900), of(400), of(400));
    assert_eq!(lengths(&sentences), [1_303, 400]);
    assert_eq!(lengths(&format!("{} {}", of(900), of(900))), [900, 900]);
    let long = split("n", &format!("# {}\n\nx", of(3_000)));
    assert_eq!(long[0].title.len(), TITLE_BYTES_MAX);
}

proptest! {
    /// Whatever is written, passages are within their bounds, and every word stands in one of them.
    #[test]
    fn nothing_is_lost(text in "([a-zäß#.`:\\- ]{0,40}\n){0,60}", long in "[aß. ]{0,4000}") {
        let text = format!("# t\n{text}\n{long}");
        let pieces: Vec<Piece> = split("n", &text);
        let mut all = String::new();
        for piece in &pieces {
            prop_assert!(!piece.text.trim().is_empty() && piece.text.len() <= PASSAGE_BYTES_MAX);
            all.extend(piece.text.chars().filter(|c| !c.is_whitespace()));
        }
        let headings: usize = text.lines().filter(|line| line.starts_with('#')).map(str::len).sum();
        let wanted: usize = text.chars().filter(|c| !c.is_whitespace()).map(char::len_utf8).sum();
        prop_assert!(all.len() + headings >= wanted && all.len() <= wanted);
    }
}
