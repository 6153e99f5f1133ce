//! Taking a partition over: register, ask, write. In this order, and no other.
//!
//! *Register*: a new epoch, one above what stands, by compare-and-set. From here on our writes win over
//! every earlier owner's. *Ask*: the coordinator accepts the committed offset from us, in an empty
//! transaction under our own membership; whoever has lost the partition meanwhile is refused here.
//! *Write*: only now. Registering after asking, or not asking, lets a stale owner's epoch overtake; see
//! the tests that leave each rule out.

use schemas_records::Position;
use topics_log::{Assignment, Committed, OffsetCommit, Start, TopicPartition};
use topics_state::{Epoch, Owner, Slot};

use super::cache::Cache;
use super::{Settings, Worker};
use crate::error::{Error, Remedy};
use crate::handler::Input;
use crate::probe::Moment;

/// One ownership of one partition that was registered and accepted.
pub(super) struct Owned {
    pub(super) assignment: Assignment,
    pub(super) cache: Cache,
    slot: Slot,
    row: Owner,
    /// The next offset to handle, as last committed.
    next: i64,
    /// A record that earlier owners died on, once too often.
    condemned: Option<i64>,
    /// Below this offset an owner died without progress: each step is marked, one record a transaction.
    careful_below: i64,
}

impl Owned {
    /// The epoch under which this ownership writes.
    pub(super) fn epoch(&self) -> Epoch {
        self.row.epoch
    }

    /// The batch that ends before `next` is committed.
    pub(super) fn advance(&mut self, next: i64) {
        self.next = next;
    }

    fn is_careful(&self) -> bool {
        self.next < self.careful_below
    }
}

/// After a start that finds its predecessor dead without progress, this many offsets are stepped one by
/// one: the record that killed it, if one did, was in the batch it had polled first.
const CAREFUL_OFFSETS: i64 = 64;

impl Worker {
    /// Takes over what is assigned and not taken over yet. On an error it stays so, and is tried again.
    pub(super) async fn assume(&mut self) -> Result<(), Error> {
        self.unstarted.retain(|assignment| assignment.token.is_alive());
        if self.unstarted.is_empty() {
            return Ok(());
        }
        let assigned = self.unstarted.clone();
        let topic_id = self.topic_id().await?;
        let mut registered = Vec::new();
        for assignment in &assigned {
            let slot = Slot {
                agent: self.settings.agent.as_str().into(),
                generation: self.settings.generation,
                partition: assignment.topic_partition.partition,
            };
            let (before, epoch) = self.parts.store.register(&slot, &topic_id).await?;
            // An ownership of our own that was given up after an error is no death.
            let last = self.last_epochs.insert(assignment.topic_partition.clone(), epoch);
            let before =
                before.map(|owner| Owner { closed: owner.closed || last == Some(owner.epoch), ..owner });
            registered.push((assignment.clone(), slot, before, epoch));
        }
        self.moment(Moment::Registered).await;

        let committed = self.consumer.committed(&assigned).await?;
        let mut starts = Vec::new();
        let mut owned = Vec::new();
        for ((assignment, slot, before, epoch), committed) in registered.into_iter().zip(committed) {
            let next = self.check(&slot, before.as_ref(), committed.as_ref())?;
            starts.push((assignment.clone(), if next == 0 { Start::Beginning } else { Start::At(next) }));
            owned.push(ownership(assignment, slot, before, epoch, topic_id.clone(), next, &self.settings));
        }
        self.ask(&owned).await?;
        self.moment(Moment::Asked).await;

        for owned in &mut owned {
            owned.row.committed = Some(owned.next);
            self.parts.store.note(&owned.slot, &owned.row).await?;
        }
        self.consumer.read_from(&starts).await?;
        self.unstarted.clear();
        for owned in owned {
            if let Some(watchdog) = &self.parts.watchdog {
                watchdog.own(owned.slot.clone(), owned.row.clone());
            }
            self.owned.insert(owned.assignment.topic_partition.clone(), owned);
        }
        Ok(())
    }

    /// Where to go on, if this store and this topic are the ones the last owner worked with.
    fn check(
        &self,
        slot: &Slot,
        before: Option<&Owner>,
        committed: Option<&Committed>,
    ) -> Result<i64, Error> {
        let attempted = || format!("take over {slot}");
        match committed {
            Some(committed) if committed.metadata == self.note || committed.metadata.is_empty() => {
                Ok(committed.offset)
            }
            Some(committed) => Err(Error::new(
                Remedy::Stop,
                attempted(),
                format!(
                    "its last owner kept its state elsewhere ({}, this node has {}): start this node with that store, \
                     or remove the group's offsets to begin anew",
                    committed.metadata, self.note
                ),
            )),
            None => match before.and_then(|owner| owner.committed) {
                None => Ok(0),
                Some(offset) => Err(Error::new(
                    Remedy::Stop,
                    attempted(),
                    format!(
                        "the group has no committed offset, but its owner's row says that {offset} was committed: the \
                         group was deleted, or was empty for longer than the broker keeps offsets; set the group's \
                         offset to {offset} again, or remove the state to begin anew"
                    ),
                )),
            },
        }
    }

    /// Has the coordinator accept the offsets from us, in a transaction that holds nothing else. It is
    /// never folded into a batch: until it is committed nothing may be written.
    async fn ask(&mut self, owned: &[Owned]) -> Result<(), Error> {
        let offsets: Vec<OffsetCommit> = owned
            .iter()
            .map(|owned| OffsetCommit {
                assignment: owned.assignment.clone(),
                next: owned.next,
                metadata: self.note.clone(),
            })
            .collect();
        self.begin().await?;
        self.transactor.send_offsets(&offsets).await?;
        self.commit().await
    }

    /// Kafka's id of the inbox: another one tells that the topic was made anew under the same name.
    async fn topic_id(&mut self) -> Result<String, Error> {
        let topic = self.settings.topic.as_str();
        let found = self.parts.log.topics(topic).await?;
        found
            .into_iter()
            .find(|description| description.name == topic)
            .map(|description| description.id)
            .ok_or_else(|| {
                Error::new(
                    Remedy::Stop,
                    format!("find topic {topic}"),
                    "it does not exist (`tributary topics apply`)",
                )
            })
    }

    /// Forgets a partition, its cache and what was to be pruned in it.
    pub(super) fn forget(&mut self, topic_partition: &TopicPartition) {
        self.owned.remove(topic_partition);
        self.unstarted.retain(|assignment| assignment.topic_partition != *topic_partition);
        self.pruning.forget(topic_partition);
        if let Some(watchdog) = &self.parts.watchdog {
            watchdog.disown(topic_partition.partition);
        }
    }

    /// How many records the next poll may bring: one, while a record is suspected of killing its owner.
    pub(super) fn records_max(&self) -> usize {
        if self.owned.values().any(Owned::is_careful) { 1 } else { self.settings.batch_records_max }
    }

    /// Before a step that may be the one that kills: says so in the owner's row. Returns whether the
    /// record has killed too often already.
    pub(super) async fn mark(&mut self, input: &Input<'_>) -> Result<bool, Error> {
        let Position { offset, .. } = input.position;
        let Some(owned) = self.owned.get_mut(&input.record.topic_partition) else {
            return Ok(false);
        };
        if owned.condemned == Some(offset) {
            return Ok(true);
        }
        if owned.is_careful() {
            if owned.row.stepping != Some(offset) {
                owned.row.deaths = 0;
            }
            owned.row.stepping = Some(offset);
            self.parts.store.note(&owned.slot, &owned.row).await?;
        }
        Ok(false)
    }

    /// After a marked step has returned: whoever dies from here on did not die of it.
    pub(super) async fn unmark(&mut self, topic_partition: &TopicPartition) -> Result<(), Error> {
        let Some(owned) = self.owned.get_mut(topic_partition) else {
            return Ok(());
        };
        if owned.row.stepping.is_none() {
            return Ok(());
        }
        owned.row.stepping = None;
        owned.row.deaths = 0;
        self.parts.store.note(&owned.slot, &owned.row).await?;
        Ok(())
    }

    /// Leaves in good order: what is stepped is committed, so only the owner rows remain to be said.
    pub(super) async fn leave(mut self) {
        if let Err(error) = self.prune().await {
            tracing::debug!(handler = %self.settings.name, %error, "left without pruning");
        }
        for owned in self.owned.values_mut() {
            owned.row.committed = Some(owned.next);
            owned.row.closed = true;
            if let Err(error) = self.parts.store.note(&owned.slot, &owned.row).await {
                tracing::debug!(handler = %self.settings.name, %error, "left without a note");
            }
        }
        drop(self.transactor);
        self.consumer.close().await;
    }
}

fn ownership(
    assignment: Assignment,
    slot: Slot,
    before: Option<Owner>,
    epoch: Epoch,
    topic_id: String,
    next: i64,
    settings: &Settings,
) -> Owned {
    let died_here = before.as_ref().filter(|owner| !owner.closed).and_then(|owner| owner.stepping);
    let deaths = match (&before, died_here) {
        (Some(owner), Some(offset)) if offset >= next => owner.deaths + 1,
        _ => 0,
    };
    let stepping = died_here.filter(|_| deaths > 0);
    let without_progress =
        before.as_ref().is_some_and(|owner| !owner.closed && owner.committed.is_some_and(|at| at == next));
    let careful = without_progress || stepping.is_some();
    Owned {
        assignment,
        slot,
        cache: Cache::new(settings.cache_bytes_max),
        row: Owner { epoch, topic_id, committed: None, stepping, deaths, closed: false },
        next,
        condemned: stepping.filter(|_| deaths >= settings.step_deaths_max),
        careful_below: if careful { stepping.unwrap_or(next).max(next) + CAREFUL_OFFSETS } else { 0 },
    }
}
