//! What there is beside what is wanted: what would be created, what would be changed and why, and what will not
//! be done however often one asks. Pure: it looks at descriptions and changes nothing.

use std::collections::BTreeMap;
use std::fmt;

use topics_log::NewTopic;

use crate::names::Kind;
use crate::plan::{Catalog, Wanted};

/// A topic as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many partitions.
    pub partitions: i32,
    /// Kafka's own configuration as it is in force, wherever it was set.
    pub config: BTreeMap<String, String>,
}

/// One thing to be said about one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is missing.
    Create {
        /// The topic.
        topic: NewTopic,
        /// What it is for.
        purpose: String,
    },
    /// It has another value in its configuration.
    Configure {
        /// The topic's name.
        topic: String,
        /// Kafka's key.
        key: String,
        /// What is in force; `None` if the broker does not know the key.
        from: Option<String>,
        /// What is wanted.
        to: String,
        /// What rests on it.
        reason: &'static str,
        /// Whether records that are there may go by it.
        loses: bool,
    },
    /// It has fewer partitions, and may have more while no node runs.
    Grow {
        /// The topic's name.
        topic: String,
        /// What there are.
        from: i32,
        /// What are wanted.
        to: i32,
    },
    /// It has another number of partitions, which cannot or must not be changed.
    Refuse {
        /// The topic's name.
        topic: String,
        /// What there are.
        from: i32,
        /// What are wanted.
        to: i32,
        /// Why not, and what to do instead.
        reason: &'static str,
    },
    /// It is as it should be.
    Keep {
        /// The topic's name.
        topic: String,
        /// Its partitions.
        partitions: i32,
        /// What are wanted, if it may stay at another number.
        wanted: Option<i32>,
    },
}

/// What would have to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Everything there is to say, topic by topic in the catalog's order.
    pub steps: Vec<Step>,
}

/// Why an inbox never gets other partitions.
const OWNED: &str = "a work lives and ends in the partition of its first record, and with another count its key \
                     would be another owner's; `tributary inbox migrate AGENT --partitions N` moves the agent to a \
                     new generation of its inbox while tasks flow, or keep what is there (--keep-partitions)";

/// Why nothing gets fewer.
const NEVER_FEWER: &str = "Kafka takes no partitions away; keep what is there (--keep-partitions), or remove the topic and apply anew";

/// Keys of which more is as good: -1 is without end.
const AT_LEAST: [&str; 2] = ["retention.ms", "retention.bytes"];

/// What rests on each key of the catalog.
const REASONS: [(&str, &str); 3] = [
    (
        "message.timestamp.type",
        "agents' only clock is the broker's append time, and deadlines are counted from it",
    ),
    ("retention.ms", "a record must stay until its task's deadline has passed and its owner has come back"),
    ("cleanup.policy", "compaction would take away records of a key that was not handled yet"),
];

impl Catalog {
    /// Compares with what was found of the namespace. With `keeps_partitions` other counts stay as they are.
    #[must_use]
    pub fn compare(&self, found: &BTreeMap<String, Found>, keeps_partitions: bool) -> Comparison {
        let mut comparison = Comparison::default();
        for wanted in self.beside(found.keys().map(String::as_str)) {
            let Some(found) = found.get(&wanted.topic.name) else {
                let Wanted { topic, purpose, .. } = wanted;
                comparison.steps.push(Step::Create { topic, purpose });
                continue;
            };
            let of_config = differences(&wanted.topic, &found.config);
            let is_free = keeps_partitions || self.is_shared(&wanted.topic.name);
            let of_partitions = partitions(&wanted, found.partitions, is_free);
            match of_partitions {
                // Its changes say that it is there.
                Step::Keep { wanted: None, .. } if !of_config.is_empty() => {}
                step => comparison.steps.push(step),
            }
            comparison.steps.extend(of_config);
        }
        comparison
    }
}

/// What is to be said about a topic's partitions.
fn partitions(wanted: &Wanted, from: i32, is_free: bool) -> Step {
    let (topic, to) = (wanted.topic.name.clone(), wanted.topic.partitions);
    match (wanted.kind, from.cmp(&to)) {
        // Whatever is wanted now, it is of the newest generation.
        _ if wanted.drains => Step::Keep { topic, partitions: from, wanted: None },
        (_, std::cmp::Ordering::Equal) => Step::Keep { topic, partitions: from, wanted: None },
        _ if is_free => Step::Keep { topic, partitions: from, wanted: Some(to) },
        (Kind::Inbox, _) => Step::Refuse { topic, from, to, reason: OWNED },
        (_, std::cmp::Ordering::Greater) => Step::Refuse { topic, from, to, reason: NEVER_FEWER },
        (_, std::cmp::Ordering::Less) => Step::Grow { topic, from, to },
    }
}

/// The keys that have another value than the catalog's. Others are the operator's own.
fn differences(wanted: &NewTopic, found: &BTreeMap<String, String>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (key, to) in &wanted.config {
        let from = found.get(key);
        if from == Some(to) || from.is_some_and(|from| is_enough(key, from, to)) {
            continue;
        }
        let reason = REASONS.iter().find(|(known, _)| known == key);
        steps.push(Step::Configure {
            topic: wanted.name.clone(),
            key: key.clone(),
            from: from.cloned(),
            to: to.clone(),
            reason: reason.map_or("the catalog has it so", |(_, reason)| reason),
            // What was kept by its key may be older than the retention allows.
            loses: key == "cleanup.policy",
        });
    }
    steps
}

fn is_enough(key: &str, from: &str, to: &str) -> bool {
    let number = |text: &str| match text.parse::<i64>() {
        Ok(-1) => Some(i64::MAX),
        other => other.ok(),
    };
    AT_LEAST.contains(&key) && number(from).zip(number(to)).is_some_and(|(from, to)| from >= to)
}

impl Comparison {
    /// Whether anything is refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Refuse { .. }))
    }

    /// Whether anything would be done that may lose records.
    #[must_use]
    pub fn loses(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Configure { loses: true, .. }))
    }

    /// The topics that would get more partitions.
    pub fn growing(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Grow { topic, .. } => Some(topic.as_str()),
            _ => None,
        })
    }

    /// How many are to be created, how many are there, how many changes there are to make, how many refusals.
    fn counts(&self) -> (usize, usize, usize, usize) {
        let count = |is_so: fn(&Step) -> bool| self.steps.iter().filter(|step| is_so(step)).count();
        let created = count(|step| matches!(step, Step::Create { .. }));
        let changes = count(|step| matches!(step, Step::Configure { .. } | Step::Grow { .. }));
        let refused = count(|step| matches!(step, Step::Refuse { .. }));
        let mut there: Vec<&str> = self.steps.iter().filter_map(Step::existing).collect();
        there.dedup();
        (created, there.len(), changes, refused)
    }
}

impl Step {
    /// The topic's name, if it is there.
    fn existing(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::Configure { topic, .. }
            | Self::Grow { topic, .. }
            | Self::Refuse { topic, .. }
            | Self::Keep { topic, .. } => Some(topic),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { topic, purpose } => {
                write!(f, "+ {} ({} partitions): {purpose}", topic.name, topic.partitions)
            }
            Self::Configure { topic, key, from, to, reason, loses } => {
                let from = from.as_deref().unwrap_or("nothing");
                let flag =
                    if *loses { "; records that are there may go: only with --allow-loss" } else { "" };
                write!(f, "~ {topic}: {key} from {from} to {to}: {reason}{flag}")
            }
            Self::Grow { topic, from, to } => {
                write!(
                    f,
                    "~ {topic}: partitions from {from} to {to}: nodes know the count from their start, so none may run"
                )
            }
            Self::Refuse { topic, from, to, reason } => {
                write!(f, "! {topic}: partitions stay {from}, {to} are wanted: {reason}")
            }
            Self::Keep { topic, partitions, wanted: None } => {
                write!(f, "= {topic} ({partitions} partitions)")
            }
            Self::Keep { topic, partitions, wanted: Some(wanted) } => {
                write!(f, "= {topic} ({partitions} partitions, which stay; {wanted} are wanted)")
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        let (created, there, changes, refused) = self.counts();
        write!(f, "{created} to create, {there} there already")?;
        if changes > 0 {
            write!(f, ", {changes} changes")?;
        }
        if refused > 0 {
            write!(f, ", {refused} refused")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
