//! The rules suffice, and each is needed.

use std::collections::HashMap;
use std::mem::discriminant;

use tests_model::model::Model;
use tests_model::rule::Rule;
use tests_model::search::{Outcome, explore};
use tests_model::{scenes, story};

/// More states than any plan has; so many take some 400 MB.
const STATES_MAX: usize = 5_000_000;

/// What happens only where a rule is dropped.
const ONLY_WITHOUT: [&str; 4] = ["LooksUp", "Guesses", "LoadsAhead", "StepsBehind"];

/// All that can happen, with and without the rules.
const KINDS: usize = 24;

/// With all rules no state of any plan is unsound; and none of this is for want of trying: the inbox is done
/// to its end, and all that the rules allow to happen does.
#[test]
fn all_rules_suffice() {
    let mut happened = HashMap::new();
    for plan in scenes::all() {
        let (mut is_done, records) = (false, plan.len());
        let model = Model::sound(plan.clone());
        let outcome = explore(&model, STATES_MAX, |action, state| {
            is_done |= state.log.committed == records;
            happened.entry(discriminant(&action)).or_insert(action);
        });
        match outcome {
            Outcome::Sound { states, depth } => {
                println!("{states:>9} states, {depth} deep: {}: {plan}", plan.name)
            }
            Outcome::Broken { story, violation, .. } => panic!("{}", story::tell(&model, &story, violation)),
            Outcome::TooMany { .. } => panic!("{plan}: {outcome:?}"),
        }
        assert!(is_done, "{plan}: nobody came to the end of the inbox");
    }
    for action in happened.values() {
        let text = format!("{action:?}");
        assert!(!ONLY_WITHOUT.iter().any(|name| text.starts_with(name)), "{text} is against the rules");
    }
    assert_eq!(happened.len(), KINDS - ONLY_WITHOUT.len(), "{:?}", happened.values());
}

/// Without a rule something breaks; the stories, as they are told, are those that are written down.
#[test]
fn each_rule_is_needed() {
    let book = story::book();
    for rule in Rule::ALL {
        let chapter = book.split("\n## Without ").find(|chapter| chapter.starts_with(rule.as_str()));
        assert!(chapter.unwrap().contains("\n  => "), "without {rule} nothing is found");
    }
    let written = include_str!("../stories.md");
    assert!(
        book == written,
        "the stories are others now: cargo run -p tests-model --example explore -- --stories > tests/model/stories.md\n{book}"
    );
}
