//! Dead letters: every bad record is there with its bytes, and nothing else is.

use std::collections::BTreeMap;

use schemas_records::headers::TASK_ID;
use schemas_records::protocol::DeadLetter;
use topics_log::Record;

use super::reading::Reading;
use super::{Claim, Evidence, Judge, PLANTED, place};

pub(super) fn check(evidence: &Evidence, _: &Reading<'_>, judge: &mut Judge) {
    let mut by_place: BTreeMap<String, Vec<DeadLetter>> = BTreeMap::new();
    let is_letter = |record: &&Record| *record.topic_partition.topic == *evidence.topics.dead_letters;
    for record in evidence.records.iter().filter(is_letter) {
        judge.counts.letters += 1;
        match evidence.codec.decode::<DeadLetter>(&record.value) {
            Ok(letter) => {
                let at = format!("{}/{}/{}", letter.topic, letter.partition, letter.offset);
                by_place.entry(at).or_default().push(letter);
            }
            Err(error) => judge.find(Claim::DeadLetters, format!("a dead letter cannot be read: {error}")),
        }
    }
    for record in &evidence.records {
        let at = place(&record.topic_partition, record.offset);
        let letters = by_place.remove(&at).unwrap_or_default();
        let expected = expected(evidence, record, &letters);
        let codes: Vec<&str> = letters.iter().map(|letter| letter.code.as_str()).collect();
        let is_once = letters.len() == 1 || (letters.len() > 1 && is_gateway(evidence, record));
        let is_right = match expected {
            None => letters.is_empty(),
            Some("no-closing") if letters.is_empty() => !is_followed(evidence, record),
            Some(code) => is_once && codes.iter().all(|found| *found == code),
        };
        judge.must(is_right, Claim::DeadLetters, || {
            format!("{at} has dead letters {codes:?} instead of {expected:?}")
        });
        for letter in &letters {
            let is_cut = letter.message.contains("the whole stands at");
            let (value, key) = (&record.value, record.key.to_bytes());
            let is_begin = is_cut && value.starts_with(&letter.value) && key.starts_with(&letter.key);
            let is_whole = is_begin || (letter.value == *value && letter.key == key);
            judge.must(is_whole, Claim::DeadLetters, || format!("the dead letter of {at} is not its bytes"));
        }
    }
    for at in by_place.keys() {
        judge.find(Claim::DeadLetters, format!("a dead letter names {at}, where there is nothing"));
    }
}

/// The code of the dead letter that a record must have, if any. Which record of a deadly task it is that
/// panics only its steps know: any one may.
fn expected<'a>(evidence: &Evidence, record: &'a Record, letters: &[DeadLetter]) -> Option<&'a str> {
    if let Some(code) = record.headers.text(PLANTED) {
        return Some(code);
    }
    let task = record.headers.text(TASK_ID).unwrap_or_default();
    let is_inbox = evidence.topics.inboxes.contains(&*record.topic_partition.topic);
    let may_die = is_inbox && evidence.deadly.contains(task) && !letters.is_empty();
    may_die.then_some("step-panicked")
}

/// Whether intake must have read a record of the closings: it follows a partition from its end until it
/// has taken a task there, and a closing before this one says that it had.
fn is_followed(evidence: &Evidence, record: &Record) -> bool {
    let of_partition = evidence.records.iter().filter(|it| it.topic_partition == record.topic_partition);
    let mut before = of_partition.take_while(|it| it.offset < record.offset);
    before.any(|it| it.headers.get(PLANTED).is_none())
}

/// Whether a gateway reads the record's topic: it may say twice what it could not read.
fn is_gateway(evidence: &Evidence, record: &Record) -> bool {
    let topic = &*record.topic_partition.topic;
    topic == evidence.topics.model || topic == evidence.topics.timers
}
