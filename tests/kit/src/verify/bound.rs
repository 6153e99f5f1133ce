//! The bound N: at no time are more tasks open than the partition's share, by what intake could know when
//! it took the next one.
//!
//! Intake counts a closing only once it is committed, so every closing that it counted was appended before
//! the input that it took next. A closing appended in the same millisecond is given to intake.

use std::collections::BTreeMap;

use schemas_records::Timestamp;

use super::reading::{Read, Reading, is_alien};
use super::{Claim, Evidence, Judge};

pub(super) fn check(evidence: &Evidence, reading: &Reading<'_>, judge: &mut Judge) {
    if !evidence.is_clock_steady {
        return;
    }
    let mut closed: BTreeMap<i32, Vec<Timestamp>> = BTreeMap::new();
    for record in evidence.records.iter().filter(|record| !is_alien(record)) {
        if *record.topic_partition.topic == *evidence.topics.closings {
            closed.entry(record.topic_partition.partition).or_default().push(record.timestamp);
        }
    }
    let mut taken: BTreeMap<i32, Vec<&Read<'_>>> = BTreeMap::new();
    for read in &reading.inputs {
        taken.entry(read.envelope.origin.partition).or_default().push(read);
    }
    for (partition, mut taken) in taken {
        taken.sort_by_key(|read| read.envelope.origin.offset);
        let closed = closed.get(&partition).map(Vec::as_slice).unwrap_or_default();
        for (before, read) in taken.iter().enumerate() {
            let at = read.record.timestamp;
            let gone = closed.iter().filter(|closed| **closed <= at).count();
            let open = u64::try_from((before + 1).saturating_sub(gone)).unwrap_or(u64::MAX);
            judge.must(open <= evidence.open_max, Claim::Bound, || {
                format!(
                    "taking {} made {open} open, at most {} may be",
                    read.envelope.origin, evidence.open_max
                )
            });
        }
    }
}
