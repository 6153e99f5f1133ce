//! The life of a batch: load, step, save, send offsets, commit, settle. See `Worker::batch` of the runtime.

use super::takeover::or_none;
use super::{Model, at};
use crate::action::Source;
use crate::log::Transaction;
use crate::owner::{Hand, Known, Owner, Phase, Row};
use crate::plan::{KEYS_MAX, Life};
use crate::rule::Rule;
use crate::state::State;
use crate::store::{Change, Version};
use crate::value::Value;
use crate::violation::Violation;

/// What a batch knows of one key while it is stepped.
#[derive(Clone, Copy, Default)]
struct KeyState {
    value: Option<Value>,
    /// Whether there was a version of it from before the batch.
    is_stored: bool,
    records: u8,
    is_changed: bool,
}

impl Model {
    /// The timestamp of an owner's writes and deletes.
    pub(super) fn stamp(&self, owner: &Owner) -> u8 {
        if self.keeps(Rule::EpochIsTheTimestamp) { owner.epoch } else { 1 }
    }

    pub(super) fn steps(&self, state: &mut State, owner: u8, records: u8, source: Source) {
        let mut stepping = state.owners[usize::from(owner)];
        let mut keys = [KeyState::default(); KEYS_MAX];
        let mut hand = Hand { to: stepping.next + records, ..Hand::default() };
        for offset in stepping.next..hand.to {
            let key = self.plan.key(offset);
            let slot = &mut keys[usize::from(key)];
            if slot.records == 0 || source == Source::StoreEachTime {
                let loaded = self.loads(state, &stepping, key, offset, source);
                (slot.value, slot.is_stored) = (loaded, loaded.is_some());
            }
            let before = or_none(slot.value);
            let (value, life) = self.plan.step(stepping.code, offset, before);
            slot.records += 1;
            slot.is_changed |= value != before;
            slot.value = Some(value);
            hand.said[usize::from(offset - stepping.next)] = value;
            let version = Version {
                epoch: self.stamp(&stepping),
                is_mortal: self.is_mortal_at_once(life, slot),
                value,
            };
            let is_written = slot.is_changed || self.keeps(Rule::AlwaysWrite);
            hand.rows[usize::from(key)] = is_written.then_some(Row { offset, version });
        }
        for Row { offset, version } in hand.rows.into_iter().flatten() {
            state.store.send(Change::Write { offset, version });
        }
        if !self.keeps(Rule::CacheGoesWithTheAbort) {
            remember(&mut stepping, &hand);
        }
        (stepping.phase, stepping.hand, stepping.ahead) = (Phase::Stepped, hand, None);
        *at(state, owner) = stepping;
    }

    fn loads(&self, state: &State, owner: &Owner, key: u8, offset: u8, source: Source) -> Option<Value> {
        let cached = || owner.cache[usize::from(key)].map(|known| known.value);
        let stored = || state.read(&self.plan, key, offset).map(|known| known.value);
        match source {
            Source::Cache => cached().or_else(stored),
            Source::Store | Source::StoreEachTime => stored(),
            Source::Ahead => owner.ahead.filter(|value| *value != Value::NONE),
        }
    }

    /// Whether a row gets its end of life with its first write, and no delete below it first.
    fn is_mortal_at_once(&self, life: Life, key: &KeyState) -> bool {
        let is_alone = key.records == 1 || !self.keeps(Rule::LifeOnlyWhenAlone);
        match life {
            Life::Value => false,
            Life::Absent => is_alone,
            Life::Ended => !key.is_stored && is_alone,
        }
    }

    /// The broker commits. Whoever waits hears so.
    pub(super) fn lands(&self, state: &mut State, owner: u8, is_behind: bool) -> Result<(), Violation> {
        let open = &mut state.log.transactions[usize::from(owner)][usize::from(is_behind)];
        if let Some(transaction) = open.take() {
            state.log.commit(&self.plan, transaction)?;
        }
        let waiting = at(state, owner);
        if waiting.phase == Phase::Sent && !is_behind {
            self.settles(waiting);
        }
        Ok(())
    }

    /// The batch is committed, as far as its owner knows: what was stepped becomes what is known.
    pub(super) fn settles(&self, owner: &mut Owner) {
        let hand = owner.hand;
        remember(owner, &hand);
        if !self.keeps(Rule::AskAfterRegistering) && owner.epoch == 0 {
            (owner.phase, owner.hand) = (Phase::Accepted, Hand::default());
        } else {
            owner.goes_on(hand.to);
        }
        if !owner.has_token {
            owner.give_up(!self.keeps(Rule::CacheGoesWithTheToken));
        }
    }

    pub(super) fn loads_ahead(&self, state: &mut State, owner: u8) {
        let offset = state.owners[usize::from(owner)].hand.to;
        let loaded = state.read(&self.plan, self.plan.key(offset), offset).map(|known| known.value);
        at(state, owner).ahead = Some(or_none(loaded));
    }

    /// The batch behind, of one record, on top of what is in hand; its row is acknowledged at once.
    pub(super) fn steps_behind(&self, state: &mut State, owner: u8) {
        let stepping = state.owners[usize::from(owner)];
        let (offset, key) = (stepping.hand.to, self.plan.key(stepping.hand.to));
        let in_hand = stepping.hand.rows[usize::from(key)].map(|row| row.version.value);
        let before = in_hand.or_else(|| self.loads(state, &stepping, key, offset, Source::Cache));
        let value = self.plan.step(stepping.code, offset, or_none(before)).0;
        let version = Version { epoch: self.stamp(&stepping), is_mortal: false, value };
        if !state.store.has_arrived(offset, version) {
            state.store.arrive(Change::Write { offset, version });
        }
        let mut said = Hand::default().said;
        said[0] = value;
        let behind = Transaction { from: offset, to: offset + 1, said };
        state.log.transactions[usize::from(owner)][1] = Some(behind);
    }
}

/// Puts what a batch stepped into the cache; what came and went with one record is not asked for again.
fn remember(owner: &mut Owner, hand: &Hand) {
    for (key, row) in hand.rows.iter().enumerate() {
        if let Some(Row { offset, version }) = *row {
            let known = Known { offset, value: version.value };
            owner.cache[key] = (!version.is_mortal).then_some(known);
        }
    }
}
