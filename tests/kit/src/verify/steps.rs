//! The steps, made again on nothing but the log: what they say is there, whole, once and in their order,
//! and nothing is there that no step, gateway or intake said.
//!
//! Comparing bytes shows more than counting would: ids, echoes, budgets and paths are made from positions,
//! so a step that read a wrong state, or was made at another position, says something else.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};

use schemas_records::headers::{INSTANCE, KIND, MOVED_FROM, WORK_PATH};
use schemas_records::ids::content_hash;
use schemas_records::protocol::DeadLetter;
use schemas_records::{Envelope, Headers, Key};
use topics_log::{Record, TopicPartition, partition_of};

use super::reading::{Reading, is_alien, is_from_intake, is_gateways};
use super::{Claim, Evidence, FOREIGN, Judge, Step, place};

/// Where records with the same bytes lie, oldest first. Which of an inbox's generations a sender knew depends on
/// when it started, and is no part of what its step says: the two count as one here.
type Lying = HashMap<(TopicPartition, String), VecDeque<(TopicPartition, i64)>>;

pub(super) fn check(evidence: &Evidence, _: &Reading<'_>, steps: &[Step], judge: &mut Judge) {
    let mut lying = lying(evidence);
    // By the step's partition and the output's: the last offset found.
    let mut last: BTreeMap<(&TopicPartition, TopicPartition), i64> = BTreeMap::new();
    for step in steps {
        let mut missing = Vec::new();
        for output in &step.outputs {
            judge.counts.outputs += 1;
            let at = target(evidence, &output.topic, output.partition, &output.key);
            let digest = digest(&output.key, &output.value, &output.headers);
            let Some((at, offset)) = lying.get_mut(&(at.clone(), digest)).and_then(VecDeque::pop_front)
            else {
                missing.push(format!("{} to {at}", output.headers.text(KIND).unwrap_or("dead letter")));
                continue;
            };
            let before = last.insert((&step.record.topic_partition, at.clone()), offset);
            judge.must(before.is_none_or(|before| before < offset), Claim::Order, || {
                let of = place(&step.record.topic_partition, step.record.offset);
                format!(
                    "an output of the step of {of} stands at {at}/{offset}, before one of an earlier step"
                )
            });
        }
        judge.must(missing.is_empty(), Claim::WholeSteps, || {
            let of = place(&step.record.topic_partition, step.record.offset);
            let all = step.outputs.len();
            format!(
                "of the step of {of}, {} of {all} outputs are missing: {}",
                missing.len(),
                missing.join(", ")
            )
        });
    }
    for record in unsaid(evidence, lying) {
        let at = place(&record.topic_partition, record.offset);
        let kind = record.headers.text(KIND).unwrap_or("dead letter");
        judge.find(Claim::NothingElse, format!("no step said the {kind} that stands at {at}"));
    }
}

/// Every record that a step may have said.
fn lying(evidence: &Evidence) -> Lying {
    let mut lying = Lying::new();
    // What is not of the house, but was passed on by it, a step said; unless that is what was sent again.
    let is_said = |record: &&Record| {
        let last =
            |name| record.headers.iter().collect::<Vec<_>>().iter().rposition(|(known, _)| *known == name);
        !is_alien(record) || last(MOVED_FROM) > last(FOREIGN)
    };
    for record in evidence.records.iter().filter(is_said) {
        let place = record.topic_partition.clone();
        let at = target(evidence, &place.topic, Some(place.partition), &record.key);
        let at = (at, digest(&record.key, &record.value, &record.headers));
        lying.entry(at).or_default().push_back((place, record.offset));
    }
    lying
}

/// The records that are left and that neither a gateway nor intake nor a producer wrote.
fn unsaid(evidence: &Evidence, lying: Lying) -> Vec<&Record> {
    let mut left: BTreeMap<TopicPartition, Vec<i64>> = BTreeMap::new();
    for (at, offset) in lying.into_values().flatten() {
        left.entry(at).or_default().push(offset);
    }
    let is_left = |record: &&Record| {
        left.get(&record.topic_partition).is_some_and(|offsets| offsets.contains(&record.offset))
    };
    evidence.records.iter().filter(is_left).filter(|record| !is_explained(evidence, record)).collect()
}

/// Whether somebody who is no agent wrote a record.
fn is_explained(evidence: &Evidence, record: &Record) -> bool {
    let topics = &evidence.topics;
    let topic = &*record.topic_partition.topic;
    let kind = record.headers.text(KIND).unwrap_or_default();
    if topic == topics.tasks {
        return true;
    }
    if topic == topics.dead_letters {
        let letter = evidence.codec.decode::<DeadLetter>(&record.value);
        return letter.is_ok_and(|letter| !topics.inboxes.contains(&letter.topic));
    }
    if topic == topics.results {
        return kind == "refused" && record.headers.text(WORK_PATH) == Some("intake");
    }
    if topic == topics.timers {
        return kind == "heartbeat";
    }
    let is_inbox = topics.inboxes.contains(topic);
    let intakes = || Envelope::read(&record.headers).is_ok_and(|envelope| is_from_intake(&envelope));
    is_inbox
        && (kind == "timer" || (kind == "answer" && is_gateways(record)) || (kind == "input" && intakes()))
}

fn target(evidence: &Evidence, topic: &str, partition: Option<i32>, key: &Key) -> TopicPartition {
    let partitions = evidence.topics.partitions.get(topic).copied().unwrap_or(1);
    let partition = partition.unwrap_or_else(|| partition_of(key.as_bytes(), partitions));
    TopicPartition::new(String::from_utf8_lossy(&of_no_generation(topic.as_bytes())), partition)
}

/// Names a record's bytes.
fn digest(key: &Key, value: &[u8], headers: &Headers) -> String {
    let mut parts: Vec<Cow<'_, [u8]>> = vec![key.as_bytes().into(), of_no_generation(value)];
    // Who made it is no part of what a step says.
    for (name, value) in headers.iter().filter(|(name, _)| *name != INSTANCE) {
        parts.push(name.as_bytes().into());
        parts.push(of_no_generation(value));
    }
    content_hash(&parts.iter().map(Cow::as_ref).collect::<Vec<_>>())
}

/// Bytes in which every inbox is of one generation.
pub(crate) fn of_no_generation(bytes: &[u8]) -> Cow<'_, [u8]> {
    const LATER: &[u8] = b".inbox.g2";
    let last = LATER.len() - 1;
    let mut out = Cow::Borrowed(bytes);
    for at in bytes.windows(LATER.len()).enumerate().filter(|(_, it)| *it == LATER).map(|(at, _)| at) {
        out.to_mut()[at + last] = b'1';
    }
    out
}
