//! Two sides of one thing: what the steps say now, and what stands in the log. Each record of either side is met
//! once, in whatever order; what is equal is counted and forgotten, so what is held is what waits for its other
//! side.
//!
//! It reads nothing and steps nothing. Which records are on which side, and when all were met, it is told.

mod pairing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use schemas_records::headers::{AGENT_VERSION, KIND, TASK_ID, WORK_PATH};
use schemas_records::{Key, Kind, Timestamp, headers};
use topics_log::{NewRecord, Record, TopicPartition, partition_of};

use super::Stretch;
use super::makers::{Maker, Makers, Seen, makers_at};
use super::report::NotAudited;

use pairing::Differences;
pub(super) use pairing::{Difference, Settled};

/// Most records that may wait for their other side. Where the log is what the steps say, some thousands wait, since
/// both sides are read in the order of time; so this is reached by differences alone.
pub(super) const WAITING_MAX: usize = 500_000;

/// Most bytes of records that were made and are not found yet.
pub(super) const WAITING_BYTES_MAX: usize = 256 << 20;

/// Most works of which it is remembered that they are not audited: some fifty bytes each.
pub(super) const SPARED_MAX: usize = 500_000;

/// Most differing records of which each is remembered; beyond it the audit ends, with those.
pub(super) const DIFFERENCES_MAX: usize = 100_000;

/// The step that makes records.
#[derive(Debug)]
pub(super) struct StepOf {
    pub agent: Arc<str>,
    pub at: TopicPartition,
    pub offset: i64,
    pub time: Timestamp,
    pub key: Key,
    pub task: String,
    pub path: String,
    /// The task record's place.
    origin: String,
    /// Whether its record begins a work, in a partition of which the beginning is not read.
    may_repeat: bool,
}

impl StepOf {
    /// The step of a record; `is_cut` if what lies before it in its partition is not all read.
    pub fn new(agent: &Arc<str>, record: &Record, is_cut: bool) -> Self {
        let text = |name| record.headers.text(name).unwrap_or_default().to_owned();
        Self {
            agent: Arc::clone(agent),
            at: record.topic_partition.clone(),
            offset: record.offset,
            time: record.timestamp,
            key: record.key.clone(),
            task: text(TASK_ID),
            path: text(WORK_PATH),
            origin: text(headers::ORIGIN),
            may_repeat: is_cut && record.headers.text(KIND) == Some(Kind::Input.as_str()),
        }
    }

    fn work(&self) -> Work {
        (Arc::clone(&self.agent), self.key.clone())
    }
}

type Work = (Arc<str>, Key);

/// A record that a step says.
#[derive(Debug)]
pub(super) struct Made {
    pub step: Arc<StepOf>,
    pub at: TopicPartition,
    pub record: NewRecord,
    digest: String,
    likeness: String,
}

/// A record that was found, as far as it must be known again.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub at: TopicPartition,
    pub offset: i64,
    pub time: Timestamp,
    digest: String,
    likeness: String,
    version: Option<Arc<str>>,
}

/// What is known of one maker's records, as far as it is not equal.
#[derive(Debug, Default)]
struct Group {
    made: Vec<Made>,
    found: Vec<Found>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub steps: u64,
    pub made: u64,
    pub equal: u64,
    pub others: u64,
    pub spared: BTreeMap<NotAudited, u64>,
    /// A sum over the digests of everything made.
    pub digest: u128,
}

/// Both sides, as far as they were met.
pub(super) struct Comparison {
    makers: Makers,
    stretch: Stretch,
    /// Partitions of every topic.
    partitions: BTreeMap<String, i32>,
    /// The versions that run here, by agent.
    versions: BTreeMap<Arc<str>, Arc<str>>,
    waiting: HashMap<Maker, Group>,
    pub waits_made: usize,
    pub waits_found: usize,
    waits_bytes: usize,
    /// Steps that are not made again.
    skipped: HashSet<Maker>,
    /// Origins of tasks with such steps.
    skipped_origins: HashSet<String>,
    /// Works that are not audited from some step on.
    spared: HashSet<Work>,
    differences: Differences,
    /// Partitions whose oldest records are gone, and when the oldest that is left was appended.
    begins: BTreeMap<TopicPartition, Timestamp>,
    pub counts: Counts,
    /// Whether every step was made: then what is appended later than the stretch is no step's of it.
    pub is_all_made: bool,
}

impl Comparison {
    pub fn new(
        makers: Makers,
        stretch: Stretch,
        partitions: BTreeMap<String, i32>,
        versions: BTreeMap<Arc<str>, Arc<str>>,
    ) -> Self {
        Self {
            makers,
            stretch,
            partitions,
            versions,
            waiting: HashMap::new(),
            waits_made: 0,
            waits_found: 0,
            waits_bytes: 0,
            skipped: HashSet::new(),
            skipped_origins: HashSet::new(),
            spared: HashSet::new(),
            differences: Differences::default(),
            begins: BTreeMap::new(),
            counts: Counts::default(),
            is_all_made: false,
        }
    }

    /// Why no more can be met, if the bounds are reached.
    pub fn is_beyond(&self) -> Option<String> {
        let spared = self.skipped.len() + self.skipped_origins.len() + self.spared.len();
        if self.waits_made + self.waits_found > WAITING_MAX || self.waits_bytes > WAITING_BYTES_MAX {
            return Some(format!(
                "{} records wait for what they are compared with, more than are kept",
                self.waits_made + self.waits_found
            ));
        }
        if self.differences.len() > DIFFERENCES_MAX {
            return Some(format!("more than {DIFFERENCES_MAX} records differ"));
        }
        (spared > SPARED_MAX).then(|| format!("more than {SPARED_MAX} works and steps cannot be audited"))
    }

    /// A step is not made again, since what it stands on is not known.
    pub fn skip(&mut self, record: &Record, why: NotAudited) {
        *self.counts.spared.entry(why).or_default() += 1;
        self.skipped.extend(makers_at(record));
        if let Some(origin) = record.headers.text(headers::ORIGIN) {
            self.skipped_origins.insert(origin.to_owned());
        }
        // What it made may have been found already.
        for maker in makers_at(record) {
            if let Some(group) = self.take(&maker) {
                self.spare(NotAudited::Skipped, group.found.len());
            }
        }
    }

    fn spare(&mut self, why: NotAudited, records: usize) {
        if records > 0 {
            *self.counts.spared.entry(why).or_default() += records as u64;
        }
    }

    /// A step was made again, and said this.
    pub fn made(&mut self, step: StepOf, outputs: Vec<NewRecord>) {
        self.counts.steps += 1;
        let step = Arc::new(step);
        let mut touched = BTreeSet::new();
        for record in outputs {
            self.counts.made += 1;
            let at = self.target(&record);
            let seen = Seen { at: &at, key: &record.key, value: &record.value, headers: &record.headers };
            let digest = seen.digest(self.stretch.any_version);
            self.counts.digest = self.counts.digest.wrapping_add(number(&digest));
            let Some(maker) = self.makers.of(&seen) else {
                self.counts.others += 1;
                continue;
            };
            let likeness = seen.likeness();
            let group = self.waiting.entry(maker.clone()).or_default();
            if let Some(equal) = group.found.iter().position(|found| found.digest == digest) {
                group.found.swap_remove(equal);
                self.waits_found -= 1;
                self.counts.equal += 1;
            } else {
                self.waits_made += 1;
                self.waits_bytes += record.size_bytes();
                group.made.push(Made { step: Arc::clone(&step), at, record, digest, likeness });
            }
            touched.insert(maker);
        }
        touched.iter().for_each(|maker| self.settle_if_whole(maker));
    }

    /// Where a record goes.
    fn target(&self, record: &NewRecord) -> TopicPartition {
        let partitions = self.partitions.get(&*record.topic).copied().unwrap_or(1);
        let partition = record.partition.unwrap_or_else(|| partition_of(record.key.as_bytes(), partitions));
        TopicPartition { topic: Arc::clone(&record.topic), partition }
    }

    /// The oldest record of a partition that does not begin at its beginning.
    pub fn begins_late(&mut self, oldest: &Record) {
        self.begins.insert(oldest.topic_partition.clone(), oldest.timestamp);
    }

    /// A record stands in the log.
    pub fn found(&mut self, record: &Record) {
        if self.stretch.from.is_some_and(|from| record.timestamp < from) {
            return;
        }
        let seen = Seen::from(record);
        let Some(maker) = self.makers.of(&seen) else {
            self.counts.others += 1;
            return;
        };
        if self.skipped.contains(&maker) {
            self.spare(NotAudited::Skipped, 1);
            return;
        }
        let digest = seen.digest(self.stretch.any_version);
        let is_after = self.stretch.to.is_some_and(|to| record.timestamp > to);
        let group = self.waiting.entry(maker.clone()).or_default();
        if let Some(equal) = group.made.iter().position(|made| made.digest == digest) {
            let made = group.made.swap_remove(equal);
            self.waits_made -= 1;
            self.waits_bytes -= made.record.size_bytes();
            self.counts.equal += 1;
        } else if !(is_after && self.is_all_made && group.made.is_empty()) {
            let version = record.headers.text(AGENT_VERSION).map(Into::into);
            let (at, offset, time) = (record.topic_partition.clone(), record.offset, record.timestamp);
            group.found.push(Found { at, offset, time, digest, likeness: seen.likeness(), version });
            self.waits_found += 1;
        }
        self.settle_if_whole(&maker);
    }

    /// Whether anything that was made is not found yet.
    pub fn misses_any(&self) -> bool {
        self.waits_made > 0
    }

    /// Makers of records that were found and that no step has said: whether they are steps of the stretch decides.
    pub fn unexplained(&self) -> HashSet<Maker> {
        let unexplained = self.waiting.iter().filter(|(_, group)| group.made.is_empty());
        unexplained.map(|(maker, _)| maker.clone()).collect()
    }
}

/// A digest as a number.
fn number(digest: &str) -> u128 {
    u128::from_str_radix(digest, 16).unwrap_or_default()
}
