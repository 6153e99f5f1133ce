//! What a model may say in a brief.

use proptest::prelude::*;

use super::*;

fn facts() -> Vec<String> {
    vec![
        "In 2015-12, 6,632,000 persons worked in construction, 4.63% of all.".to_owned(),
        "That is +5.35% on the year.".to_owned(),
    ]
}

#[test]
fn a_sentence_with_the_right_numbers_is_taken() {
    // Shows: the first sentence alone, on one line, its numbers written either way; abbreviations do not end it.
    let check = |answer: &str, expected: &str| {
        assert_eq!(accept(answer, &facts()).as_deref(), Ok(expected), "{answer}")
    };
    check("Construction grew by 5.35%.", "Construction grew by 5.35%.");
    check("  Construction\n grew. It employs 99 people.", "Construction grew.");
    check("\"Some 6632000 people build.\"", "Some 6632000 people build.");
    check("In the U.S. construction grew! Really.", "In the U.S. construction grew!");
    check("In 2015, 6,632,000 worked there", "In 2015, 6,632,000 worked there");
    check("It grew (by 5.35%.) And more 77.", "It grew (by 5.35%.)");
}

#[test]
fn anything_else_is_refused_with_its_reason() {
    // Shows: blank, overlong, and numbers that nobody gave, also in a foreign script.
    let check =
        |answer: &str, expected: Rejected| assert_eq!(accept(answer, &facts()), Err(expected), "{answer}");
    check("", Rejected::Blank);
    check(" \n\t\u{0}", Rejected::Blank);
    check("\"\"", Rejected::Blank);
    check(&"and so on ".repeat(40), Rejected::TooLong);
    let number = |number: &str| Rejected::Number { number: number.to_owned() };
    check("Construction grew by 5.3%.", number("5.3"));
    check("It employs 6.6 million.", number("6.6"));
    check("It employs 6,632,001.", number("6632001"));
    check("It grew by ٥ per cent.", number("٥"));
}

proptest! {
    #[test]
    fn any_answer_is_taken_or_refused(answer in "\\PC{0,400}") {
        // Shows: no answer breaks it; what is taken is one line within the bound, and taking it again changes nothing.
        if let Ok(sentence) = accept(&answer, &facts()) {
            prop_assert!(sentence.chars().count() <= SENTENCE_CHARS_MAX && !sentence.contains('\n'));
            prop_assert_eq!(accept(&sentence, &facts()), Ok(sentence.clone()));
        }
    }
}
