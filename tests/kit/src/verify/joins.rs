//! Joins: each closes exactly once, at the record at which a fold of its inbox says so, and then cancels
//! exactly what still runs.

use std::collections::{BTreeMap, BTreeSet};

use agents_join::Closed;
use agents_work::bounds::{DEPTH_MAX, HOPS_MAX};
use schemas_records::protocol::{Expectation, Timer};
use schemas_records::{Envelope, Kind, Outcome};
use topics_log::{Record, TopicPartition};

use super::{Claim, Evidence, Judge, Step, passed_on, place};

/// The steps of one work: its key in one partition of an inbox.
type Work<'a> = (&'a TopicPartition, &'a [u8]);

pub(super) fn check(evidence: &Evidence, steps: &[Step], judge: &mut Judge) {
    let mut works: BTreeMap<Work<'_>, Vec<&Step>> = BTreeMap::new();
    let passed_on = passed_on(evidence);
    let stays = |step: &&Step| !passed_on.contains(&place(&step.record.topic_partition, step.record.offset));
    for step in steps.iter().filter(stays) {
        let key = step.record.key.as_bytes();
        works.entry((&step.record.topic_partition, key)).or_default().push(step);
    }
    for steps in works.values() {
        let is_expectation = |step: &&&Step| kind(&step.record) == Some(Kind::Expectation);
        let Some(begin) = steps.iter().position(|step| is_expectation(&step)) else { continue };
        // What came before found no work; the expectation of a work that is there already repeats it.
        if steps[..begin].iter().any(|step| kind(&step.record) == Some(Kind::Input)) {
            continue;
        }
        judge.counts.joins += 1;
        check_one(evidence, &steps[begin..], judge);
    }
}

fn kind(record: &Record) -> Option<Kind> {
    Envelope::read(&record.headers).ok().map(|envelope| envelope.kind)
}

fn check_one(evidence: &Evidence, steps: &[&Step], judge: &mut Judge) {
    let first = &steps[0].record;
    let name = place(&first.topic_partition, first.offset);
    let Ok(expectation) = evidence.codec.decode::<Expectation>(&first.value) else {
        judge.find(Claim::Joins, format!("the expectation at {name} cannot be read"));
        return;
    };
    let folded = if is_beyond_bounds(first) {
        Some((0, Closed { result: Err(no_join()), running: Vec::new() }))
    } else {
        fold(evidence, &expectation, steps)
    };
    let Some((at, closed)) = folded else {
        judge.find(Claim::Joins, format!("the join that began at {name} never closes"));
        return;
    };
    for step in &steps[..at] {
        let early = step.outputs.iter().find(|output| {
            let topic = &*output.topic;
            topic != evidence.topics.timers && topic != evidence.topics.dead_letters
        });
        judge.must(early.is_none(), Claim::Joins, || {
            let at = place(&step.record.topic_partition, step.record.offset);
            format!("the join that began at {name} says something at {at}, before it closes")
        });
    }
    let running: BTreeSet<String> = closed.running.into_iter().map(|part| part.key).collect();
    let parts: BTreeSet<&str> = expectation.parts.iter().map(|part| part.key.as_str()).collect();
    let step = steps[at];
    let mut cancelled = Vec::new();
    for output in &step.outputs {
        let Ok(envelope) = Envelope::read(&output.headers) else { continue };
        let key = output.key.to_string();
        if envelope.kind == Kind::Cancellation && parts.contains(key.as_str()) {
            cancelled.push(key);
        }
    }
    let is_exact = cancelled.len() == running.len() && cancelled.iter().all(|key| running.contains(key));
    judge.must(is_exact && !step.outputs.is_empty(), Claim::Joins, || {
        let at = place(&step.record.topic_partition, step.record.offset);
        format!(
            "the join that began at {name} closes at {at} by its log, where {} parts still run; there {} of them are \
             cancelled, among {} outputs",
            running.len(),
            cancelled.len(),
            step.outputs.len()
        )
    });
}

/// Whether a join lies so far below its task that it fails as it begins. Its parts lie as far.
fn is_beyond_bounds(expectation: &Record) -> bool {
    let envelope = Envelope::read(&expectation.headers);
    envelope.is_ok_and(|envelope| envelope.depth > DEPTH_MAX || envelope.hops > HOPS_MAX)
}

/// Folds a join's records: at which of them it closes, and with what.
fn fold(evidence: &Evidence, expectation: &Expectation, steps: &[&Step]) -> Option<(usize, Closed)> {
    let Ok(mut join) = agents_join::open(expectation) else {
        return Some((0, Closed { result: Err(no_join()), running: Vec::new() }));
    };
    if agents_join::is_ready(&join) {
        return Some((0, agents_join::close(join)));
    }
    for (at, step) in steps.iter().enumerate().skip(1) {
        let Ok(envelope) = Envelope::read(&step.record.headers) else { continue };
        match envelope.kind {
            Kind::Part => {
                let key = envelope.call.map(|call| call.to_string()).unwrap_or_default();
                let outcome = envelope.outcome.unwrap_or(Outcome::Failed);
                agents_join::arrive(&mut join, &key, outcome, step.record.value.clone());
                if agents_join::is_ready(&join) {
                    return Some((at, agents_join::close(join)));
                }
            }
            // Before it closes a join has two timers: its own patience and the task's deadline.
            Kind::Timer => {
                let timer = evidence.codec.decode::<Timer>(&step.record.value).ok()?;
                if timer.name == "until" || timer.name == "deadline" {
                    return Some((at, agents_join::close(join)));
                }
            }
            Kind::Cancellation => return Some((at, agents_join::close(join))),
            _ => {}
        }
    }
    None
}

fn no_join() -> schemas_records::Failure {
    schemas_records::Failure::new(schemas_records::FailureCode::NotAllowed, "", "")
}
