//! A consumer group as its coordinator sees it: members by instance, generations, who shall have which
//! partition and who still holds it.
//!
//! A partition that moves is given to its new owner only once nobody holds it: its holder let go of it in
//! a poll, was replaced under its instance's name, or was silent for longer than its session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::Settings;
use super::assignor::{self, Subscriptions};
use super::offsets::Offsets;
use super::shared::{Refusal, later};
use super::topic::Topics;
use crate::error::Remedy;
use crate::record::TopicPartition;

/// What a member's process knows of its membership: what it learned at its last poll.
pub(super) struct Client {
    pub group: String,
    pub instance: String,
    /// The member id the coordinator gave it.
    pub member: String,
    /// The generation it last learned of; -1 before its first poll.
    pub generation: i32,
    /// Whether it is cut off from the coordinator. It reads on, and does not know.
    pub frozen: bool,
}

/// A member as the coordinator sees it.
pub(super) struct Member {
    pub id: String,
    pub client: u64,
    pub topics: BTreeSet<Arc<str>>,
    pub last_poll: Instant,
    /// When its heartbeats stopped; none while they come.
    pub silent_since: Option<Instant>,
}

impl Member {
    /// When it loses its membership if nothing changes.
    pub fn due(&self, settings: &Settings) -> Instant {
        let poll = later(self.last_poll, settings.poll_interval_max);
        let session = self.silent_since.map(|since| later(since, settings.session_timeout));
        session.map_or(poll, |session| session.min(poll))
    }
}

/// A group.
#[derive(Default)]
pub(super) struct GroupState {
    /// Rises at every rebalance; a static member's return is none.
    pub generation: i32,
    /// By instance.
    pub members: BTreeMap<String, Member>,
    pub offsets: Offsets,
    /// Which instance shall have it.
    target: BTreeMap<TopicPartition, String>,
    /// Which member id has it.
    holders: BTreeMap<TopicPartition, String>,
}

impl GroupState {
    /// Takes a member in. One that comes back under its instance's name takes over: the group stays as it
    /// is, what the old one held is free, and the old one's member id is worth nothing any more.
    pub fn join(&mut self, instance: &str, member: Member, topics: &Topics) {
        let same_topics = self.members.get(instance).is_some_and(|old| old.topics == member.topics);
        let old = self.members.insert(instance.to_owned(), member);
        if let Some(old) = old {
            self.holders.retain(|_, holder| *holder != old.id);
        }
        if !same_topics {
            self.rebalance(topics);
        }
    }

    /// Takes a member out whose time is over.
    pub fn expel(&mut self, instance: &str, topics: &Topics) {
        if let Some(old) = self.members.remove(instance) {
            self.holders.retain(|_, holder| *holder != old.id);
            self.rebalance(topics);
        }
    }

    /// Begins a new generation.
    pub fn rebalance(&mut self, topics: &Topics) {
        let subscriptions: Subscriptions =
            self.members.iter().map(|(instance, member)| (instance.clone(), member.topics.clone())).collect();
        let subscribed: BTreeSet<&Arc<str>> = subscriptions.values().flatten().collect();
        let mut partitions = Vec::new();
        for topic in subscribed.into_iter().filter_map(|name| topics.get(name)) {
            partitions.extend(topic.iter().map(|(at, _)| at));
        }
        self.target = assignor::assign(&partitions, &subscriptions, &self.target);
        self.generation += 1;
    }

    /// Whether anybody subscribes to a topic.
    pub fn subscribes(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.topics.contains(topic))
    }

    /// Forgets a topic that was removed.
    pub fn forget_topic(&mut self, topic: &str) {
        self.offsets.forget_topic(topic);
        self.holders.retain(|at, _| &*at.topic != topic);
        self.target.retain(|at, _| &*at.topic != topic);
    }

    /// Whether an instance shall have a partition in this generation.
    pub fn is_meant_for(&self, at: &TopicPartition, instance: &str) -> bool {
        self.target.get(at).is_some_and(|owner| owner == instance)
    }

    /// Lets go of a partition, if this member held it.
    pub fn release(&mut self, at: &TopicPartition, member: &str) {
        if self.holders.get(at).is_some_and(|holder| holder == member) {
            self.holders.remove(at);
        }
    }

    /// Gives a member what is meant for it and held by nobody.
    pub fn take_free(&mut self, instance: &str, member: &str) -> Vec<TopicPartition> {
        let meant = self.target.iter().filter(|(_, owner)| *owner == instance);
        let free: Vec<TopicPartition> =
            meant.map(|(at, _)| at.clone()).filter(|at| !self.holders.contains_key(at)).collect();
        self.holders.extend(free.iter().map(|at| (at.clone(), member.to_owned())));
        free
    }

    /// Whether this client may commit: the coordinator's check, member id and generation, nothing more.
    pub fn check(&self, client: &Client) -> Result<(), Refusal> {
        match self.members.get(&client.instance) {
            None => Err(Refusal::new(Remedy::Lost, "the session timed out and the membership is gone: poll")),
            Some(member) if member.id != client.member => Err(fenced(&client.instance)),
            Some(_) if client.generation != self.generation => Err(Refusal::new(
                Remedy::Lost,
                format!(
                    "the group is at generation {}, this member at {}: poll",
                    self.generation, client.generation
                ),
            )),
            Some(_) => Ok(()),
        }
    }
}

/// The refusal of a member whose instance name another has taken.
pub(super) fn fenced(instance: &str) -> Refusal {
    Refusal::new(
        Remedy::Fenced,
        format!("another member joined as instance {instance}: give every process its own instance name"),
    )
}
