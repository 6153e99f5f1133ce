//! A group's offsets: committed ones, and those that wait for their transaction's end.

use std::collections::BTreeMap;

use crate::record::TopicPartition;
use crate::seam::Committed;

/// The offsets of one group.
#[derive(Default)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, Noted>,
    /// By partition, then by transaction.
    pending: BTreeMap<TopicPartition, BTreeMap<u64, Noted>>,
    /// How many offsets were ever noted.
    noted: u64,
}

/// An offset and when it was noted. Kafka applies a pending offset at its transaction's end only if no
/// later noted one was applied before.
#[derive(Clone)]
struct Noted {
    order: u64,
    committed: Committed,
}

impl Offsets {
    /// Commits at once.
    pub fn commit(&mut self, at: TopicPartition, committed: Committed) {
        let noted = self.note(committed);
        self.committed.insert(at, noted);
    }

    /// Holds an offset back until its transaction ends.
    pub fn hold(&mut self, transaction: u64, at: TopicPartition, committed: Committed) {
        let noted = self.note(committed);
        self.pending.entry(at).or_default().insert(transaction, noted);
    }

    /// Applies or forgets what a transaction holds.
    pub fn end_transaction(&mut self, transaction: u64, committed: bool) {
        for (at, held) in &mut self.pending {
            let Some(noted) = held.remove(&transaction) else { continue };
            let newer = self.committed.get(at).is_none_or(|old| old.order < noted.order);
            if committed && newer {
                self.committed.insert(at.clone(), noted);
            }
        }
        self.pending.retain(|_, held| !held.is_empty());
    }

    /// What a transaction holds that its commit would apply.
    pub fn held_by(&self, transaction: u64) -> impl Iterator<Item = (&TopicPartition, &Committed)> {
        self.pending.iter().filter_map(move |(at, held)| {
            let noted = held.get(&transaction)?;
            self.is_newer(at, noted).then_some((at, &noted.committed))
        })
    }

    fn is_newer(&self, at: &TopicPartition, noted: &Noted) -> bool {
        self.committed.get(at).is_none_or(|old| old.order < noted.order)
    }

    /// Whether no open transaction holds an offset of this partition.
    pub fn is_stable(&self, at: &TopicPartition) -> bool {
        !self.pending.contains_key(at)
    }

    pub fn get(&self, at: &TopicPartition) -> Option<&Committed> {
        self.committed.get(at).map(|noted| &noted.committed)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Committed)> {
        self.committed.iter().map(|(at, noted)| (at, &noted.committed))
    }

    /// Forgets a topic that was removed.
    pub fn forget_topic(&mut self, topic: &str) {
        self.committed.retain(|at, _| &*at.topic != topic);
        self.pending.retain(|at, _| &*at.topic != topic);
    }

    /// Whether no open transaction holds any offset.
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Forgets everything committed.
    pub fn lose_committed(&mut self) {
        self.committed.clear();
    }

    fn note(&mut self, committed: Committed) -> Noted {
        self.noted += 1;
        Noted { order: self.noted, committed }
    }
}
