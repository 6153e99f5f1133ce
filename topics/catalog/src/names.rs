//! Names: the full name of each topic, group, transactional id and store row, from few short ones.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Longest short name (namespace, team, agent): four of them and their dots must stay below Kafka's
/// limit of 249 characters for a topic.
pub const NAME_BYTES_MAX: usize = 48;

/// The first generation of every inbox.
pub const FIRST_GENERATION: i32 = 1;

/// What can be wrong with a name or with the catalog's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A short name that is no name.
    #[error("{what} {name:?} is not a name: use 1 to 48 of a-z, 0-9 and -, beginning with a letter")]
    Name {
        /// What is named: namespace, team, agent.
        what: &'static str,
        /// What was found.
        name: String,
    },
    /// The catalog cannot be read.
    #[error("could not read the topic catalog: {0}")]
    Catalog(String),
}

/// The kinds of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What producers submit.
    Tasks,
    /// What one agent type reads.
    Inbox,
    /// What producers wait for.
    Results,
    /// What intake follows.
    Closings,
    /// What the model gateway reads.
    ModelRequests,
    /// What the tool gateway reads.
    ToolRequests,
    /// What the knowledge gateway reads.
    KnowledgeRequests,
    /// What a tool reads that another process serves.
    ExternalRequests,
    /// What the timer gateway reads.
    Timers,
    /// What could not be handled.
    DeadLetters,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) records: Vec<String>,
    pub(crate) config: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kinds: BTreeMap<Kind, Template>,
}

/// Whether `text` can be a namespace, a team's or an agent's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The names of one team in one namespace.
#[derive(Clone, Debug)]
pub struct Names {
    namespace: String,
    team: String,
    templates: BTreeMap<Kind, Template>,
}

impl Names {
    /// The names of `team` in `namespace`.
    ///
    /// # Errors
    /// [`Error::Name`] if either is no name.
    pub fn new(namespace: &str, team: &str) -> Result<Self, Error> {
        for (what, name) in [("namespace", namespace), ("team", team)] {
            if !is_name(name) {
                return Err(Error::Name { what, name: name.to_owned() });
            }
        }
        let file: File =
            toml::from_str(include_str!("../catalog.toml")).map_err(|e| Error::Catalog(e.to_string()))?;
        Ok(Self { namespace: namespace.to_owned(), team: team.to_owned(), templates: file.kinds })
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The team.
    #[must_use]
    pub fn team(&self) -> &str {
        &self.team
    }

    /// The full name of a topic that is neither an inbox nor an external tool's.
    #[must_use]
    pub fn topic(&self, kind: Kind) -> String {
        self.fill(kind, "")
    }

    /// The full name of an agent's inbox in its first generation.
    #[must_use]
    pub fn inbox(&self, agent: &str) -> String {
        self.inbox_in(agent, FIRST_GENERATION)
    }

    /// The full name of an agent's inbox in a generation.
    #[must_use]
    pub fn inbox_in(&self, agent: &str, generation: i32) -> String {
        self.inboxes(agent) + &generation.to_string()
    }

    /// What the full names of an agent's inboxes begin with, whatever their generations; no other topic's does.
    #[must_use]
    pub fn inboxes(&self, agent: &str) -> String {
        let name = self.fill(Kind::Inbox, agent);
        name.strip_suffix("{generation}").unwrap_or(&name).to_owned()
    }

    /// The full name of what a tool reads that another process serves; its group's name begins so, too.
    #[must_use]
    pub fn external(&self, tool: &str) -> String {
        self.fill(Kind::ExternalRequests, tool)
    }

    /// The consumer group of an agent type; also its name in the state store and the prefix of its
    /// transactional ids.
    #[must_use]
    pub fn group(&self, agent: &str) -> String {
        format!("{}.{}.{agent}", self.namespace, self.team)
    }

    /// The consumer group that reads one generation of an agent's inbox: each has one of its own, since each is
    /// read by its own workers.
    #[must_use]
    pub fn inbox_group(&self, agent: &str, generation: i32) -> String {
        let group = self.group(agent);
        if generation == FIRST_GENERATION { group } else { format!("{group}.g{generation}") }
    }

    /// The consumer group of a gateway, which serves the whole namespace.
    #[must_use]
    pub fn gateway_group(&self, gateway: &str) -> String {
        format!("{}.{gateway}", self.namespace)
    }

    /// Whether the topic of a kind belongs to the namespace, and so to every team in it.
    #[must_use]
    pub fn is_shared(&self, kind: Kind) -> bool {
        self.templates.get(&kind).is_some_and(|template| !template.name.contains("{team}"))
    }

    /// The full names of the runtime's own records on a topic of this kind, in a fixed order; a team's messages
    /// come beside them.
    #[must_use]
    pub fn records(&self, kind: Kind) -> &[String] {
        self.templates.get(&kind).map_or(&[], |template| &template.records)
    }

    /// The team in this namespace that a topic belongs to; `None` if it is none of a team's.
    #[must_use]
    pub fn team_of<'a>(&self, topic: &'a str) -> Option<&'a str> {
        let is_shared = |kind: &Kind| self.is_shared(*kind) && self.topic(*kind) == topic;
        if self.templates.keys().any(is_shared) {
            return None;
        }
        self.templates.values().find_map(|template| self.team_by(&template.name, topic))
    }

    /// The agent of this very team whose inbox a topic is, of whatever generation.
    #[must_use]
    pub fn agent_of<'a>(&self, topic: &'a str) -> Option<&'a str> {
        let template = &self.templates.get(&Kind::Inbox)?.name;
        if self.team_by(template, topic)? != self.team {
            return None;
        }
        let mut pieces = template.split('.').zip(topic.split('.'));
        pieces.find_map(|(wanted, found)| (wanted == "{agent}").then_some(found))
    }

    /// The generation of an inbox's topic; `None` for a topic that is none.
    #[must_use]
    pub fn generation_of(&self, topic: &str) -> Option<i32> {
        self.team_by(&self.templates.get(&Kind::Inbox)?.name, topic)?;
        split_generation(topic).map(|(_, generation)| generation)
    }

    /// The team in a topic's name, if the name is made like this template, dot by dot.
    fn team_by<'a>(&self, template: &str, topic: &'a str) -> Option<&'a str> {
        let (wanted, found): (Vec<&str>, Vec<&str>) =
            (template.split('.').collect(), topic.split('.').collect());
        if wanted.len() != found.len() {
            return None;
        }
        let mut team = None;
        for (wanted, found) in wanted.into_iter().zip(found) {
            let fits = match wanted {
                "{namespace}" => found == self.namespace,
                "{team}" => {
                    team = Some(found);
                    is_name(found)
                }
                "{agent}" | "{tool}" => is_name(found),
                "g{generation}" => split_generation(topic).is_some(),
                literal => found == literal,
            };
            if !fits {
                return None;
            }
        }
        team
    }

    pub(crate) fn template(&self, kind: Kind) -> Option<&Template> {
        self.templates.get(&kind)
    }

    /// `of` is the agent or the tool, where the kind has one topic for each.
    fn fill(&self, kind: Kind, of: &str) -> String {
        let name = self.templates.get(&kind).map_or("", |template| template.name.as_str());
        name.replace("{namespace}", &self.namespace)
            .replace("{team}", &self.team)
            .replace("{agent}", of)
            .replace("{tool}", of)
    }
}

/// An inbox's name without its generation, and that; `None` for a name that does not end in one as the catalog
/// writes it.
pub(crate) fn split_generation(topic: &str) -> Option<(&str, i32)> {
    let (_, last) = topic.rsplit_once(".g")?;
    let generation = last.parse().ok().filter(|generation: &i32| *generation >= FIRST_GENERATION)?;
    let prefix = topic.strip_suffix(last)?;
    (generation.to_string() == last).then_some((prefix, generation))
}

#[cfg(test)]
mod tests;
