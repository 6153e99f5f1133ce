//! Every task record has exactly one outcome, and every one that was taken exactly one closing:
//! received = accepted + refused + duplicates, accepted = results + failures + open, open = 0.

use std::collections::{BTreeMap, BTreeSet};

use schemas_records::protocol::{Closing, ClosingReason, DeadLetter};
use schemas_records::{Outcome, TaskId};
use topics_log::Record;

use super::reading::{Read, Reading, is_alien};
use super::{Claim, Evidence, Judge};

/// What became of a task record that was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Accepted,
    Duplicate,
    Refused,
}

pub(super) fn check(evidence: &Evidence, reading: &Reading<'_>, judge: &mut Judge) {
    let taken = taken(reading, judge);
    let closings = closings(evidence, judge);
    let letters = intake_letters(evidence);
    let is_task = |record: &&Record| *record.topic_partition.topic == *evidence.topics.tasks;
    let mut origins = BTreeSet::new();
    for record in evidence.records.iter().filter(is_task) {
        let origin = format!("{}/{}", record.topic_partition, record.offset);
        judge.counts.received += 1;
        let refusals = reading.refusals.get(&origin).map_or(0, Vec::len);
        let letters = letters.get(&origin).copied().unwrap_or(0);
        let closed = closings.get(&origin).map(Vec::as_slice).unwrap_or_default();
        match taken.get(&origin) {
            None => {
                judge.counts.refused += 1;
                let is_whole = (refusals, letters, closed.len()) == (1, 1, 0);
                judge.must(is_whole, Claim::OneOutcome, || {
                    format!(
                        "task record {origin} was not taken and has {refusals} refusals, {letters} dead letters, {} \
                         closings instead of 1, 1, 0",
                        closed.len()
                    )
                });
            }
            Some((kind, read)) => {
                let refusals_due = usize::from(*kind == Taken::Refused);
                judge.must((refusals, letters) == (refusals_due, 0), Claim::OneOutcome, || {
                    format!(
                        "task record {origin} was taken and has {refusals} refusals instead of {refusals_due}, {letters} \
                         dead letters of intake instead of 0"
                    )
                });
                check_taken(reading, *kind, read, closed, judge);
            }
        }
        origins.insert(origin);
    }
    for origin in taken.keys().chain(reading.refusals.keys()).chain(closings.keys()) {
        let is_known = origins.contains(origin);
        judge.must(is_known, Claim::OneOutcome, || {
            format!("something came of {origin}, which is no task record")
        });
    }
    let accepted: BTreeSet<&str> = taken
        .values()
        .filter(|(kind, _)| *kind == Taken::Accepted)
        .map(|(_, read)| read.envelope.task.as_str())
        .collect();
    for task in reading.results.keys() {
        let is_known = accepted.contains(task.as_str());
        judge.must(is_known, Claim::OneOutcome, || format!("task {task} has a result and was not accepted"));
    }
}

/// What the entry inbox makes of each input that intake wrote, by the task record's place: the first of a
/// work is accepted, others repeat it or are refused.
fn taken<'a>(reading: &'a Reading<'a>, judge: &mut Judge) -> BTreeMap<String, (Taken, &'a Read<'a>)> {
    let mut first: BTreeMap<&[u8], &Read<'_>> = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for read in &reading.inputs {
        let earlier = first.entry(read.record.key.as_bytes()).or_insert(read);
        let kind = if std::ptr::eq(*earlier, read) {
            Taken::Accepted
        } else if earlier.record.value == read.record.value {
            Taken::Duplicate
        } else {
            Taken::Refused
        };
        let origin = read.envelope.origin.to_string();
        let twice = taken.insert(origin.clone(), (kind, read)).is_some();
        judge.must(!twice, Claim::OneOutcome, || format!("task record {origin} was taken twice"));
    }
    taken
}

fn check_taken(
    reading: &Reading<'_>,
    kind: Taken,
    read: &Read<'_>,
    closed: &[ClosingReason],
    judge: &mut Judge,
) {
    let (task, origin): (&TaskId, _) = (&read.envelope.task, &read.envelope.origin);
    let reason = match kind {
        Taken::Duplicate => {
            judge.counts.duplicates += 1;
            Some(ClosingReason::Duplicate)
        }
        Taken::Refused => {
            judge.counts.refused += 1;
            Some(ClosingReason::Refused)
        }
        Taken::Accepted => {
            judge.counts.accepted += 1;
            let results = reading.results.get(task.as_str()).map_or(0, Vec::len);
            judge.must(results == 1, Claim::OneOutcome, || {
                format!("task {task} of {origin} has {results} results instead of 1")
            });
            reading.outcome(task.as_str()).map(|(_, outcome)| match outcome {
                Outcome::Ok => {
                    judge.counts.results += 1;
                    ClosingReason::Result
                }
                Outcome::Failed => {
                    judge.counts.failures += 1;
                    ClosingReason::Failure
                }
            })
        }
    };
    let is_closed = match reason {
        Some(reason) => closed == [reason],
        None => closed.len() == 1,
    };
    judge.must(is_closed, Claim::OneClosing, || {
        format!("task record {origin} has closings {closed:?} instead of one {reason:?}")
    });
}

/// The closings by the place of the task record they close.
fn closings(evidence: &Evidence, judge: &mut Judge) -> BTreeMap<String, Vec<ClosingReason>> {
    let mut closings: BTreeMap<String, Vec<ClosingReason>> = BTreeMap::new();
    let is_closing = |record: &&Record| *record.topic_partition.topic == *evidence.topics.closings;
    for record in evidence.records.iter().filter(is_closing).filter(|record| !is_alien(record)) {
        match evidence.codec.decode::<Closing>(&record.value) {
            Ok(closing) => {
                let lies_right = closing.partition == record.topic_partition.partition;
                let origin = format!("{}/{}/{}", closing.topic, closing.partition, closing.offset);
                judge.must(lies_right, Claim::OneClosing, || {
                    format!("the closing of {origin} lies in partition {}", record.topic_partition.partition)
                });
                closings.entry(origin).or_default().push(closing.reason);
            }
            Err(error) => judge.find(Claim::OneClosing, format!("a closing cannot be read: {error}")),
        }
    }
    closings
}

/// How many dead letters intake wrote, by the place of the record.
fn intake_letters(evidence: &Evidence) -> BTreeMap<String, usize> {
    let mut letters: BTreeMap<String, usize> = BTreeMap::new();
    let is_letter = |record: &&Record| *record.topic_partition.topic == *evidence.topics.dead_letters;
    for record in evidence.records.iter().filter(is_letter) {
        let Ok(letter) = evidence.codec.decode::<DeadLetter>(&record.value) else { continue };
        if letter.topic == evidence.topics.tasks {
            *letters
                .entry(format!("{}/{}/{}", letter.topic, letter.partition, letter.offset))
                .or_default() += 1;
        }
    }
    letters
}
