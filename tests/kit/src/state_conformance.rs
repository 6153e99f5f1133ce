//! What every [`StateStore`] must do, as cases that run on each of them.
//!
//! A case gets a store of its own, or a namespace of its own in a shared one, and fails by panicking.
//! Nothing here asks for more than the seam promises: that a lower epoch's write lands, for instance, is
//! neither asked for nor forbidden.

#![allow(clippy::expect_used, reason = "a case fails by panicking, as every test does")]

mod epochs;
mod lives;
mod owners;
mod versions;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use topics_state::{Epoch, Key, Position, Row, Slot, StateStore};

/// A step of time or a case, on its way.
pub type Going = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store to be tried.
#[derive(Clone)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn StateStore>,
    /// Lets time pass for it: moves its clock, or waits where the clock is not ours.
    pub advance: Arc<dyn Fn(Duration) -> Going + Send + Sync>,
    /// Stands before every agent's name, so that cases can share a server.
    pub namespace: String,
}

/// One thing that must hold.
pub type Case = fn(Subject) -> Going;

/// All cases: what each shows, and how.
#[must_use]
pub fn cases() -> Vec<(&'static str, Case)> {
    let mut all: Vec<(&'static str, Case)> = Vec::new();
    all.extend(versions::cases());
    all.extend(epochs::cases());
    all.extend(lives::cases());
    all.extend(owners::cases());
    all
}

/// A position in partition 3 of a generation.
fn at(generation: i32, offset: i64) -> Position {
    Position { generation, partition: 3, offset }
}

/// A row of generation 1 that lives for ever.
fn row(key: &[u8], offset: i64, value: &[u8]) -> Row {
    Row { key: Key::new(key), position: at(1, offset), value: Bytes::copy_from_slice(value), lives: None }
}

impl Subject {
    /// An agent's full name.
    fn agent(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// A slot of an agent.
    fn slot(&self, name: &str, generation: i32, partition: i32) -> Slot {
        Slot { agent: self.agent(name).into(), generation, partition }
    }

    /// Writes rows of agent `a`.
    async fn write(&self, epoch: i64, rows: Vec<Row>) {
        self.store.write(&self.agent("a"), Epoch(epoch), rows).await.expect("write");
    }

    /// Prunes a key of agent `a` in generation 1.
    async fn prune(&self, epoch: i64, key: &[u8], below: i64) {
        let below = [(Key::new(key), at(1, below))];
        self.store.prune(&self.agent("a"), Epoch(epoch), &below).await.expect("prune");
    }

    /// The newest version of an agent's key below a position: its offset and value.
    async fn newest(&self, agent: &str, key: &[u8], below: Position) -> Option<(i64, Bytes)> {
        let wanted = [(Key::new(key), below)];
        let mut found = self.store.read(&self.agent(agent), &wanted).await.expect("read");
        assert_eq!(found.len(), 1, "one answer for one question");
        found.remove(0).map(|version| (version.position.offset, version.value))
    }

    /// Checks the newest version of agent `a` in generation 1 below an offset.
    async fn check(&self, key: &[u8], below: i64, expected: Option<(i64, &[u8])>) {
        let found = self.newest("a", key, at(1, below)).await;
        let found = found.as_ref().map(|(offset, value)| (*offset, &value[..]));
        assert_eq!(found, expected, "newest of {key:?} below {below}");
    }
}
