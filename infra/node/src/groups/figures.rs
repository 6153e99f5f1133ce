//! What one line says, worked out of what the brokers said. Pure.

use std::collections::BTreeMap;

use schemas_records::Timestamp;
use topics_log::{Committed, TopicPartition};
use topics_log_kafka::{Bounds, Found, GroupDescription, GroupOffsets, Stretch};

use super::{Asked, Count, Line, Member};

/// What was found of all partitions.
pub(super) struct Seen<'a> {
    pub bounds: &'a BTreeMap<TopicPartition, Bounds>,
    /// At the look before.
    pub before: &'a BTreeMap<TopicPartition, Bounds>,
    /// From the committed offset on.
    pub unread: &'a BTreeMap<TopicPartition, (Stretch, Found)>,
    /// Between the committed offsets of two looks.
    pub passed: &'a BTreeMap<TopicPartition, (Stretch, Found)>,
    /// Between the two looks.
    pub seconds: f64,
    /// This machine's time.
    pub now: Timestamp,
}

/// By how much a record may seem to come from the future before it is said: clocks of machines that are kept
/// together differ by less.
const AHEAD_MS: i64 = 5_000;

impl Seen<'_> {
    /// The line of one role.
    pub fn line(&self, asked: Asked) -> Line {
        let Asked { reads, partitions, group, committed } = asked;
        let mut notes = Vec::new();
        if partitions.is_empty() {
            notes.push(format!("topic {} does not exist (`tributary topics apply`)", reads.topic));
        }
        let (state, members) = match group {
            Ok(GroupDescription { standing, members }) => {
                let own = |of: Vec<TopicPartition>| {
                    let mut own: Vec<i32> =
                        of.iter().filter(|at| *at.topic == *reads.topic).map(|at| at.partition).collect();
                    own.sort_unstable();
                    own
                };
                let member = |member: topics_log_kafka::GroupMember| Member {
                    partitions: own(member.partitions),
                    instance: member.instance,
                    host: member.host,
                };
                (standing.as_str(), members.into_iter().map(member).collect())
            }
            Err(error) => {
                notes.push(error.to_string());
                ("unknown", Vec::<Member>::new())
            }
        };
        let owned: usize = members.iter().map(|member| member.partitions.len()).sum();
        let mut line = Line {
            role: reads.name(),
            group: reads.group,
            topic: reads.topic,
            state: state.to_owned(),
            skew: skew(&members, partitions.len()),
            members,
            partitions: partitions.len(),
            unowned: partitions.len().saturating_sub(owned),
            lag: None,
            age_ms: None,
            rate: None,
            committed: Vec::new(),
            notes,
        };
        match committed {
            Err(error) => line.notes.push(error.to_string()),
            Ok(committed) => self.measure(&mut line, &partitions, &committed),
        }
        line
    }

    fn measure(&self, line: &mut Line, partitions: &[TopicPartition], committed: &GroupOffsets) {
        line.committed =
            partitions.iter().map(|at| committed.get(at).map(|committed| committed.offset)).collect();
        let (mut lag, mut oldest) = (Count { records: 0, is_exact: true }, None::<Timestamp>);
        let mut is_known = !partitions.is_empty();
        for at in partitions {
            match (self.bounds.get(at), self.unread.get(at)) {
                (Some(bounds), Some((stretch, found))) => {
                    let count = count(stretch, found);
                    lag.records += count.records;
                    lag.is_exact &= count.is_exact;
                    oldest = oldest.into_iter().chain(found.oldest).min();
                    line.notes.extend(odd(at, *bounds, committed.get(at)));
                    line.notes.extend(self.held(at, *bounds));
                }
                _ => {
                    is_known = false;
                    line.notes.push(format!("partition {} does not answer: has it a leader?", at.partition));
                }
            }
        }
        line.lag = is_known.then_some(lag);
        if let Some(oldest) = oldest {
            let age = self.now.0 - oldest.0;
            if age < -AHEAD_MS {
                line.notes.push(format!(
                    "its oldest unread record is {} s ahead of this machine's clock: no age can be told",
                    -age / 1_000
                ));
            } else {
                line.age_ms = Some(u64::try_from(age).unwrap_or(0));
            }
        }
        line.rate = self.rate(partitions);
    }

    /// Records a second since the look before, of the partitions that had a committed offset then.
    fn rate(&self, partitions: &[TopicPartition]) -> Option<f64> {
        let passed = partitions.iter().filter_map(|at| self.passed.get(at));
        let records: Vec<u64> = passed.map(|(stretch, found)| count(stretch, found).records).collect();
        let is_known = !records.is_empty() && self.seconds > 0.0;
        is_known.then(|| float(records.iter().sum()) / self.seconds)
    }

    /// Whether an open transaction has kept readers at one place for the whole time between two looks. One that
    /// is open now and was not then is every busy partition's.
    fn held(&self, at: &TopicPartition, bounds: Bounds) -> Option<String> {
        let before = self.before.get(at)?;
        let is_held = before.stable == bounds.stable && before.stable < before.last;
        is_held.then(|| {
            format!(
                "partition {}: a transaction is open since more than {:.0} s ago; the {} offsets from its first \
                 record on wait for its end",
                at.partition,
                self.seconds.floor(),
                bounds.last - bounds.stable
            )
        })
    }
}

/// The largest share over the fair one.
fn skew(members: &[Member], partitions: usize) -> Option<f64> {
    let largest = members.iter().map(|member| member.partitions.len()).max()?;
    if partitions == 0 {
        return None;
    }
    Some(float(largest as u64) * float(members.len() as u64) / float(partitions as u64))
}

/// How many records a stretch has: counted as far as it was read, and in the rest as dense as there.
fn count(stretch: &Stretch, found: &Found) -> Count {
    let (read, left) = (found.read_to - stretch.from, stretch.to - found.read_to);
    if left <= 0 {
        return Count { records: found.records, is_exact: true };
    }
    let left = u64::try_from(left).unwrap_or(0);
    let rest = match u64::try_from(read).unwrap_or(0) {
        // Nothing was read: every offset may be a record.
        0 => left,
        read => {
            u64::try_from(u128::from(left) * u128::from(found.records) / u128::from(read)).unwrap_or(left)
        }
    };
    Count { records: found.records + rest, is_exact: false }
}

/// What is not as it should be with what is committed.
fn odd(at: &TopicPartition, bounds: Bounds, committed: Option<&Committed>) -> Option<String> {
    let (offset, partition) = (committed?.offset, at.partition);
    let Bounds { first, last, .. } = bounds;
    if offset < first {
        return Some(format!(
            "partition {partition}: {} offsets were deleted before they were committed (retention); it begins at \
             {first} now",
            first - offset
        ));
    }
    (offset > last).then(|| {
        format!(
            "partition {partition}: {offset} is committed, but it ends at {last}: was the topic made anew?"
        )
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
