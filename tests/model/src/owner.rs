//! One process: where it stands in its loop, and what it has in memory. It knows nothing of the others.

use crate::log::BATCH_MAX;
use crate::plan::KEYS_MAX;
use crate::store::Version;
use crate::value::{Code, Value};

/// Where a process stands, after the last of the runtime's named moments that it passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not started.
    #[default]
    Unborn,
    /// Dead; what it sent may still arrive.
    Dead,
    /// A process without the partition.
    Idle,
    /// `assigned`: it has the partition and no epoch.
    Assigned,
    /// It has looked at the owner's row and not written it; only without compare-and-set.
    LookedUp,
    /// `registered`.
    Registered,
    /// It has read the committed offset.
    Read,
    /// Accepted by the coordinator, and without an epoch; only if it asks first.
    Accepted,
    /// `asked`, or `committed`: the owner, between two batches.
    Owner,
    /// `polled` and `stepped`; the rows are sent.
    Stepped,
    /// `offsets-sent`, or the asking is sent: it waits to hear of the end.
    Sent,
    /// It has heard nothing and waits no longer.
    Doubt,
}

/// A key's state in the cache, and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// The record.
    pub offset: u8,
    /// The state.
    pub value: Value,
}

/// A row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its key's last record in the batch.
    pub offset: u8,
    /// What was written.
    pub version: Version,
}

/// The batch in hand: from the owner's next offset to `to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hand {
    /// The offset behind it.
    pub to: u8,
    /// What each step says.
    pub said: [Value; BATCH_MAX],
    /// By key.
    pub rows: [Option<Row>; KEYS_MAX],
}

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Where it stands.
    pub phase: Phase,
    /// What it runs.
    pub code: Code,
    /// Whether the token of its assignment lives: it has not heard of losing the partition.
    pub has_token: bool,
    /// Whether the coordinator takes offsets from it as it presents itself now.
    pub is_member: bool,
    /// Whether another process has its instance's name: it can come back no more.
    pub is_replaced: bool,
    /// The generation of its assignment; kept only where an epoch is made of it.
    pub generation: u8,
    /// Its epoch; 0 without one.
    pub epoch: u8,
    /// The next offset to handle.
    pub next: u8,
    /// By key.
    pub cache: [Option<Known>; KEYS_MAX],
    /// What it is doing.
    pub hand: Hand,
    /// The state of the next record's key, loaded ahead; only without the rule that forbids it.
    pub ahead: Option<Value>,
}

impl Default for Owner {
    fn default() -> Self {
        Self {
            phase: Phase::Unborn,
            code: Code::A,
            has_token: false,
            is_member: false,
            is_replaced: false,
            generation: 0,
            epoch: 0,
            next: 0,
            cache: [None; KEYS_MAX],
            hand: Hand::default(),
            ahead: None,
        }
    }
}

impl Owner {
    /// Whether it does anything of its own.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.phase, Phase::Unborn | Phase::Dead)
    }

    /// Dies. Only what it was is gone: what it sent is not.
    pub fn die(&mut self) {
        *self = Self { phase: Phase::Dead, ..Self::default() };
    }

    /// Gives its ownership up, to take it over again if the token lives. With the cache goes all else.
    pub fn give_up(&mut self, keeps_cache: bool) {
        let Self { code, has_token, is_member, is_replaced, generation, .. } = *self;
        let phase = if has_token { Phase::Assigned } else { Phase::Idle };
        let cache = if keeps_cache { self.cache } else { [None; KEYS_MAX] };
        let generation = if has_token { generation } else { 0 };
        let fresh = Self::default();
        *self = Self { phase, code, has_token, is_member, is_replaced, generation, cache, ..fresh };
    }
}
