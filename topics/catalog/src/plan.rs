//! Which topics a team needs, what is there, and what would have to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use topics_log::{Log, NewTopic, TopicDescription};

use crate::names::{Kind, Names, split_generation};

/// How many partitions topics get when they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Partitions of each topic. 12 divides well among instances; a development stack takes 4, since
    /// each partition touched costs a marker at every commit.
    pub partitions: i32,
    /// Copies of each partition; 0 for as many as the cluster can keep, 3 at most.
    pub replication: i32,
}

impl Default for Topics {
    fn default() -> Self {
        Self { partitions: 12, replication: 0 }
    }
}

/// A topic of a team's, and what it is for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) topic: NewTopic,
    pub(crate) kind: Kind,
    pub(crate) purpose: String,
    /// An inbox's generation that is no longer its newest: it keeps what it has, and goes when it has drained.
    pub(crate) drains: bool,
}

impl Wanted {
    /// Whether a topic is this inbox, of whatever generation.
    fn is_inbox_of(&self, topic: &str) -> bool {
        let prefix = |name| split_generation(name).map(|(prefix, _)| prefix);
        self.kind == Kind::Inbox && prefix(topic).is_some() && prefix(topic) == prefix(&self.topic.name)
    }
}

/// The topics of one team, with those it shares with its namespace.
#[derive(Clone, Debug)]
pub struct Catalog {
    wanted: Vec<Wanted>,
    /// Which of them belong to every team in the namespace.
    shared: BTreeSet<String>,
    topics: Topics,
}

impl Catalog {
    /// The topics that a team with these agents needs.
    #[must_use]
    pub fn of(names: &Names, agents: &[String], topics: Topics) -> Self {
        let single = [
            Kind::Tasks,
            Kind::Results,
            Kind::Closings,
            Kind::ModelRequests,
            Kind::Timers,
            Kind::DeadLetters,
        ];
        let mut named: Vec<(Kind, String)> = single.iter().map(|kind| (*kind, names.topic(*kind))).collect();
        named.extend(agents.iter().map(|agent| (Kind::Inbox, names.inbox(agent))));
        let mut catalog = Self { wanted: Vec::new(), shared: BTreeSet::new(), topics };
        for (kind, name) in named {
            catalog.add(names, kind, name);
        }
        catalog
    }

    /// The same, with the topic of a gateway that only some teams have.
    #[must_use]
    pub fn with(mut self, names: &Names, kind: Kind) -> Self {
        self.add(names, kind, names.topic(kind));
        self
    }

    /// The same, with the topic of a tool that another process serves.
    #[must_use]
    pub fn with_external(mut self, names: &Names, tool: &str) -> Self {
        self.add(names, Kind::ExternalRequests, names.external(tool));
        self
    }

    fn add(&mut self, names: &Names, kind: Kind, name: String) {
        let Some(template) = names.template(kind) else { return };
        if names.is_shared(kind) {
            self.shared.insert(name.clone());
        }
        let topic = NewTopic {
            name,
            partitions: self.topics.partitions,
            replication: self.topics.replication,
            config: template.config.clone(),
        };
        self.wanted.push(Wanted { topic, kind, purpose: template.purpose.clone(), drains: false });
    }

    /// What goes with this team: its own topics, and those of the namespace with the last team only.
    ///
    /// # Errors
    /// The log's own.
    pub async fn removal(&self, log: &dyn Log, names: &Names) -> Result<Removal, topics_log::Error> {
        let mut removal = Removal::default();
        for topic in log.topics(&format!("{}.", names.namespace())).await? {
            if let Some(team) = names.team_of(&topic.name).filter(|team| *team != names.team()) {
                removal.others.insert(team.to_owned());
            }
            if self.has(&topic.name) {
                removal.remove.push(topic.name);
            }
        }
        if !removal.others.is_empty() {
            let is_shared = |name: &mut String| self.shared.contains(name);
            removal.leave = removal.remove.extract_if(.., is_shared).collect();
        }
        Ok(removal)
    }

    /// Compares with what is there.
    ///
    /// # Errors
    /// The log's own.
    pub async fn plan(&self, log: &dyn Log, names: &Names) -> Result<Plan, topics_log::Error> {
        let prefix = format!("{}.", names.namespace());
        let existing: BTreeMap<String, TopicDescription> =
            log.topics(&prefix).await?.into_iter().map(|topic| (topic.name.clone(), topic)).collect();
        let mut plan = Plan::default();
        for Wanted { topic, purpose, .. } in self.beside(existing.keys().map(String::as_str)) {
            match existing.get(&topic.name) {
                None => plan.create.push((topic, purpose)),
                Some(found) => plan.keep.push(found.clone()),
            }
        }
        Ok(plan)
    }

    /// The names of all topics in this catalog, inboxes in their first generation.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|wanted| wanted.topic.name.as_str())
    }

    /// Whether a topic is one of this catalog's: an inbox in whatever generation.
    #[must_use]
    pub fn has(&self, topic: &str) -> bool {
        self.wanted.iter().any(|wanted| wanted.topic.name == topic || wanted.is_inbox_of(topic))
    }

    /// The inbox of this name, in whatever generation, as it is to be made; `None` if it is none of this catalog's.
    #[must_use]
    pub fn inbox(&self, topic: &str) -> Option<NewTopic> {
        let wanted = self.wanted.iter().find(|wanted| wanted.is_inbox_of(topic))?;
        Some(NewTopic { name: topic.to_owned(), ..wanted.topic.clone() })
    }

    /// What is wanted beside these topics: of an inbox that has other generations than the first, those.
    pub(crate) fn beside<'a>(&self, existing: impl Iterator<Item = &'a str>) -> Vec<Wanted> {
        let existing: Vec<&str> = existing.collect();
        let mut all = Vec::new();
        for wanted in &self.wanted {
            let mut inboxes: Vec<&str> =
                existing.iter().copied().filter(|topic| wanted.is_inbox_of(topic)).collect();
            inboxes.sort_by_key(|topic| split_generation(topic).map(|(_, generation)| generation));
            if inboxes.is_empty() {
                all.push(wanted.clone());
            }
            let newest = inboxes.len().saturating_sub(1);
            all.extend(inboxes.into_iter().enumerate().map(|(number, topic)| {
                let mut of_generation = wanted.clone();
                topic.clone_into(&mut of_generation.topic.name);
                of_generation.drains = number < newest;
                of_generation
            }));
        }
        all
    }

    pub(crate) fn is_shared(&self, topic: &str) -> bool {
        self.shared.contains(topic)
    }
}

/// What taking a team away would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Topics to be removed.
    pub remove: Vec<String>,
    /// Topics of the namespace that stay, because other teams have topics in it.
    pub leave: Vec<String>,
    /// Those teams.
    pub others: BTreeSet<String>,
}

/// What would have to be done. Existing topics keep the partitions they have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be created, each with its purpose.
    pub create: Vec<(NewTopic, String)>,
    /// There already.
    pub keep: Vec<TopicDescription>,
}

impl Plan {
    /// Creates what is missing.
    ///
    /// # Errors
    /// The log's own.
    pub async fn apply(&self, log: &dyn Log) -> Result<(), topics_log::Error> {
        let topics: Vec<NewTopic> = self.create.iter().map(|(topic, _)| topic.clone()).collect();
        if topics.is_empty() { Ok(()) } else { log.create(&topics).await }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (topic, purpose) in &self.create {
            writeln!(f, "+ {} ({} partitions): {purpose}", topic.name, topic.partitions)?;
        }
        for topic in &self.keep {
            writeln!(f, "= {} ({} partitions)", topic.name, topic.partitions)?;
        }
        write!(f, "{} to create, {} there already", self.create.len(), self.keep.len())
    }
}

#[cfg(test)]
mod tests;
