//! The generations of a team's inboxes: which there are, and which one new works are sent to.
//!
//! An inbox keeps its partitions for as long as its generation lives; another count takes the next generation.
//! While an inbox moves, two of them stand beside each other. This file knows their names and counts, and
//! nothing of how records pass from one to the other (the worker's `moving`).

use std::collections::BTreeMap;
use std::sync::Arc;

use topics_log::TopicDescription;

use crate::names::Names;

/// One generation of one agent's inbox, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Its topic's full name.
    pub topic: Arc<str>,
    /// Which generation, counted from [`crate::FIRST_GENERATION`].
    pub generation: i32,
    /// How many partitions it has, for as long as it lives.
    pub partitions: i32,
}

/// Every agent's generations of one team, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Inboxes(BTreeMap<String, Vec<Inbox>>);

impl Inboxes {
    /// Those among the topics of a namespace.
    #[must_use]
    pub fn among(names: &Names, topics: &[TopicDescription]) -> Self {
        let mut found: BTreeMap<String, Vec<Inbox>> = BTreeMap::new();
        for topic in topics {
            let (Some(agent), Some(generation)) =
                (names.agent_of(&topic.name), names.generation_of(&topic.name))
            else {
                continue;
            };
            let inbox = Inbox { topic: topic.name.as_str().into(), generation, partitions: topic.partitions };
            found.entry(agent.to_owned()).or_default().push(inbox);
        }
        // By number: as text g10 comes before g2.
        found.values_mut().for_each(|inboxes| inboxes.sort_by_key(|inbox| inbox.generation));
        Self(found)
    }

    /// An agent's, the oldest first; none if it has none.
    #[must_use]
    pub fn of(&self, agent: &str) -> &[Inbox] {
        self.0.get(agent).map(Vec::as_slice).unwrap_or_default()
    }
}
