//! A node and the schema registry: which subjects its messages are filed under, and whose ids it frames
//! with.

use schemas_codec::{Registry, subject};
use schemas_records::{Message, Text};
use schemas_registry::{Lookup, Settings, Subject, start};
use topics_catalog::{Inboxes, Kind};

use crate::config::Config;
use crate::roles::Node;
use crate::run::Error;

/// Where in the data folder what was heard from the registry is kept.
pub const REGISTRY_NOTE: &str = "registry.json";

/// What a node has to do with the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// It writes: its schemas are filed before it begins, or it does not begin.
    Files,
    /// It reads, and files nothing but what it happens to write.
    Reads,
}

impl Node {
    /// Lets the registry that the configuration names, if it names one, say which id stands for which schema;
    /// before anything is read or written.
    ///
    /// # Errors
    /// The registry's own; for one that only reads, those of its settings alone.
    pub async fn meet_registry(&self, config: &Config, meeting: Meeting) -> Result<(), Error> {
        let Some(settings) = &config.registry else { return Ok(()) };
        let lookup = match meeting {
            Meeting::Reads => Lookup::new(settings)?,
            Meeting::Files => {
                // Whoever writes holds the folder.
                let cache = config.data().map(|folder| folder.join(REGISTRY_NOTE));
                let prefix = format!("{}.", self.names.namespace());
                let inboxes = Inboxes::among(&self.names, &self.doors.log.topics(&prefix).await?);
                start(&Settings { cache, ..settings.clone() }, &self.subjects_with(&inboxes)?).await?
            }
        };
        if !self.codec.registry().entrust(lookup) {
            return Err(Error::Config { message: "this node has met a schema registry already".into() });
        }
        Ok(())
    }

    /// What is filed at a registry before anything has moved.
    ///
    /// # Errors
    /// As [`Self::subjects_with`].
    pub fn subjects(&self) -> Result<Vec<Subject>, Error> {
        self.subjects_with(&Inboxes::default())
    }

    /// What is filed at a registry: for every topic of the team each record that it carries, in a fixed
    /// order. An inbox carries what begins its agent's work and the runtime's own; the results any message
    /// of the team.
    ///
    /// # Errors
    /// A record without a schema, which a team that was put together does not have.
    fn subjects_with(&self, inboxes: &Inboxes) -> Result<Vec<Subject>, Error> {
        let mut subjects = Vec::new();
        let mut file = |kind: Kind, topic: String, own: Vec<String>| -> Result<(), Error> {
            let mut records: Vec<String> = self.names.records(kind).to_vec();
            records.extend(own);
            records.sort();
            records.dedup();
            for record in records {
                self.codec.registry().newest(&record)?;
                let versions = self.codec.registry().versions(&record);
                subjects.push(Subject { name: subject(&topic, &record), versions });
            }
            Ok(())
        };
        let topic = |kind: Kind| self.names.topic(kind);
        file(Kind::Tasks, topic(Kind::Tasks), vec![self.team.entry_message.clone()])?;
        for member in &self.team.members {
            let standing = inboxes.of(&member.name).iter().map(|inbox| inbox.topic.to_string());
            let mut topics: Vec<String> = standing.collect();
            if topics.is_empty() {
                topics.push(self.names.inbox(&member.name));
            }
            for topic in topics {
                file(Kind::Inbox, topic, vec![member.takes.clone()])?;
            }
        }
        file(Kind::Results, topic(Kind::Results), self.messages()?)?;
        for kind in [Kind::Closings, Kind::ModelRequests, Kind::Timers, Kind::DeadLetters] {
            file(kind, topic(kind), Vec::new())?;
        }
        for (.., kind) in self.supplying() {
            file(kind, topic(kind), Vec::new())?;
        }
        Ok(subjects)
    }

    /// The team's messages, without those that the runtime knows by itself; but a text may be anybody's.
    fn messages(&self) -> Result<Vec<String>, Error> {
        let runtime = Registry::new()?.names();
        let is_teams = |name: &String| name == Text::NAME || !runtime.contains(name);
        Ok(self.codec.registry().messages().into_iter().filter(is_teams).collect())
    }
}
