//! Pruning, and the ends of lives. See `worker/pruning.rs` of the runtime.

use super::Model;
use crate::owner::Known;
use crate::plan::Life;
use crate::rule::Rule;
use crate::state::State;
use crate::store::{Change, Version};

impl Model {
    pub(super) fn prunes(&self, state: &mut State, owner: u8, key: u8, below: u8) {
        let epoch = self.stamp(&state.owners[usize::from(owner)]);
        state.store.send(Change::Prune { offsets: self.offsets(key, below), epoch });
    }

    pub(super) fn ends(&self, state: &mut State, owner: u8, key: u8) {
        let ending = state.owners[usize::from(owner)];
        if let Some(Known { offset, value }) = ending.cache[usize::from(key)] {
            let version = Version { epoch: self.stamp(&ending), is_mortal: true, value };
            state.store.send(Change::Write { offset, version });
        }
    }

    /// Whether the newest row of a key may be given its end of life.
    pub(super) fn may_end(&self, state: &State, owner: u8, key: u8) -> bool {
        let ending = &state.owners[usize::from(owner)];
        let Some(Known { offset, value }) = ending.cache[usize::from(key)] else { return false };
        let stamp = self.stamp(ending);
        let is_deleted = |at: u8| state.store.cells[usize::from(at)].deleted >= stamp;
        let is_over = self.plan.life(offset, value) != Life::Value;
        let mortal = Version { epoch: stamp, is_mortal: true, value };
        let is_safe = !self.keeps(Rule::ExpireAfterTheDelete) || self.plan.below(key, offset).all(is_deleted);
        is_over && is_safe && !state.store.has_arrived(offset, mortal)
    }

    /// Below which offsets an owner may prune a key now, if there is anything to delete there.
    pub(super) fn floors(&self, state: &State, owner: u8, key: u8) -> impl Iterator<Item = u8> {
        let pruning = &state.owners[usize::from(owner)];
        let committed = pruning.cache[usize::from(key)].map(|known| known.offset);
        let stepped = pruning.hand.rows[usize::from(key)].map(|row| row.offset);
        let stepped = stepped.filter(|_| !self.keeps(Rule::PruneByWhatIsCommitted));
        let newest = committed.map(|offset| offset + 1);
        let newest = newest.filter(|_| !self.keeps(Rule::PruneBelowTheNewest));
        let stamp = self.stamp(pruning);
        let stands = move |below: u8| {
            self.plan.below(key, below).any(|offset| {
                let version = state.store.cells[usize::from(offset)].version;
                version.is_some_and(|version| version.epoch <= stamp)
            })
        };
        [committed, stepped, newest].into_iter().flatten().filter(move |below| stands(*below))
    }

    /// A key's offsets below one, a bit each.
    fn offsets(&self, key: u8, below: u8) -> u8 {
        self.plan.below(key, below).fold(0, |set, offset| set | 1 << offset)
    }
}
