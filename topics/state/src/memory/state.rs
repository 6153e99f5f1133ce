//! The seam for agents' state, over the tables in memory.

use async_trait::async_trait;
use schemas_records::{Key, Position, Timestamp};

use super::versions::Line;
use super::{Door, MemoryStore, Tables};
use crate::error::{Error, Remedy};
use crate::owners;
use crate::state::{Epoch, Owner, Row, Slot, StateStore, Version};
use crate::winner::{Cell, end_of_life};

/// Most attempts at one registration. Each that fails means that another one succeeded, and a slot has
/// hardly more than a few contenders.
const REGISTER_ATTEMPTS_MAX: usize = 64;

#[async_trait]
impl StateStore for MemoryStore {
    async fn identity(&self) -> Result<String, Error> {
        let identity = self.identity.to_string();
        self.call(Door::Identity, || "read the store's id".to_owned(), |_, _| Ok(identity)).await
    }

    async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        let of = slot.clone();
        let attempted = || format!("read the owner's row of {slot}");
        self.call(Door::Owner, attempted, move |tables, _| Ok(tables.owners.get(&of).cloned())).await
    }

    async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        let attempted = || format!("register as owner of {slot}");
        for _ in 0..REGISTER_ATTEMPTS_MAX {
            let stood = self.now().0.owners.get(slot).cloned();
            let next = owners::successor(slot, stood.as_ref(), topic_id)?;
            let (of, expected, epoch) = (slot.clone(), stood.clone(), next.epoch);
            let compare_and_set = move |tables: &mut Tables, _| {
                let is_as_expected = tables.owners.get(&of) == expected.as_ref();
                if is_as_expected {
                    tables.owners.insert(of, next);
                }
                Ok(is_as_expected)
            };
            if self.call(Door::Register, attempted, compare_and_set).await? {
                return Ok((stood, epoch));
            }
        }
        Err(Error::new(Remedy::Retry, attempted(), "others registered at the same time, again and again"))
    }

    async fn note(&self, slot: &Slot, owner: &Owner) -> Result<(), Error> {
        let (of, noted) = (slot.clone(), owner.clone());
        let compare_and_set = move |tables: &mut Tables, _| {
            owners::may_note(&of, tables.owners.get(&of), &noted)?;
            tables.owners.insert(of, noted);
            Ok(())
        };
        self.call(Door::Note, || format!("note the owner's row of {slot}"), compare_and_set).await
    }

    async fn read(&self, agent: &str, below: &[(Key, Position)]) -> Result<Vec<Option<Version>>, Error> {
        let (name, wanted) = (agent.to_owned(), below.to_vec());
        let attempted = || format!("read {} states of {agent}", below.len());
        let look = move |tables: &mut Tables, now: Timestamp| {
            let agent = tables.name(&name);
            let mut found = Vec::with_capacity(wanted.len());
            for (key, position) in wanted {
                let line = Line { agent: agent.clone(), key, generation: position.generation };
                let newest = tables.versions.newest_below(&line, position.offset, now);
                found.push(newest.map(|(offset, cell)| Version {
                    position: Position { offset, ..position },
                    value: cell.value.clone(),
                }));
            }
            Ok(found)
        };
        self.call(Door::Read, attempted, look).await
    }

    async fn write(&self, agent: &str, epoch: Epoch, mut rows: Vec<Row>) -> Result<(), Error> {
        // Several rows are not written at once, so trouble may befall half of them.
        let half = if self.faults.is_some() { rows.len() / 2 } else { 0 };
        let rest = rows.split_off(half);
        for part in [rows, rest] {
            if part.is_empty() {
                continue;
            }
            let (name, attempted) = (agent.to_owned(), format!("write {} states of {agent}", part.len()));
            let write = move |tables: &mut Tables, now: Timestamp| {
                let agent = tables.name(&name);
                for row in part {
                    let line =
                        Line { agent: agent.clone(), key: row.key, generation: row.position.generation };
                    let expires = end_of_life(now, row.lives);
                    tables.versions.write(
                        line,
                        row.position.offset,
                        Cell { epoch, expires, value: row.value },
                    );
                }
                Ok(())
            };
            self.call(Door::Write, || attempted.clone(), write).await?;
        }
        Ok(())
    }

    async fn prune(&self, agent: &str, epoch: Epoch, below: &[(Key, Position)]) -> Result<(), Error> {
        let (name, wanted) = (agent.to_owned(), below.to_vec());
        let attempted = || format!("prune {} states of {agent}", below.len());
        let prune = move |tables: &mut Tables, now: Timestamp| {
            let agent = tables.name(&name);
            for (key, position) in wanted {
                let line = Line { agent: agent.clone(), key, generation: position.generation };
                tables.versions.prune(&line, position.offset, epoch, now);
            }
            Ok(())
        };
        self.call(Door::Prune, attempted, prune).await
    }
}
