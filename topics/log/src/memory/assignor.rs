//! Who gets which partition: balanced, sticky, and the same for the same question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::record::TopicPartition;

/// The subscriptions of a group: instance to topics.
pub(super) type Subscriptions = BTreeMap<String, BTreeSet<Arc<str>>>;

/// Gives each partition that somebody subscribes to one instance. Everybody keeps what he had as long as
/// the shares differ by no more than one.
pub(super) fn assign(
    partitions: &[TopicPartition],
    subscriptions: &Subscriptions,
    before: &BTreeMap<TopicPartition, String>,
) -> BTreeMap<TopicPartition, String> {
    let mut shares = Shares::new(subscriptions);
    let mut target = BTreeMap::new();
    for at in partitions {
        if let Some(owner) = before.get(at).filter(|owner| shares.may_own(owner, at)) {
            shares.add(owner);
            target.insert(at.clone(), owner.clone());
        }
    }
    for at in partitions {
        if target.contains_key(at) {
            continue;
        }
        if let Some(owner) = shares.smallest(at) {
            shares.add(&owner);
            target.insert(at.clone(), owner);
        }
    }
    while level(&mut target, &mut shares) {}
    target
}

/// Moves each partition whose owner has two more than another who may own it. Every move makes the sum
/// of squared shares smaller, so that this ends.
fn level(target: &mut BTreeMap<TopicPartition, String>, shares: &mut Shares<'_>) -> bool {
    let mut moved = false;
    for (at, owner) in target.iter_mut().rev() {
        let Some(other) = shares.smallest(at) else { continue };
        if shares.of(owner) > shares.of(&other) + 1 {
            shares.remove(owner);
            shares.add(&other);
            *owner = other;
            moved = true;
        }
    }
    moved
}

/// How many partitions each instance has.
struct Shares<'a> {
    subscriptions: &'a Subscriptions,
    counts: BTreeMap<&'a str, usize>,
}

impl<'a> Shares<'a> {
    fn new(subscriptions: &'a Subscriptions) -> Self {
        let counts = subscriptions.keys().map(|instance| (instance.as_str(), 0)).collect();
        Self { subscriptions, counts }
    }

    fn may_own(&self, instance: &str, at: &TopicPartition) -> bool {
        self.subscriptions.get(instance).is_some_and(|topics| topics.contains(&at.topic))
    }

    /// Who has the fewest among those who may own it; the first by name among equals.
    fn smallest(&self, at: &TopicPartition) -> Option<String> {
        let eligible = self.counts.iter().filter(|(instance, _)| self.may_own(instance, at));
        eligible.min_by_key(|(_, count)| **count).map(|(instance, _)| (*instance).to_owned())
    }

    fn of(&self, instance: &str) -> usize {
        self.counts.get(instance).copied().unwrap_or(0)
    }

    fn add(&mut self, instance: &str) {
        if let Some(count) = self.counts.get_mut(instance) {
            *count += 1;
        }
    }

    fn remove(&mut self, instance: &str) {
        if let Some(count) = self.counts.get_mut(instance) {
            *count = count.saturating_sub(1);
        }
    }
}
