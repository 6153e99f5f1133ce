//! Timers: what was set fires or is cancelled, and never fires early by the log's clock.

use std::collections::BTreeSet;

use schemas_records::Timestamp;
use schemas_records::protocol::Timer;

use super::reading::Reading;
use super::{Claim, Evidence, Judge, place};

pub(super) fn check(evidence: &Evidence, reading: &Reading<'_>, judge: &mut Judge) {
    let mut set = BTreeSet::new();
    for read in &reading.settings {
        let call = read.envelope.call.map(|call| call.to_string()).unwrap_or_default();
        let is_settled = reading.firings.contains_key(&call) || reading.cancelled.contains_key(&call);
        judge.must(is_settled, Claim::Timers, || {
            format!("timer {call} of task {} neither fired nor was cancelled", read.envelope.task)
        });
        set.insert(call);
    }
    for (call, firings) in &reading.firings {
        judge.must(set.contains(call), Claim::Timers, || format!("timer {call} fired and was never set"));
        for firing in firings {
            judge.counts.firings += 1;
            let Ok(timer) = evidence.codec.decode::<Timer>(&firing.record.value) else { continue };
            let early = Timestamp(timer.due).since(firing.record.timestamp);
            judge.must(!evidence.is_clock_steady || early.is_zero(), Claim::Timers, || {
                let at = place(&firing.record.topic_partition, firing.record.offset);
                format!(
                    "timer {:?} of task {} fired {early:?} early at {at}",
                    timer.name, firing.envelope.task
                )
            });
        }
    }
}
