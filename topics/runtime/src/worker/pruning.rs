//! Deleting versions that nobody can read any more, now and then, after the commit that made them so.
//!
//! A key's newest committed version always stays. A tombstone is given its end of life only after the
//! delete below it is acknowledged: else an older version would come to light when the tombstone goes.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas_records::{Key, Position};
use topics_guard::{Guard, stands};
use topics_log::TopicPartition;
use topics_state::{Row, Version};

use super::batch::{SteppedKey, patiently};
use super::ownership::Owned;
use super::{Parts, Settings};
use crate::error::Error;

/// Below which position a key's versions go whose newest committed one stands there.
fn below(newest: Position) -> Position {
    Position { offset: newest.offset + i64::from(!stands(Guard::NewestStays)), ..newest }
}

/// What to prune, gathered until it is worth a request.
///
/// A crash forgets what was gathered: the versions below it stay until the key is stepped again, and a
/// tombstone among them for ever. That is at most `prune_keys_max` rows a crash, and never wrong.
pub(super) struct Pruning {
    keys_max: usize,
    versions_max: u32,
    gathered: BTreeMap<(TopicPartition, Key), Gathered>,
    due: usize,
}

struct Gathered {
    newest: Version,
    /// Versions below the newest that are known to stand.
    replaced: u32,
    ends: Option<Duration>,
}

impl Pruning {
    pub(super) fn new(settings: &Settings) -> Self {
        let (keys_max, versions_max) = (settings.prune_keys_max, settings.versions_max);
        Self { keys_max, versions_max, gathered: BTreeMap::new(), due: 0 }
    }

    /// A version was committed.
    pub(super) fn note(&mut self, key: &SteppedKey) {
        if !key.replaces && key.ends.is_none() {
            return;
        }
        let at = (key.topic_partition.clone(), key.key.clone());
        let entry = self.gathered.entry(at).or_insert_with(|| Gathered {
            newest: key.version.clone(),
            replaced: 0,
            ends: None,
        });
        entry.newest = key.version.clone();
        entry.replaced += u32::from(key.replaces);
        if (key.ends.is_some() && entry.ends.is_none()) || entry.replaced == self.versions_max {
            self.due += 1;
        }
        entry.ends = key.ends;
    }

    /// Whether enough is gathered.
    pub(super) fn is_due(&self) -> bool {
        self.due >= self.keys_max || self.gathered.len() >= 4 * self.keys_max
    }

    /// Forgets a partition that is no longer ours: its next owner prunes what it steps.
    pub(super) fn forget(&mut self, topic_partition: &TopicPartition) {
        self.gathered.retain(|(of, _), _| of != topic_partition);
    }

    /// Deletes below each gathered key's newest version; then lets tombstones end.
    pub(super) async fn run(
        &mut self,
        parts: &Parts,
        settings: &Settings,
        owned: &BTreeMap<TopicPartition, Owned>,
    ) -> Result<(), Error> {
        let mut by_slot: BTreeMap<TopicPartition, Vec<(Key, Gathered)>> = BTreeMap::new();
        for ((topic_partition, key), gathered) in std::mem::take(&mut self.gathered) {
            by_slot.entry(topic_partition).or_default().push((key, gathered));
        }
        self.due = 0;
        for (topic_partition, keys) in by_slot {
            let Some(owned) = owned.get(&topic_partition) else {
                continue;
            };
            // A key met once has little below it; its end, or its next versions, will take that along.
            let keys: Vec<(Key, Gathered)> = keys
                .into_iter()
                .filter(|(_, gathered)| gathered.ends.is_some() || gathered.replaced > 0)
                .collect();
            if keys.is_empty() {
                continue;
            }
            let below: Vec<(Key, Position)> =
                keys.iter().map(|(key, gathered)| (key.clone(), below(gathered.newest.position))).collect();
            if stands(Guard::TombstoneLast) {
                patiently(settings, || parts.store.prune(&settings.agent, owned.epoch(), &below)).await?;
            }
            let ends: Vec<Row> = keys
                .into_iter()
                .filter_map(|(key, Gathered { newest, ends, .. })| {
                    let lives = Some(ends?);
                    Some(Row { key, position: newest.position, value: newest.value, lives })
                })
                .collect();
            if !ends.is_empty() {
                patiently(settings, || parts.store.write(&settings.agent, owned.epoch(), ends.clone()))
                    .await?;
            }
        }
        Ok(())
    }
}
