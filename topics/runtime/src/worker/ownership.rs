//! Taking a partition over: register, ask, write. In this order, and no other.
//!
//! *Register*: a new epoch, one above what stands, by compare-and-set. From here on our writes win over
//! every earlier owner's. *Ask*: the coordinator accepts the committed offset from us, in an empty
//! transaction under our own membership; whoever has lost the partition meanwhile is refused here.
//! *Write*: only now. Registering after asking, or not asking, lets a stale owner's epoch overtake; see
//! the tests that leave each rule out.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas_records::Position;
use tokio::time::Instant;
use topics_catalog::Inbox;
use topics_guard::{Guard, stands};
use topics_log::{Assignment, Committed, OffsetCommit, Start, TopicPartition};
use topics_state::{Epoch, Owner, Slot};

use super::batch::patiently;
use super::cache::Cache;
use super::{Parts, Settings, Worker, moving};
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
    /// The generation that new keys belong to, once a draining record was passed.
    pub(super) next_inbox: Option<Arc<Inbox>>,
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

/// After a start that finds its predecessor dead without progress, at most this many offsets that lie ready
/// are stepped one by one: the record that killed it, if one did, was in the batch it had polled first.
/// A thousand transactions take some ten seconds; a killer further on kills again, and is a thousand
/// records closer by then.
const CAREFUL_OFFSETS: i64 = 1_000;

impl Worker {
    /// Takes over what is assigned and not taken over yet. On an error it stays so, and is tried again.
    pub(super) async fn assume(&mut self) -> Result<(), Error> {
        self.unstarted.retain(|assignment| assignment.token.is_alive());
        if self.unstarted.is_empty() || !self.may_begin().await? {
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
            let (before, epoch) = match self.last_epochs.get(&assignment.topic_partition) {
                Some(last) if !stands(Guard::EpochAfterTrouble) => {
                    (self.parts.store.owner(&slot).await?, *last)
                }
                _ => self.parts.store.register(&slot, &topic_id).await?,
            };
            // An ownership of our own that was given up after an error is no death.
            let last = self.last_epochs.insert(assignment.topic_partition.clone(), epoch);
            let is_own = before.as_ref().is_some_and(|owner| last == Some(owner.epoch));
            let has_died = !is_own && before.as_ref().is_some_and(|owner| !owner.closed);
            let has_marked = is_own && self.marked.contains(&assignment.topic_partition);
            let assignment = assignment.clone();
            registered.push(Registered { assignment, slot, before, epoch, has_died, has_marked });
        }
        self.moment(Moment::Registered).await;

        let committed = self.consumer.committed(&assigned).await?;
        let checked = registered.iter().zip(&committed).map(|(registered, committed)| {
            self.check(&registered.slot, registered.before.as_ref(), committed.as_ref())
        });
        let nexts: Vec<i64> = match checked.collect() {
            Ok(nexts) => nexts,
            Err(error) => {
                self.step_back(&registered).await;
                return Err(error);
            }
        };
        let mut starts = Vec::new();
        let mut owned = Vec::new();
        for (registered, next) in registered.into_iter().zip(nexts) {
            let start = if next == 0 { Start::Beginning } else { Start::At(next) };
            starts.push((registered.assignment.clone(), start));
            let ready = self.ready(&registered, next).await?;
            owned.push(ownership(registered, topic_id.clone(), next, ready, &self.settings));
        }
        if stands(Guard::AskedAfterRegistering) {
            self.ask(&owned).await?;
        }
        self.moment(Moment::Asked).await;
        read_draining(&self.parts, &self.settings, &mut owned).await?;

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
            self.marked.remove(&owned.assignment.topic_partition);
            self.own(owned);
        }
        Ok(())
    }

    fn own(&mut self, mut owned: Owned) {
        let before = self.owned.remove(&owned.assignment.topic_partition);
        if let Some(before) = before.filter(|_| !stands(Guard::CacheDiesWithToken)) {
            owned.cache = before.cache;
        }
        self.owned.insert(owned.assignment.topic_partition.clone(), owned);
    }

    /// Says again of slots that are refused what their last owners said, who may have left in good order: this
    /// one has done nothing there, and must not pass for one that died.
    async fn step_back(&mut self, registered: &[Registered]) {
        for Registered { slot, before, epoch, .. } in registered {
            let Some(before) = before.clone() else { continue };
            if let Err(error) = self.parts.store.note(slot, &Owner { epoch: *epoch, ..before }).await {
                tracing::debug!(handler = %self.settings.name, %error, "stepped back without a note");
            }
        }
    }

    /// Whether this generation may begin: at once if it is alone, otherwise once the one before begins nothing
    /// any more. Looked at now and then; partitions that are assigned meanwhile wait.
    async fn may_begin(&mut self) -> Result<bool, Error> {
        let (Some(before), Some(until)) = (&self.settings.before, self.waits_for_before) else {
            return Ok(true);
        };
        if !stands(Guard::WaitsForBefore) {
            return Ok(true);
        }
        if Instant::now() < until {
            return Ok(false);
        }
        let (store, agent) = (&self.parts.store, self.settings.agent.as_str());
        let has_moved = patiently(&self.settings, || moving::has_moved(&**store, agent, before)).await?;
        self.waits_for_before = (!has_moved).then(|| Instant::now() + self.settings.look_pause);
        Ok(has_moved)
    }

    /// The draining records of these partitions are committed: from now on they drain, and the owners' rows say
    /// how far they are, since the next generation waits for that.
    pub(super) async fn note_draining(
        &mut self,
        draining: BTreeMap<TopicPartition, Arc<Inbox>>,
    ) -> Result<(), Error> {
        for (topic_partition, inbox) in draining {
            let Some(owned) = self.owned.get_mut(&topic_partition) else { continue };
            owned.next_inbox = Some(inbox);
            owned.row.committed = Some(owned.next);
            self.parts.store.note(&owned.slot, &owned.row).await?;
        }
        Ok(())
    }

    /// Where the records end that lie ready, if anybody died over them; asked for only then.
    async fn ready(&mut self, registered: &Registered, next: i64) -> Result<i64, Error> {
        if !registered.is_without_progress(next) {
            return Ok(next);
        }
        let place = (registered.assignment.topic_partition.clone(), Start::At(next));
        let mut reader = self.parts.log.reader(&[place]).await?;
        Ok(reader.ends().await?.into_iter().next().unwrap_or(next))
    }

    /// Where to go on, if this store and this topic are the ones the last owner worked with.
    fn check(
        &self,
        slot: &Slot,
        before: Option<&Owner>,
        committed: Option<&Committed>,
    ) -> Result<i64, Error> {
        let attempted = || format!("take over {slot}");
        let known = before.and_then(|owner| owner.committed);
        if let (Some(committed), Some(known)) = (committed, known)
            && committed.offset < known
        {
            let cause = format!(
                "the offset of group {} is {}, below {known}, which was committed before: its records would be done \
                 again; `tributary group adopt` shows where it stopped and puts the offset back, or remove the state \
                 to begin anew",
                self.settings.group.id, committed.offset
            );
            return Err(Error::new(Remedy::Stop, attempted(), cause));
        }
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
                Some(_) if !stands(Guard::LostOffsetsRefused) => Ok(0),
                None => Ok(0),
                Some(offset) => Err(Error::new(
                    Remedy::Stop,
                    attempted(),
                    format!(
                        "group {} has no committed offset for {}/{}, but its owner's row says that {offset} was \
                         committed: the group was deleted, or was empty for longer than the broker keeps offsets; \
                         `tributary group adopt` shows where it stopped and puts the offset back, or remove the \
                         state to begin anew",
                        self.settings.group.id, self.settings.topic, slot.partition
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
        if self.owned.values().any(Owned::is_careful) { 1 } else { self.batch_records }
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
            // Counted before it can happen, and taken back when the step returns: so whoever is killed
            // between a takeover and its own mark adds nothing to the marks that it found.
            owned.row.deaths += 1;
            self.marked.insert(input.record.topic_partition.clone());
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
        if !stands(Guard::MarkTakenBack) {
            return Ok(());
        }
        owned.row.stepping = None;
        owned.row.deaths = 0;
        self.parts.store.note(&owned.slot, &owned.row).await?;
        self.marked.remove(topic_partition);
        Ok(())
    }

    /// Leaves in good order: what is stepped is committed, so only the owner rows remain to be said.
    pub(super) async fn leave(mut self) {
        if let Err(error) = self.prune().await {
            tracing::debug!(handler = %self.settings.name, %error, "left without pruning");
        }
        for owned in self.owned.values_mut() {
            owned.row.committed = Some(owned.next);
            // While a transaction is open its outcome is not known, and so not where this owner stopped.
            owned.row.closed = !self.is_open;
            if let Err(error) = self.parts.store.note(&owned.slot, &owned.row).await {
                tracing::debug!(handler = %self.settings.name, %error, "left without a note");
            }
        }
        drop(self.transactor);
        self.consumer.close().await;
    }
}

/// Which of these partitions have passed a draining record: it stands in a row below their next offset.
async fn read_draining(parts: &Parts, settings: &Settings, owned: &mut [Owned]) -> Result<(), Error> {
    let below: Vec<_> =
        owned.iter().map(|owned| moving::row_below(settings, owned.slot.partition, owned.next)).collect();
    let rows = patiently(settings, || parts.store.read(&settings.agent, &below)).await?;
    for (owned, row) in owned.iter_mut().zip(rows) {
        let next = row.and_then(|row| moving::next_of(&parts.codec, settings, &row.value).ok());
        owned.next_inbox = next.map(Arc::new);
    }
    Ok(())
}

/// A slot that was registered and is not asked for yet.
struct Registered {
    assignment: Assignment,
    slot: Slot,
    /// The owner's row before.
    before: Option<Owner>,
    epoch: Epoch,
    /// Whether that owner was another one and did not leave in good order.
    has_died: bool,
    /// Whether it was this process, which marked a step and could not take the mark back.
    has_marked: bool,
}

impl Registered {
    /// Whether the owner before died without having committed anything.
    fn is_without_progress(&self, next: i64) -> bool {
        self.has_died && self.before.as_ref().is_some_and(|owner| owner.committed == Some(next))
    }
}

fn ownership(registered: Registered, topic_id: String, next: i64, ready: i64, settings: &Settings) -> Owned {
    let is_without_progress = registered.is_without_progress(next);
    let Registered { assignment, slot, before, epoch, has_marked, .. } = registered;
    // A mark that was not taken back stands until its record is passed, through every re-assumption; our
    // own counted a death that did not come.
    let marked = before.filter(|owner| owner.stepping.is_some_and(|offset| offset >= next));
    let stepping = marked.as_ref().and_then(|owner| owner.stepping);
    let deaths = marked.map_or(0, |owner| owner.deaths.saturating_sub(u32::from(has_marked)));
    let careful_below = match stepping {
        Some(offset) => offset + 1,
        None if is_without_progress => ready.min(next + CAREFUL_OFFSETS),
        None => 0,
    };
    Owned {
        assignment,
        slot,
        cache: Cache::new(settings.cache_bytes_max),
        row: Owner { epoch, topic_id, committed: None, stepping, deaths, closed: false },
        next,
        condemned: stepping.filter(|_| deaths >= settings.step_deaths_max),
        careful_below,
        next_inbox: None,
    }
}
