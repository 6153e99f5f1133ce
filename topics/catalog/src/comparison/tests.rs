//! What is said about a topic that is not as it should be.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use super::*;
use crate::names::Names;
use crate::plan::Topics;

const INBOX: &str = "mine.team.planner.inbox.g1";
const TASKS: &str = "mine.team.tasks";
const SHARED: &str = "mine.timers";

fn catalog() -> Catalog {
    let names = Names::new("mine", "team").unwrap();
    Catalog::of(&names, &["planner".to_owned()], Topics { partitions: 4, replication: 0 })
}

/// Every topic as the catalog wants it.
fn as_wanted() -> BTreeMap<String, Found> {
    let found = |wanted: &Wanted| {
        let found = Found { partitions: wanted.topic.partitions, config: wanted.topic.config.clone() };
        (wanted.topic.name.clone(), found)
    };
    catalog().beside(std::iter::empty()).iter().map(found).collect()
}

/// What is said about one topic after a change to it; of all others nothing but that they stay.
fn told(topic: &str, keeps: bool, change: impl FnOnce(&mut Found)) -> (Comparison, Vec<String>) {
    let mut found = as_wanted();
    change(found.get_mut(topic).unwrap());
    let comparison = catalog().compare(&found, keeps);
    let (about, others): (Vec<&Step>, Vec<&Step>) =
        comparison.steps.iter().partition(|step| step.existing() == Some(topic));
    assert!(others.iter().all(|step| matches!(step, Step::Keep { wanted: None, .. })), "{comparison}");
    let about = about.iter().map(ToString::to_string).collect();
    (comparison, about)
}

/// What is missing is created, what is right stays.
#[test]
fn creates_and_keeps() {
    let (none, all) = (catalog().compare(&BTreeMap::new(), false), catalog().compare(&as_wanted(), false));
    assert!(none.to_string().ends_with("7 to create, 0 there already"), "{none}");
    assert!(none.to_string().contains("+ mine.team.tasks (4 partitions): what producers submit"), "{none}");
    assert!(all.to_string().ends_with("0 to create, 7 there already"), "{all}");
    assert!(!all.is_refused() && !all.loses() && all.growing().next().is_none());
}

/// Another number of partitions: an inbox is refused, nothing shrinks, what is shared is left alone, and what
/// nobody owns may grow. Told to keep what is there, everything stays.
#[test]
fn looks_at_partitions() {
    let check = |topic: &str, partitions: i32, expected: &[&str], refused: bool, grows: bool| {
        let (comparison, about) = told(topic, false, |found| found.partitions = partitions);
        assert_eq!(about.len(), 1, "{about:?}");
        for words in expected {
            assert!(about[0].contains(words), "{words:?} is not in {about:?}");
        }
        assert_eq!(
            (comparison.is_refused(), comparison.growing().next().is_some()),
            (refused, grows),
            "{about:?}"
        );
        let (kept, about) = told(topic, true, |found| found.partitions = partitions);
        assert!(about[0].starts_with("= ") && about[0].contains("4 are wanted"), "{about:?}");
        assert!(!kept.is_refused() && kept.growing().next().is_none());
    };
    check(INBOX, 2, &["! ", "partitions stay 2", "another owner's", "--keep-partitions"], true, false);
    check(INBOX, 6, &["! ", "another owner's"], true, false);
    check(TASKS, 2, &["~ ", "partitions from 2 to 4", "none may run"], false, true);
    check(TASKS, 6, &["! ", "takes no partitions away"], true, false);
    check(SHARED, 2, &["= ", "which stay"], false, false);
    check(SHARED, 6, &["= ", "which stay"], false, false);
}

/// Another value: it is changed and the reason said; what holds at least as much, and what is not the
/// catalog's, stays; what may lose records is marked.
#[test]
fn looks_at_configuration() {
    let check = |key: &str, value: Option<&str>, expected: Option<&[&str]>, loses: bool| {
        let (comparison, about) = told(INBOX, false, |found| {
            found.config.remove(key);
            found.config.extend(value.map(|value| (key.to_owned(), value.to_owned())));
        });
        match expected {
            None => assert_eq!(about, ["= mine.team.planner.inbox.g1 (4 partitions)"]),
            Some(words) => {
                assert_eq!(about.len(), 1, "{about:?}");
                assert!(words.iter().all(|word| about[0].contains(word)), "{words:?} are not in {about:?}");
                assert!(
                    comparison.to_string().ends_with("0 to create, 7 there already, 1 changes"),
                    "{comparison}"
                );
            }
        }
        assert_eq!(comparison.loses(), loses, "{about:?}");
    };
    let time = "message.timestamp.type";
    check(time, Some("CreateTime"), Some(&["~ ", "from CreateTime to LogAppendTime", "only clock"]), false);
    check(time, None, Some(&["from nothing to LogAppendTime"]), false);
    check("retention.ms", Some("3600000"), Some(&["from 3600000 to 604800000", "deadline"]), false);
    check("retention.ms", Some("604800001"), None, false);
    check("retention.ms", Some("-1"), None, false);
    check("retention.ms", Some("soon"), Some(&["from soon"]), false);
    check("cleanup.policy", Some("compact"), Some(&["compaction", "--allow-loss"]), true);
    check("max.message.bytes", Some("1"), None, false);
}

/// An inbox that has moved is looked at in the generations it has: the newest is compared with what is wanted, an
/// older one drains and keeps what it has, and a first one that is gone is not made again.
#[test]
fn looks_at_the_generations_there_are() {
    let check = |partitions: &[(i32, i32)], expected: &[&str], refused: bool| {
        let mut found = as_wanted();
        let config = found.remove(INBOX).unwrap().config;
        for (generation, partitions) in partitions {
            let inbox = Found { partitions: *partitions, config: config.clone() };
            found.insert(format!("mine.team.planner.inbox.g{generation}"), inbox);
        }
        let comparison = catalog().compare(&found, false);
        let about: Vec<String> = comparison.steps.iter().map(ToString::to_string).collect();
        let about: Vec<&String> = about.iter().filter(|step| step.contains(".inbox.")).collect();
        assert_eq!(about.len(), expected.len(), "{about:?}");
        for (step, words) in about.iter().zip(expected) {
            assert!(step.starts_with(words), "{words:?} does not begin {step:?}");
        }
        assert_eq!(comparison.is_refused(), refused, "{about:?}");
    };
    let of = |generation: i32, rest: &str| format!("mine.team.planner.inbox.g{generation}{rest}");
    check(&[], &[&format!("+ {}", of(1, " (4 partitions)"))], false);
    check(&[(2, 4)], &[&format!("= {}", of(2, " (4 partitions)"))], false);
    let (drains, newest) = (format!("= {}", of(2, " (3 partitions)")), of(10, " (4 partitions)"));
    check(&[(2, 3), (10, 4)], &[&drains, &format!("= {newest}")], false);
    check(&[(2, 3), (10, 6)], &[&drains, &format!("! {}", of(10, ": partitions stay 6, 4 are"))], true);
}
