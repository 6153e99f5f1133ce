//! The directory: short names that agents use, resolved to topics, and keys to partitions.
//!
//! An agent says `data-analyst` or `model`; what is declared here is all that it can reach. Of an inbox that
//! moves to another generation, both are declared, and one is what the agent's name stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas_records::{Key, address::Address};
use topics_log::{Log, partition_of};

use crate::inboxes::{Inbox, Inboxes};
use crate::names::{Kind, Names, split_generation};

/// What a short name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Another agent of the team: its inbox.
    Agent,
    /// A gateway that costs a call.
    Gateway,
    /// A topic of the runtime itself.
    Runtime,
    /// A topic that the team declares for its own records.
    Topic,
}

#[derive(Clone, Debug)]
struct Entry {
    topic: Arc<str>,
    partitions: i32,
    peer: Peer,
}

/// Short name -> topic and partition count. Built once at the start, from what the log really has.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    entries: BTreeMap<String, Entry>,
    by_topic: BTreeMap<Arc<str>, i32>,
    inboxes: Inboxes,
}

/// The short names of the runtime's own topics.
const RUNTIME: [(&str, Kind, Peer); 6] = [
    ("tasks", Kind::Tasks, Peer::Runtime),
    ("results", Kind::Results, Peer::Runtime),
    ("closings", Kind::Closings, Peer::Runtime),
    ("model", Kind::ModelRequests, Peer::Gateway),
    ("timers", Kind::Timers, Peer::Runtime),
    ("dead-letters", Kind::DeadLetters, Peer::Runtime),
];

impl Directory {
    /// Looks up every topic of the team. An agent stands for the oldest generation of its inbox, which passes on
    /// what belongs to the next one: that is right at any time. [`Self::turn_to`] saves the detour.
    ///
    /// # Errors
    /// The log's own; remedy `Stop` if a topic is missing, naming it and the command that makes it.
    pub async fn look_up(log: &dyn Log, names: &Names, agents: &[String]) -> Result<Self, topics_log::Error> {
        let mut wanted: Vec<(String, String, Peer)> = RUNTIME
            .iter()
            .map(|(name, kind, peer)| ((*name).to_owned(), names.topic(*kind), *peer))
            .collect();
        let found = log.topics(&format!("{}.", names.namespace())).await?;
        let inboxes = Inboxes::among(names, &found);
        let inbox = |agent: &String| match inboxes.of(agent).first() {
            Some(oldest) => oldest.topic.to_string(),
            None => names.inbox(agent),
        };
        wanted.extend(agents.iter().map(|agent| (agent.clone(), inbox(agent), Peer::Agent)));
        let existing: BTreeMap<String, i32> =
            found.into_iter().map(|topic| (topic.name, topic.partitions)).collect();
        let mut directory = Self::default();
        for inbox in agents.iter().flat_map(|agent| inboxes.of(agent)) {
            directory.by_topic.insert(Arc::clone(&inbox.topic), inbox.partitions);
        }
        for (name, topic, peer) in wanted {
            let Some(partitions) = existing.get(&topic) else {
                return Err(missing(&topic));
            };
            directory.insert(&name, &topic, *partitions, peer);
        }
        directory.inboxes = inboxes;
        Ok(directory)
    }

    /// The generations of an agent's inbox, the oldest first.
    #[must_use]
    pub fn inboxes(&self, agent: &str) -> &[Inbox] {
        self.inboxes.of(agent)
    }

    /// Lets an agent's name stand for this generation of its inbox: once all that lies in the older one has been
    /// told so (`topics_runtime::worker::has_moved`).
    #[must_use]
    pub fn turn_to(mut self, agent: &str, inbox: &Inbox) -> Self {
        self.insert(agent, &inbox.topic, inbox.partitions, Peer::Agent);
        self
    }

    /// Adds the gateway that this team has for a kind of requests, under a short name.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub async fn with_gateway(
        mut self,
        log: &dyn Log,
        names: &Names,
        name: &str,
        kind: Kind,
    ) -> Result<Self, topics_log::Error> {
        self.insert_gateway(log, name, &names.topic(kind)).await?;
        Ok(self)
    }

    /// Adds a tool that another process serves, under [`external`].
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub async fn with_external(
        mut self,
        log: &dyn Log,
        names: &Names,
        tool: &str,
    ) -> Result<Self, topics_log::Error> {
        self.insert_gateway(log, &external(tool), &names.external(tool)).await?;
        Ok(self)
    }

    async fn insert_gateway(
        &mut self,
        log: &dyn Log,
        name: &str,
        topic: &str,
    ) -> Result<(), topics_log::Error> {
        let found = log.topics(topic).await?.into_iter().find(|found| found.name == topic);
        let found = found.ok_or_else(|| missing(topic))?;
        self.insert(name, topic, found.partitions, Peer::Gateway);
        Ok(())
    }

    /// Adds every topic of the namespace under its full name, for gateways that serve all of its teams.
    ///
    /// # Errors
    /// The log's own.
    pub async fn with_namespace(mut self, log: &dyn Log, names: &Names) -> Result<Self, topics_log::Error> {
        for topic in log.topics(&format!("{}.", names.namespace())).await? {
            self.insert(&topic.name, &topic.name, topic.partitions, Peer::Runtime);
        }
        Ok(self)
    }

    /// Adds one entry; used by tests and by drivers that need no log.
    pub fn insert(&mut self, name: &str, topic: &str, partitions: i32, peer: Peer) {
        let topic: Arc<str> = topic.into();
        self.by_topic.insert(Arc::clone(&topic), partitions);
        self.entries.insert(name.to_owned(), Entry { topic, partitions, peer });
    }

    /// The full name of a topic, its partitions and what it is; `None` if the name is not declared.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(Arc<str>, i32, Peer)> {
        self.entries.get(name).map(|entry| (Arc::clone(&entry.topic), entry.partitions, entry.peer))
    }

    /// Where a record with this key for this peer goes.
    #[must_use]
    pub fn address(&self, name: &str, key: &Key) -> Option<Address> {
        let entry = self.entries.get(name)?;
        let partition = partition_of(key.as_bytes(), entry.partitions);
        Some(Address { topic: entry.topic.to_string(), partition, key: key.clone() })
    }

    /// Whether an address lies in a declared topic and one of its partitions.
    ///
    /// An inbox that moved while this process ran has a generation that was not there when this was looked up. A
    /// work that lives in it is answered all the same: who names a later generation has stood in it.
    #[must_use]
    pub fn holds(&self, address: &Address) -> bool {
        match self.by_topic.get(address.topic.as_str()) {
            Some(partitions) => (0..*partitions).contains(&address.partition),
            None => address.partition >= 0 && self.is_later(&address.topic),
        }
    }

    /// Whether a topic is a declared inbox in a generation after all that are known.
    fn is_later(&self, topic: &str) -> bool {
        let Some((prefix, generation)) = split_generation(topic) else { return false };
        let known = self.by_topic.keys().filter_map(|known| split_generation(known));
        let newest = known.filter(|(known, _)| *known == prefix).map(|(_, generation)| generation).max();
        newest.is_some_and(|newest| newest < generation)
    }

    /// The declared names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// The short name of a tool that another process serves; no agent's or gateway's has a dot.
#[must_use]
pub fn external(tool: &str) -> String {
    format!("tool.{tool}")
}

fn missing(topic: &str) -> topics_log::Error {
    topics_log::Error::new(
        topics_log::Remedy::Stop,
        format!("find topic {topic}"),
        "it does not exist, or this principal has no ACL to see it; `tributary topics apply` creates what is \
         missing, `tributary acls print` lists what is to be allowed",
    )
}

#[cfg(test)]
mod tests;
