//! What is not equal: which record of either side belongs to which, and what that makes of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use schemas_records::Timestamp;
use topics_log::TopicPartition;

use super::{Comparison, Counts, Found, Group, Made, Maker, Work};
use crate::audit::report::{NotAudited, What};

/// Most differing records that are kept whole, the earliest ones: the first of them that counts is shown.
const CANDIDATES_MAX: usize = 64;

/// A record that is not the same on both sides, or on one side only.
#[derive(Debug)]
pub(in crate::audit) struct Difference {
    pub made: Option<Made>,
    pub found: Option<Found>,
}

/// Where a difference stands in time: by the record whose step it is, or by its own place where there is no step.
type Order = (Timestamp, TopicPartition, i64, usize);

/// What is not the same.
#[derive(Debug, Default)]
pub(super) struct Differences {
    all: Vec<(What, Option<Work>)>,
    first: BTreeMap<Order, (usize, Difference)>,
    /// Records by another version than runs here, by agent and version.
    pub other_versions: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

impl Differences {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    fn add(&mut self, made: Option<Made>, found: Option<Found>) {
        let what = match (&made, &found) {
            (Some(_), Some(_)) => What::Differs,
            (Some(_), None) => What::Missing,
            (None, _) => What::Unmade,
        };
        let number = self.all.len();
        let order = match (&made, &found) {
            (Some(made), _) => (made.step.time, made.step.at.clone(), made.step.offset, number),
            (None, Some(found)) => (found.time, found.at.clone(), found.offset, number),
            (None, None) => return,
        };
        self.all.push((what, made.as_ref().map(|made| made.step.work())));
        self.first.insert(order, (number, Difference { made, found }));
        if self.first.len() > CANDIDATES_MAX {
            self.first.pop_last();
        }
    }
}

/// What remains when all was met.
#[derive(Debug)]
pub(in crate::audit) struct Settled {
    pub counts: Counts,
    pub differences: BTreeMap<What, u64>,
    pub first: Option<Difference>,
    pub other_versions: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

impl Comparison {
    /// Settles a maker's records once each that was made has one like it: a step's stand in the log all or none.
    pub(super) fn settle_if_whole(&mut self, maker: &Maker) {
        let Some(group) = self.waiting.get(maker) else { return };
        if group.made.len() != group.found.len() || !are_alike(group) {
            return;
        }
        if let Some(group) = self.take(maker) {
            self.settle(group);
        }
    }

    /// Takes a maker's records out of what waits.
    pub(super) fn take(&mut self, maker: &Maker) -> Option<Group> {
        let group = self.waiting.remove(maker)?;
        self.waits_found -= group.found.len();
        self.waits_made -= group.made.len();
        self.waits_bytes -= group.made.iter().map(|made| made.record.size_bytes()).sum::<usize>();
        Some(group)
    }

    /// Pairs what is left of a maker's records.
    fn settle(&mut self, mut group: Group) {
        for made in group.made {
            // Deleted, perhaps: partitions lose their oldest records a segment at a time, each its own.
            if group.found.is_empty()
                && self.begins.get(&made.at).is_some_and(|begin| made.step.time < *begin)
            {
                self.spare(NotAudited::Earlier, 1);
                continue;
            }
            let like = group.found.iter().position(|found| found.likeness == made.likeness);
            let found = like.map(|like| group.found.swap_remove(like));
            let version = found.as_ref().and_then(|found| found.version.clone());
            match version.filter(|version| self.is_other(version)) {
                None => self.differences.add(Some(made), found),
                Some(version) => self.by_other(&version, Some(&made)),
            }
        }
        for found in group.found {
            match found.version.clone().filter(|version| self.is_other(version)) {
                None => self.differences.add(None, Some(found)),
                Some(version) => self.by_other(&version, None),
            }
        }
    }

    /// Whether no agent runs here in this version, and that matters.
    fn is_other(&self, version: &Arc<str>) -> bool {
        !self.stretch.any_version && !self.versions.values().any(|known| known == version)
    }

    /// A record was made by another version: what its work does from then on stands on that version's state.
    fn by_other(&mut self, version: &Arc<str>, made: Option<&Made>) {
        let agent = made.map_or_else(|| "?".into(), |made| Arc::clone(&made.step.agent));
        *self.differences.other_versions.entry((agent, Arc::clone(version))).or_default() += 1;
        if let Some(made) = made {
            self.spared.insert(made.step.work());
        }
    }

    /// Settles what still waits, once all was met. `steps` are the makers among [`Self::unexplained`] whose steps
    /// were made again; `None` if every step there ever was has been.
    pub fn finish(mut self, steps: Option<&HashSet<Maker>>) -> Settled {
        self.spare_repeated();
        for maker in self.waiting.keys().cloned().collect::<Vec<_>>() {
            let Some(group) = self.take(&maker) else { continue };
            self.finish_one(&maker, group, steps);
        }
        let Self { differences, counts, spared, .. } = self;
        let Differences { all, first, other_versions } = differences;
        let counts_for = |work: &Option<Work>| work.as_ref().is_none_or(|work| !spared.contains(work));
        let mut found = BTreeMap::new();
        let mut counts = counts;
        for (what, work) in &all {
            if counts_for(work) {
                *found.entry(*what).or_default() += 1;
            } else {
                *counts.spared.entry(NotAudited::AfterOther).or_default() += 1;
            }
        }
        let first = first.into_values().find(|(number, _)| counts_for(&all[*number].1));
        Settled { counts, differences: found, first: first.map(|(_, first)| first), other_versions }
    }

    fn finish_one(&mut self, maker: &Maker, mut group: Group, steps: Option<&HashSet<Maker>>) {
        if group.made.is_empty() {
            if let Some(to) = self.stretch.to {
                group.found.retain(|found| found.time <= to);
            }
            let is_spared = match maker {
                Maker::Closing(origin) | Maker::Refused(origin) => self.skipped_origins.contains(origin),
                _ => false,
            };
            if is_spared {
                return self.spare(NotAudited::Skipped, group.found.len());
            }
            if steps.is_some_and(|steps| !steps.contains(maker)) {
                return self.spare(NotAudited::Earlier, group.found.len());
            }
        }
        self.settle(group);
    }

    /// A task that was submitted before the stretch, and again in it, began no work: what is made again of it
    /// would not be.
    fn spare_repeated(&mut self) {
        let mut repeated = Vec::new();
        for group in self.waiting.values() {
            let may_repeat = group.made.iter().find(|made| made.step.may_repeat);
            let Some(step) = may_repeat.filter(|_| group.found.is_empty()).map(|made| &made.step) else {
                continue;
            };
            let told = [Maker::Closing(step.origin.clone()), Maker::Refused(step.origin.clone())];
            let was_told = |maker: &&Maker| self.waiting.get(*maker).is_some_and(|it| it.made.is_empty());
            if told.iter().any(|maker| was_told(&maker)) {
                repeated.push((step.work(), told));
            }
        }
        for (work, told) in repeated {
            self.spared.insert(work);
            for maker in told {
                let records = self.take(&maker).map_or(0, |group| group.found.len());
                self.spare(NotAudited::Earlier, records);
            }
        }
    }
}

/// Whether each record that was made has one like it that was found, for itself.
fn are_alike(group: &Group) -> bool {
    let mut made: Vec<&str> = group.made.iter().map(|made| &*made.likeness).collect();
    let mut found: Vec<&str> = group.found.iter().map(|found| &*found.likeness).collect();
    made.sort_unstable();
    found.sort_unstable();
    made == found
}
