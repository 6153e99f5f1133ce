//! Topics on a broker as they stand and as they should: compared, and brought there where that breaks nothing.
//! Runs no agent. (An embedded log's topics are made by its one process and need no upkeep.)

use std::collections::BTreeMap;

use topics_catalog::{Comparison, Found, Step, Topics};
use topics_log::{Log, NewTopic, TopicDescription, TopicPartition};
use topics_log_kafka::KafkaLog;

use crate::config::Config;
use crate::roles::Node;
use crate::run::Error;

/// A broker whose topics are looked after.
pub struct Upkeep {
    log: KafkaLog,
}

impl Upkeep {
    /// Reaches the configuration's brokers.
    ///
    /// # Errors
    /// [`Error::Config`] if none are named; the log's own.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let brokers = config.brokers.as_deref().ok_or_else(|| Error::Config {
            message: "no brokers are named: topics are looked after on a broker".into(),
        })?;
        Ok(Self { log: KafkaLog::connect(config.kafka(brokers)?).await? })
    }

    /// What would be created or changed for a node, and why.
    ///
    /// # Errors
    /// The log's own.
    pub async fn compare(
        &self,
        node: &Node,
        topics: Topics,
        keeps_partitions: bool,
    ) -> Result<Comparison, Error> {
        let catalog = node.catalog(topics);
        let there = self.topics(node).await?;
        let wanted: Vec<_> = there.into_iter().filter(|topic| catalog.has(&topic.name)).collect();
        let names: Vec<String> = wanted.iter().map(|topic| topic.name.clone()).collect();
        let mut configs = self.log.configurations(&names).await?;
        let found = wanted.into_iter().map(|topic| {
            let config = configs.remove(&topic.name).unwrap_or_default();
            (topic.name, Found { partitions: topic.partitions, config })
        });
        Ok(catalog.compare(&found.collect(), keeps_partitions))
    }

    /// Does all of it, or nothing: first everything is looked at that speaks against it. After a crash or an
    /// error between two changes the next comparison shows what is left.
    ///
    /// # Errors
    /// [`Error::Config`] for what is refused, may lose records without leave, or needs all nodes stopped; the
    /// log's own.
    pub async fn apply(&self, node: &Node, comparison: &Comparison, allows_loss: bool) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::Config { message: format!("nothing is changed: {why}") });
        if comparison.is_refused() {
            return refuse("what is marked ! cannot be had; it says what to do instead".into());
        }
        if comparison.loses() && !allows_loss {
            return refuse("records may go by it; say --allow-loss if they may".into());
        }
        if comparison.growing().next().is_some() {
            let reads = node.reads(&self.topics(node).await?);
            let mut members = self.log.members(&format!("{}.", node.names().namespace())).await?;
            members.retain(|group, _| reads.iter().any(|reads| reads.group == *group));
            if !members.is_empty() {
                let groups: Vec<String> =
                    members.iter().map(|(group, count)| format!("{group} ({count})")).collect();
                return refuse(format!(
                    "topics grow only while no node runs, and these groups have members: {}; stop their nodes",
                    groups.join(", ")
                ));
            }
        }
        self.make(node, comparison).await
    }

    /// How many processes are members of a group now.
    pub(crate) async fn readers(&self, group: &str) -> Result<usize, Error> {
        Ok(self.log.members(group).await?.remove(group).unwrap_or(0))
    }

    /// What a group has committed of these partitions.
    pub(crate) async fn committed_by(
        &self,
        group: &str,
        of: &[TopicPartition],
    ) -> Result<Vec<Option<i64>>, Error> {
        Ok(self.log.committed_by(group, of).await?)
    }

    async fn topics(&self, node: &Node) -> Result<Vec<TopicDescription>, Error> {
        Ok(self.log.topics(&format!("{}.", node.names().namespace())).await?)
    }

    async fn make(&self, node: &Node, comparison: &Comparison) -> Result<(), Error> {
        let (mut new, mut configs): (Vec<NewTopic>, BTreeMap<&str, BTreeMap<String, String>>) =
            Default::default();
        for step in &comparison.steps {
            match step {
                Step::Create { topic, .. } => new.push(topic.clone()),
                Step::Configure { topic, key, to, .. } => {
                    configs.entry(topic).or_default().insert(key.clone(), to.clone());
                }
                Step::Grow { topic, to, .. } => self.log.grow(topic, *to).await?,
                // One of them ended this before.
                Step::Refuse { .. } | Step::Keep { .. } => {}
            }
        }
        for (topic, config) in configs {
            self.log.configure(topic, &config).await?;
        }
        if !new.is_empty() {
            node.doors().log.create(&new).await?;
        }
        Ok(())
    }
}
