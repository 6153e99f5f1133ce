//! Looking after topics that exist, beyond what the seam asks of a log: their configuration, more partitions,
//! and who is at work. An embedded log has none of this: its one process makes its topics and keeps them.

use std::collections::BTreeMap;

use rdkafka::admin::{ConfigResource, NewPartitions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use topics_log::{Error, TopicPartition};

use crate::admin::{Admin, Worker, block_on, first_failure, options};
use crate::connection::KafkaLog;
use crate::desk::{Asker, Desk};
use crate::logging::{Named, Voice};
use crate::{errors, native};

const LOOK: &str = "read the configuration of topics";

/// Kafka's own configuration of topics, by topic and key.
type Configurations = BTreeMap<String, BTreeMap<String, String>>;

impl KafkaLog {
    /// The configuration in force of topics that exist, by topic and key, wherever it was set. What is secret
    /// has no value and is left out.
    ///
    /// # Errors
    /// `Stop` if it may not be seen (`DescribeConfigs`); `Retry` for passing trouble.
    pub async fn configurations(&self, topics: &[String]) -> Result<Configurations, Error> {
        let topics = topics.to_vec();
        let admin = Admin::open(self.settings()).await?;
        admin.ask(LOOK, move |worker| configurations(worker, &topics)).await
    }

    /// Sets keys of a topic's configuration; its other keys stay. Other brokers hear of it a moment later.
    ///
    /// # Errors
    /// `Stop` if the broker refuses it, naming the topic.
    pub async fn configure(&self, topic: &str, config: &BTreeMap<String, String>) -> Result<(), Error> {
        let (topic, config) = (topic.to_owned(), config.clone());
        let admin = Admin::open(self.settings()).await?;
        let change = move |worker: &mut Worker| {
            let attempted = format!("configure topic {topic}");
            native::configure_topic(worker.native(), &topic, &config, worker.patience())
                .map_err(|failure| errors::of_event(attempted, failure.code, &failure.text))
        };
        admin.ask("configure a topic", change).await
    }

    /// Gives a topic more partitions, and waits until they can be used.
    ///
    /// # Errors
    /// `Stop` if the broker refuses it, for example because there are as many already.
    pub async fn grow(&self, topic: &str, partitions: i32) -> Result<(), Error> {
        let topic = topic.to_owned();
        let admin = Admin::open(self.settings()).await?;
        admin.ask("give a topic more partitions", move |worker| grow(worker, &topic, partitions)).await
    }

    /// The groups whose names begin with `prefix` and that have members now, with their number. Groups that
    /// this principal may not describe are not among them.
    ///
    /// # Errors
    /// `Retry` for passing trouble.
    pub async fn members(&self, prefix: &str) -> Result<BTreeMap<String, usize>, Error> {
        let prefix = prefix.to_owned();
        let admin = Admin::open(self.settings()).await?;
        let look = move |worker: &mut Worker| {
            let groups = worker.admin().inner().fetch_group_list(None, worker.patience());
            let groups = groups.map_err(|error| errors::of("list groups", &error))?;
            let named = groups.groups().iter().filter(|group| group.name().starts_with(&prefix));
            let counted = named.map(|group| (group.name().to_owned(), group.members().len()));
            Ok(counted.filter(|(_, members)| *members > 0).collect())
        };
        admin.ask("list groups", look).await
    }
}

impl KafkaLog {
    /// What a group has committed of these partitions, whoever its members are; `None` where it has nothing.
    ///
    /// # Errors
    /// `Stop` if it may not be seen (`Describe` on the group); `Retry` for passing trouble, and while an open
    /// transaction holds one of the offsets.
    pub async fn committed_by(&self, group: &str, of: &[TopicPartition]) -> Result<Vec<Option<i64>>, Error> {
        let attempted = format!("read the committed offsets of {group}");
        let mut config = self.settings().reader(false);
        // Named, and never joined: a client without a subscription is no member.
        config.set("group.id", group);
        let (patience, voice) =
            (self.settings().connect_timeout, format!("{} offsets", self.settings().client_id));
        let failed = {
            let attempted = attempted.clone();
            move |error: KafkaError| errors::of(&attempted, &error)
        };
        let make = {
            let failed = failed.clone();
            move || -> Result<BaseConsumer<Named>, Error> {
                config.create_with_context(Named(Voice::new(voice))).map_err(failed)
            }
        };
        let desk = Desk::open("kafka-offsets", make).await?;
        let of = of.to_vec();
        let look = move |client: &mut BaseConsumer<Named>, _: &Asker<'_>| {
            let mut asked = TopicPartitionList::with_capacity(of.len());
            for at in &of {
                asked.add_partition(&at.topic, at.partition);
            }
            let found = client.committed_offsets(asked, patience).map_err(failed)?;
            let offset = |at: &TopicPartition| match found.find_partition(&at.topic, at.partition)?.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            Ok(of.iter().map(offset).collect())
        };
        desk.ask(&attempted, look).await
    }
}

fn configurations(worker: &Worker, topics: &[String]) -> Result<Configurations, Error> {
    let mut found = BTreeMap::new();
    if topics.is_empty() {
        return Ok(found);
    }
    let asked: Vec<ResourceSpecifier<'_>> =
        topics.iter().map(|topic| ResourceSpecifier::Topic(topic.as_str())).collect();
    let answers = block_on(LOOK, worker.admin().describe_configs(&asked, &options()))?;
    for answer in answers {
        let resource: ConfigResource = answer.map_err(|code| errors::of_code(LOOK, code))?;
        let entries = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
        if let OwnedResourceSpecifier::Topic(topic) = resource.specifier {
            found.insert(topic, entries.collect());
        }
    }
    Ok(found)
}

fn grow(worker: &Worker, topic: &str, partitions: i32) -> Result<(), Error> {
    let attempted = format!("give topic {topic} {partitions} partitions");
    let count = usize::try_from(partitions).unwrap_or_default();
    let wanted = [NewPartitions::new(topic, count)];
    let answers = block_on(&attempted, worker.admin().create_partitions(&wanted, &options()))?;
    first_failure("give more partitions to topic", answers)?;
    worker
        .wait_until(&attempted, |seen| seen.iter().any(|(name, ready)| name == topic && *ready == partitions))
}
