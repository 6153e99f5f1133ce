//! What goes wrong around a task does not change its outcome: it is the one it has in a calm, byte for
//! byte, unless the task itself was cancelled, had little time, or its model failed.

use std::collections::BTreeSet;
use std::time::Duration;

use schemas_records::{Failure, ModelRequest, Outcome};

use super::reading::Reading;
use super::{Claim, Evidence, Judge, Settled};

/// A task that waited for room until so little was left to its deadline may end otherwise.
const TIME_ENOUGH: Duration = Duration::from_secs(120);

pub(super) fn check(evidence: &Evidence, reading: &Reading<'_>, judge: &mut Judge) {
    let spoilt = spoilt(evidence, reading);
    let mut seen = BTreeSet::new();
    for read in &reading.inputs {
        let task = read.envelope.task.as_str();
        // Only the first of a work is worked on.
        if !seen.insert(task) || spoilt.contains(task) || evidence.troubled.contains(task) {
            continue;
        }
        if read.envelope.limits.deadline.since(read.record.timestamp) < TIME_ENOUGH {
            continue;
        }
        let Some(calm) = evidence.calm.get(&read.record.value) else { continue };
        let Some((result, outcome)) = reading.outcome(task) else { continue };
        judge.counts.compared += 1;
        let found = match outcome {
            Outcome::Ok => Settled::Result(result.record.value.clone()),
            Outcome::Failed => match evidence.codec.decode::<Failure>(&result.record.value) {
                Ok(failure) => Settled::Failure(failure.code),
                Err(error) => {
                    judge.find(
                        Claim::SameAsInCalm,
                        format!("the failure of task {task} cannot be read: {error}"),
                    );
                    continue;
                }
            },
        };
        judge.must(found == *calm, Claim::SameAsInCalm, || {
            format!(
                "task {task} ended with {}, in a calm with {}",
                shown(evidence, &found),
                shown(evidence, calm)
            )
        });
    }
}

/// An outcome in words.
fn shown(evidence: &Evidence, settled: &Settled) -> String {
    match settled {
        Settled::Failure(code) => format!("{code:?}"),
        Settled::Result(value) => evidence
            .codec
            .to_json(value)
            .map_or_else(|_| format!("{} bytes", value.len()), |json| json.to_string()),
    }
}

/// The tasks that asked a question to which there may be no good answer.
fn spoilt<'a>(evidence: &Evidence, reading: &'a Reading<'_>) -> BTreeSet<&'a str> {
    let Some(ledger) = &evidence.ledger else { return BTreeSet::new() };
    let is_spoilt = |value: &[u8]| {
        let request = evidence.codec.decode::<ModelRequest>(value);
        request.is_ok_and(|request| ledger.spoilt.contains(&request.hash("")))
    };
    let calls = reading.calls.iter().filter(|read| is_spoilt(&read.record.value));
    calls.map(|read| read.envelope.task.as_str()).collect()
}
