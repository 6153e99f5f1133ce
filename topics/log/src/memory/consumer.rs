//! A member of a group: what its process knows and does. The coordinator's side is in `group`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use topics_guard::{Guard, stands};

use super::Rebalance;
use super::faults::{Door, Operation};
use super::group::{Client, Member, fenced};
use super::shared::{Refusal, Shared, later};
use super::state::{State, noted};
use super::topic;
use super::transactor;
use crate::error::{Error, Remedy};
use crate::record::{Record, TopicPartition};
use crate::room::Room;
use crate::seam::{Assignment, Committed, Consumer, Group, OffsetCommit, Polled, Start, Token, Transactor};

/// Joins a group.
pub(super) async fn join(
    shared: &Arc<Shared>,
    group: Group,
    topics: &[&str],
) -> Result<Box<dyn Consumer>, Error> {
    let door =
        Door { operation: Operation::Join, group: &group.id, instance: &group.instance, transactor: "" };
    shared.strike_plainly(&door).await?;
    let topics: BTreeSet<Arc<str>> = topics.iter().map(|name| Arc::from(*name)).collect();
    let client = shared.change(|state| {
        if let Some(unknown) = topics.iter().find(|name| state.topics.get(name).is_none()) {
            return Err(Refusal::stop(topic::missing(unknown)).at(&door));
        }
        let client = state.next_number();
        admit(state, client, &group, topics.clone());
        Ok(client)
    })?;
    let shared = Arc::clone(shared);
    Ok(Box::new(MemoryConsumer {
        shared,
        group: Arc::new(group),
        topics,
        client,
        owned: BTreeMap::new(),
        turn: 0,
    }))
}

/// Makes a client a member of its group, under a new member id.
fn admit(state: &mut State, client: u64, group: &Group, topics: BTreeSet<Arc<str>>) {
    let id = format!("{}-{}", group.instance, state.next_number());
    let known = Client {
        group: group.id.clone(),
        instance: group.instance.clone(),
        member: id.clone(),
        generation: -1,
        frozen: false,
    };
    state.clients.insert(client, known);
    let member = Member { id, client, topics, last_poll: Instant::now(), silent_since: None };
    state.groups.entry(group.id.clone()).or_default().join(&group.instance, member, &state.topics);
}

/// The member.
struct MemoryConsumer {
    shared: Arc<Shared>,
    group: Arc<Group>,
    topics: BTreeSet<Arc<str>>,
    /// Its number among the log's clients.
    client: u64,
    owned: BTreeMap<TopicPartition, Owned>,
    /// Which partition is served first; moves on at every poll that brought records.
    turn: usize,
}

/// A partition this member owns, as far as it knows.
struct Owned {
    token: Token,
    /// The topic's number: another one if it was removed and made anew.
    topic: u64,
    /// The next offset to read; none until the owner says where to begin.
    next: Option<i64>,
}

fn door(operation: Operation, group: &Group) -> Door<'_> {
    Door { operation, group: &group.id, instance: &group.instance, transactor: "" }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        let deadline = later(Instant::now(), wait);
        let (shared, group) = (Arc::clone(&self.shared), Arc::clone(&self.group));
        let door = door(Operation::Poll, &group);
        shared.strike_plainly(&door).await?;
        let polled = shared
            .until(Some(deadline), |state| self.attempt(state, max).map_err(|refusal| refusal.at(&door)));
        Ok(polled.await?.unwrap_or_else(|| Polled::Records(Vec::new())))
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        self.shared.strike_plainly(&door(Operation::Committed, &self.group)).await?;
        // Every pending offset ends with its transaction, at the latest by time-out.
        let found = self.shared.until(None, |state| {
            let Some(group) = state.groups.get(&self.group.id) else { return Ok(Some(vec![None; of.len()])) };
            let stable = of.iter().all(|assignment| group.offsets.is_stable(&assignment.topic_partition));
            let read = || {
                of.iter().map(|assignment| group.offsets.get(&assignment.topic_partition).cloned()).collect()
            };
            Ok((stable || !stands(Guard::StableOffset)).then(read))
        });
        Ok(found.await?.unwrap_or_default())
    }

    async fn read_from(&mut self, at: &[(Assignment, Start)]) -> Result<(), Error> {
        let group = Arc::clone(&self.group);
        let door = door(Operation::ReadFrom, &group);
        self.shared.strike_plainly(&door).await?;
        let state = self.shared.state();
        for (assignment, start) in at {
            let place = &assignment.topic_partition;
            let owned = self.owned.get_mut(place).filter(|_| assignment.token.is_alive());
            let Some(owned) = owned else {
                return Err(Refusal::new(Remedy::Lost, format!("{place} is not this member's")).at(&door));
            };
            let next = state.topics.resolve(&*state.storage, place, *start);
            let next = next.map_err(|cause| Refusal::stop(cause).at(&door))?;
            owned.next = Some(next);
        }
        Ok(())
    }

    async fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        let door = door(Operation::CommitOffsets, &self.group);
        self.shared.strike_plainly(&door).await?;
        self.shared.give_way().await;
        self.shared.change(|state| {
            let checked = state.check_offsets(self.client, offsets);
            let committed = checked.and_then(|group| state.commit_offsets(&group, noted(offsets)));
            committed.map_err(|refusal| refusal.at(&door))
        })
    }

    async fn transactor(&mut self, name: &str) -> Result<Box<dyn Transactor>, Error> {
        transactor::make(&self.shared, &self.group, self.client, name).await
    }

    async fn close(self: Box<Self>) {}
}

impl MemoryConsumer {
    /// One look at the group and at the partitions.
    fn attempt(&mut self, state: &mut State, max: usize) -> Result<Option<Polled>, Refusal> {
        if let Some(polled) = self.follow_group(state)? {
            return Ok(Some(polled));
        }
        let records = self.fetch(state, max)?;
        Ok((!records.is_empty()).then_some(Polled::Records(records)))
    }

    /// Does what the group asks for: comes back if it was expelled, lets go, takes.
    fn follow_group(&mut self, state: &mut State) -> Result<Option<Polled>, Refusal> {
        let (eager, instance) = (state.settings.rebalance == Rebalance::Eager, &self.group.instance);
        let known = state.clients.get_mut(&self.client).filter(|client| !client.frozen);
        let Some(client) = known else { return Ok(None) };
        let Some(group) = state.groups.get_mut(&self.group.id) else { return self.come_back(state) };
        let Some(member) = group.members.get_mut(instance) else { return self.come_back(state) };
        if member.id != client.member {
            drop(let_go(&mut self.owned, |_, _| true));
            return Err(fenced(instance));
        }
        member.last_poll = Instant::now();
        if client.generation != group.generation {
            client.generation = group.generation;
            let revoked = let_go(&mut self.owned, |at, owned| {
                let same_topic = state.topics.get(&at.topic).is_some_and(|topic| topic.number == owned.topic);
                eager || !same_topic || !group.is_meant_for(at, instance)
            });
            revoked.iter().for_each(|assignment| group.release(&assignment.topic_partition, &client.member));
            if !revoked.is_empty() {
                state.announce();
                return Ok(Some(Polled::Revoked(revoked)));
            }
        }
        let free = group.take_free(instance, &client.member);
        Ok((!free.is_empty()).then(|| Polled::Assigned(self.take(state, free))))
    }

    /// Joins again after its session ran out: everything it had is lost, it is a new member.
    fn come_back(&mut self, state: &mut State) -> Result<Option<Polled>, Refusal> {
        admit(state, self.client, &self.group, self.topics.clone());
        state.announce();
        let lost = let_go(&mut self.owned, |_, _| true);
        if lost.is_empty() { self.follow_group(state) } else { Ok(Some(Polled::Revoked(lost))) }
    }

    /// Begins the ownership of partitions, each with a token of its own.
    fn take(&mut self, state: &State, partitions: Vec<TopicPartition>) -> Vec<Assignment> {
        let mut assigned = Vec::with_capacity(partitions.len());
        for at in partitions {
            let topic = state.topics.get(&at.topic).map_or(0, |topic| topic.number);
            let token = Token::new();
            self.owned.insert(at.clone(), Owned { token: token.clone(), topic, next: None });
            assigned.push(Assignment { topic_partition: at, token });
        }
        assigned
    }

    /// The next records, the partitions in turn.
    fn fetch(&mut self, state: &State, max: usize) -> Result<Vec<Record>, Refusal> {
        let (mut records, mut room) = (Vec::new(), Room::for_records(max));
        let mut owned: Vec<_> = self.owned.iter_mut().collect();
        let first = self.turn % owned.len().max(1);
        owned.rotate_left(first);
        for (at, owned) in owned {
            let Some(topic) = state.topics.get(&at.topic).filter(|topic| topic.number == owned.topic) else {
                continue;
            };
            let (Some(next), Some(partition)) = (owned.next, topic.partition(at.partition)) else { continue };
            room.fill(&mut records, partition.read(&*state.storage, at, next, room.left())?);
            if let Some(last) = records.last().filter(|last| last.topic_partition == *at) {
                owned.next = Some(last.offset + 1);
            }
        }
        if !records.is_empty() {
            self.turn = self.turn.wrapping_add(1);
        }
        Ok(records)
    }
}

/// Ends the ownership of some partitions. Called under the lock, as is every check of a token.
fn let_go(
    owned: &mut BTreeMap<TopicPartition, Owned>,
    which: impl Fn(&TopicPartition, &Owned) -> bool,
) -> Vec<Assignment> {
    let mut gone = Vec::new();
    owned.retain(|at, owned| {
        let leaves = which(at, owned);
        if leaves {
            owned.token.revoke();
            gone.push(Assignment { topic_partition: at.clone(), token: owned.token.clone() });
        }
        !leaves
    });
    gone
}

impl Drop for MemoryConsumer {
    /// However a member goes, its heartbeats stop, and its session runs out if nobody returns in time.
    fn drop(&mut self) {
        self.shared.change(|state| {
            drop(let_go(&mut self.owned, |_, _| true));
            state.silence(self.client);
            state.clients.remove(&self.client);
        });
    }
}
