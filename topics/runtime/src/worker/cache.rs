//! The newest versions of recently stepped keys, for one ownership of one partition.
//!
//! It dies with the ownership's token, and is dropped after an abort: then it may hold states that never
//! came to be. Only committed versions are put in.

use std::collections::HashMap;

use schemas_records::Key;
use topics_guard::{Guard, stands};
use topics_state::Version;

/// Two generations: when the young one is full it becomes the old one, and what was old is forgotten.
/// A key that is used moves to the young one. That is close to least-recently-used at no cost per read.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<Key, Version>,
    old: HashMap<Key, Version>,
    young_bytes: usize,
    bytes_max: usize,
}

/// What an entry costs beside its key and value: the map's slot, the position, two reference counts.
const ENTRY_BYTES: usize = 120;

impl Cache {
    /// Holds at most about `bytes_max` bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    /// The newest version of a key, if it is here.
    pub(super) fn get(&mut self, key: &Key) -> Option<Version> {
        if let Some(version) = self.young.get(key) {
            return Some(version.clone());
        }
        let version = self.old.remove(key)?;
        self.insert(key.clone(), version.clone());
        Some(version)
    }

    /// A key's newest committed version.
    pub(super) fn insert(&mut self, key: Key, version: Version) {
        self.old.remove(&key);
        let size = ENTRY_BYTES + key.as_bytes().len() + version.value.len();
        let before = self.young.insert(key.clone(), version);
        self.young_bytes += size;
        if let Some(before) = before {
            let freed = ENTRY_BYTES + key.as_bytes().len() + before.value.len();
            self.young_bytes = self.young_bytes.saturating_sub(freed);
        }
        if self.young_bytes > self.bytes_max / 2 && stands(Guard::CacheBound) {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    //! The cache keeps what is used, forgets what is not, and stays within its bound.

    use bytes::Bytes;
    use schemas_records::{Key, Position};
    use topics_state::Version;

    use super::{Cache, ENTRY_BYTES};

    fn version(offset: i64) -> Version {
        let position = Position { generation: 1, partition: 0, offset };
        Version { position, value: Bytes::from(vec![0; 100]) }
    }

    /// The newest version is what is read; a used key survives a turn of generations, an unused one not.
    #[test]
    fn keeps_what_is_used() {
        let mut cache = Cache::new(20 * (ENTRY_BYTES + 105));
        let key = |n: i64| Key::new(format!("k{n:04}").as_bytes());
        for n in 0..100 {
            cache.insert(key(n), version(n));
            assert_eq!(cache.get(&key(0)).map(|v| v.position.offset), Some(0), "after {n}");
            assert!(cache.young.len() + cache.old.len() <= 22);
        }
        assert_eq!(cache.get(&key(1)), None);
        cache.insert(key(0), version(7));
        assert_eq!(cache.get(&key(0)).map(|v| v.position.offset), Some(7));
    }
}
