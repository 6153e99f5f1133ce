//! All there is in the log, and what time does to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use topics_guard::{Guard, stands};

use super::faults::{Faults, NoFaults};
use super::group::{Client, GroupState};
use super::shared::Refusal;
use super::storage::{Batch, Contents, Kept, KeptPartition, KeptTopic, Storage};
use super::topic::{self, Topic, Topics};
use super::transaction::Producer;
use super::{METADATA_CHARS_MAX, Settings};
use crate::clock::Clock;
use crate::error::Remedy;
use crate::record::{Appended, NewRecord, TopicPartition};
use crate::seam::{Committed, NewTopic, OffsetCommit};

/// The log.
pub(super) struct State {
    pub settings: Settings,
    pub faults: Arc<dyn Faults>,
    pub topics: Topics,
    /// Where what was decided lies.
    pub storage: Box<dyn Storage>,
    pub groups: BTreeMap<String, GroupState>,
    /// The members' processes, by a number of their own.
    pub clients: BTreeMap<u64, Client>,
    /// By transactional name.
    pub producers: BTreeMap<String, Producer>,
    /// How far append times lag behind the clock: a leader with a slow clock.
    pub clock_lag: Duration,
    clock: Arc<dyn Clock>,
    changed: Arc<Notify>,
    /// The last number given to a topic, client, member or transaction.
    last_number: u64,
    /// Before this moment nothing is due, or ever if there is none; unknown after a change. A poll may have moved
    /// what is due to later since: then whoever wakes looks again.
    nothing_before: Option<Option<Instant>>,
}

/// Something that time brings about.
enum Due<'a> {
    /// A member of a group has been silent for too long.
    Member(&'a str, &'a str),
    /// The transaction under a name ends, committed or not.
    Transaction(&'a str, bool),
}

impl State {
    /// The log as its storage has it: topics, records and committed offsets. Members and transactions
    /// were the last process's.
    pub fn new(
        clock: Arc<dyn Clock>,
        changed: Arc<Notify>,
        storage: Box<dyn Storage>,
        contents: Contents,
    ) -> Self {
        let mut topics = Topics::default();
        contents.topics.iter().for_each(|kept| topics.insert(Topic::new(kept)));
        let mut groups = BTreeMap::<String, GroupState>::new();
        for (group, place, committed) in contents.offsets {
            if let Some(at) = topics.at(place) {
                groups.entry(group).or_default().offsets.commit(at, committed);
            }
        }
        Self {
            settings: Settings::default(),
            faults: Arc::new(NoFaults),
            topics,
            storage,
            groups,
            clients: BTreeMap::new(),
            producers: BTreeMap::new(),
            clock_lag: Duration::ZERO,
            clock,
            changed,
            last_number: contents.last_number,
            nothing_before: None,
        }
    }

    /// Wakes whoever waits; each looks again under the lock. Whatever may bring something forward is announced.
    pub fn announce(&mut self) {
        self.nothing_before = None;
        self.changed.notify_waiters();
    }

    /// A number that was never given before.
    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Does, in the order of their times, whatever was due.
    pub fn advance(&mut self, now: Instant) {
        if self.next_due().is_none_or(|at| at > now) {
            return;
        }
        while let Some((_, due)) = self.earliest().filter(|(at, _)| *at <= now) {
            match due {
                Due::Member(group, instance) => {
                    let (group, instance) = (group.to_owned(), instance.to_owned());
                    if let Some(group) = self.groups.get_mut(&group) {
                        group.expel(&instance, &self.topics);
                    }
                }
                Due::Transaction(name, committed) => {
                    let name = name.to_owned();
                    self.end_due_transaction(&name, committed);
                }
            }
            self.announce();
        }
        self.nothing_before = None;
    }

    /// When time next brings something about, or somewhat before. Every waiter asks at every change, so only the
    /// first of them looks.
    pub fn next_due(&mut self) -> Option<Instant> {
        if self.nothing_before.is_none() {
            self.nothing_before = Some(self.earliest().map(|(at, _)| at));
        }
        self.nothing_before.flatten()
    }

    /// What is due first; among equals the first by name, so that every run has the same order.
    fn earliest(&self) -> Option<(Instant, Due<'_>)> {
        let members = self.groups.iter().flat_map(|(id, group)| {
            group
                .members
                .iter()
                .map(move |(instance, member)| (member.due(&self.settings), Due::Member(id, instance)))
        });
        let transactions = self.producers.iter().filter_map(|(name, producer)| {
            let (at, committed) = producer.due(self.settings.transaction_timeout)?;
            Some((at, Due::Transaction(name, committed)))
        });
        members.chain(transactions).min_by_key(|(at, _)| *at)
    }

    /// A client's heartbeats stop.
    pub fn silence(&mut self, client: u64) {
        let Some(client) = self.clients.get(&client) else { return };
        let group = self.groups.get_mut(&client.group);
        let member = group.and_then(|group| group.members.get_mut(&client.instance));
        if let Some(member) = member.filter(|member| member.id == client.member) {
            member.silent_since.get_or_insert_with(Instant::now);
        }
    }

    /// Creates a topic, or says why not.
    pub fn create_topic(&mut self, new: &NewTopic) -> Result<(), String> {
        if new.name.is_empty() {
            return Err("a topic needs a name".into());
        }
        if self.topics.get(&new.name).is_some() {
            return Err(format!("topic {} exists already", new.name));
        }
        let Some(partitions) = usize::try_from(new.partitions).ok().filter(|count| *count > 0) else {
            return Err(format!("topic {} cannot have {} partitions: at least 1", new.name, new.partitions));
        };
        let number = self.next_number();
        self.storage.create(number, new).map_err(|error| error.cause)?;
        let partitions = vec![KeptPartition::default(); partitions];
        self.topics.insert(Topic::new(&KeptTopic { name: new.name.clone(), number, partitions }));
        self.rebalance_subscribers(&new.name);
        Ok(())
    }

    /// Removes a topic with its records and committed offsets, or says why not.
    pub fn remove_topic(&mut self, name: &str) -> Result<(), String> {
        let number = self.topics.get(name).ok_or_else(|| topic::missing(name))?.number;
        self.storage.remove(number).map_err(|error| error.cause)?;
        self.topics.remove(name);
        for group in self.groups.values_mut() {
            group.forget_topic(name);
        }
        self.rebalance_subscribers(name);
        Ok(())
    }

    fn rebalance_subscribers(&mut self, topic: &str) {
        for group in self.groups.values_mut().filter(|group| group.subscribes(topic)) {
            group.rebalance(&self.topics);
        }
    }

    /// Appends records, all or (if one of them cannot be) none. Those of an open transaction are held
    /// back until it ends; others are decided at once.
    pub fn append(
        &mut self,
        records: Vec<NewRecord>,
        transaction: Option<u64>,
    ) -> Result<Vec<(TopicPartition, Appended)>, Refusal> {
        for record in &records {
            self.check_record(record).map_err(Refusal::stop)?;
        }
        let timestamp = self.clock.now().minus(self.clock_lag);
        let (mut appended, mut batch) = (Vec::with_capacity(records.len()), Batch::default());
        // How far each partition will go; it grows only once the storage has the records.
        let mut ends = BTreeMap::<TopicPartition, i64>::new();
        for record in records {
            let topic = self.topics.get_mut(&record.topic);
            let topic = topic.ok_or_else(|| Refusal::stop(topic::missing(&record.topic)))?;
            let number = topic.place(&record).map_err(Refusal::stop)?;
            let at = TopicPartition::new(Arc::clone(&topic.name), number);
            let partition = self.topics.partition_mut(&at);
            let partition = partition.ok_or_else(|| Refusal::stop(topic::missing(&at.topic)))?;
            let NewRecord { key, value, headers, .. } = record;
            let offset = *ends.get(&at).unwrap_or(&partition.end());
            let kept = Kept { offset, timestamp, key, value, headers };
            match transaction {
                Some(transaction) => partition.hold(transaction, kept),
                None => {
                    batch.records.push((partition.place(), kept));
                    ends.insert(at.clone(), offset + 1);
                }
            }
            appended.push((at, Appended { partition: number, offset, timestamp }));
        }
        self.decide(batch, ends)?;
        Ok(appended)
    }

    /// Hands records to the storage, then lets their partitions grow.
    fn decide(&mut self, mut batch: Batch, ends: BTreeMap<TopicPartition, i64>) -> Result<(), Refusal> {
        if ends.is_empty() {
            return Ok(());
        }
        for (at, end) in &ends {
            let place = self.topics.partition(at).map_err(Refusal::stop)?.place();
            batch.ends.push((place, *end));
        }
        self.storage.append(batch)?;
        for (at, end) in ends {
            if let Some(partition) = self.topics.partition_mut(&at) {
                partition.grow(end);
            }
        }
        Ok(())
    }

    /// Commits a group's offsets outside a transaction. Whether they may be was checked before.
    pub fn commit_offsets(
        &mut self,
        group: &str,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), Refusal> {
        let placed = self.topics.placed(group, offsets.iter().map(|(at, committed)| (at, committed)));
        self.storage.append(Batch { offsets: placed, ..Batch::default() })?;
        if let Some(group) = self.groups.get_mut(group) {
            for (at, committed) in offsets {
                group.offsets.commit(at, committed);
            }
        }
        Ok(())
    }

    fn check_record(&self, record: &NewRecord) -> Result<(), String> {
        let (size, most) = (record.wire_bytes_max(), self.settings.record_bytes_max);
        if size > most {
            return Err(format!(
                "a record for topic {} has {size} bytes, at most {most} are allowed",
                record.topic
            ));
        }
        let partition = record.partition.unwrap_or(0);
        self.topics.partition(&TopicPartition::new(Arc::clone(&record.topic), partition)).map(|_| ())
    }

    /// Checks that a member may commit these offsets: every token alive, membership valid, notes as the
    /// broker takes them. Revocation happens under the same lock, so what was checked here holds until
    /// the lock is released.
    pub fn check_offsets(&self, client: u64, offsets: &[OffsetCommit]) -> Result<String, Refusal> {
        let mut dead = offsets.iter().filter(|offset| !offset.assignment.token.is_alive());
        if let Some(dead) = dead.next().filter(|_| stands(Guard::TokenInCommit)) {
            let at = &dead.assignment.topic_partition;
            return Err(Refusal::new(Remedy::Lost, format!("{at} was revoked from this member")));
        }
        let gone = || Refusal::new(Remedy::Lost, "the member was closed");
        let client = self.clients.get(&client).ok_or_else(gone)?;
        self.groups.get(&client.group).ok_or_else(gone)?.check(client)?;
        for offset in offsets {
            check_note(offset).map_err(Refusal::stop)?;
        }
        Ok(client.group.clone())
    }
}

fn check_note(offset: &OffsetCommit) -> Result<(), String> {
    let at = &offset.assignment.topic_partition;
    if offset.next < 0 {
        return Err(format!("offset {} of {at} is negative", offset.next));
    }
    if !offset.metadata.is_ascii() || offset.metadata.len() > METADATA_CHARS_MAX {
        return Err(format!(
            "the note beside the offset of {at} must be ASCII, at most {METADATA_CHARS_MAX} characters"
        ));
    }
    Ok(())
}

/// What is to be committed, as it will stand in the group.
pub(super) fn noted(offsets: &[OffsetCommit]) -> Vec<(TopicPartition, Committed)> {
    let note = |offset: &OffsetCommit| {
        let committed = Committed { offset: offset.next, metadata: offset.metadata.clone() };
        (offset.assignment.topic_partition.clone(), committed)
    };
    offsets.iter().map(note).collect()
}
