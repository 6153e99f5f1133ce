//! How far each inbox was stepped: its group's committed offsets, read without taking part in anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use topics_log::{Assignment, Consumer, Group, Log, Polled, TopicDescription};
use topics_log_kafka::KafkaLog;

use super::Stepped;
use super::track::partitions;
use crate::config::Config;
use crate::roles::Node;
use crate::run::Error;

/// How long a log in this process takes to assign its partitions.
const ASSIGN_MAX: Duration = Duration::from_secs(10);

/// Where each partition of each of the team's inboxes was stepped to.
///
/// On brokers their groups are asked from outside. A log in this process is nobody else's meanwhile: there the
/// group is joined, asked, and left as it was.
///
/// # Errors
/// The log's own.
pub async fn stepped(node: &Node, config: &Config) -> Result<Stepped, Error> {
    let log = Arc::clone(&node.doors().log);
    let found = inboxes(node, &*log).await?;
    let Some(brokers) = &config.brokers else {
        let mut stepped = Stepped::new();
        for (group, topic) in &found {
            stepped.extend(asked_here(&*log, group, topic).await?);
        }
        return Ok(stepped);
    };
    let kafka = KafkaLog::connect(config.kafka(brokers)?).await?;
    let asked: Vec<_> = found.iter().map(|(group, topic)| (group.clone(), partitions(topic))).collect();
    let mut stepped = Stepped::new();
    for offsets in kafka.group_offsets(&asked).await? {
        stepped.extend(offsets?.into_iter().map(|(at, committed)| (at, committed.offset)));
    }
    Ok(stepped)
}

/// The team's inboxes, each with the group that reads it.
pub(super) async fn inboxes(node: &Node, log: &dyn Log) -> Result<Vec<(String, TopicDescription)>, Error> {
    let names = node.names();
    let topics = log.topics(&format!("{}.", names.namespace())).await?;
    let agents = node.agents();
    let of = |topic: TopicDescription| {
        let agent = names.agent_of(&topic.name).filter(|agent| agents.iter().any(|known| known == agent))?;
        let generation = names.generation_of(&topic.name)?;
        Some((names.inbox_group(agent, generation), topic))
    };
    Ok(topics.into_iter().filter_map(of).collect())
}

async fn asked_here(log: &dyn Log, group: &str, topic: &TopicDescription) -> Result<Stepped, Error> {
    let group = Group { id: group.to_owned(), instance: "audit".to_owned() };
    let mut consumer = log.join(group, &[&topic.name]).await?;
    let found = committed(&mut *consumer, topic).await;
    consumer.close().await;
    found
}

async fn committed(consumer: &mut dyn Consumer, topic: &TopicDescription) -> Result<Stepped, Error> {
    let until = Instant::now() + ASSIGN_MAX;
    let mut assigned: Vec<Assignment> = Vec::new();
    while assigned.len() < usize::try_from(topic.partitions).unwrap_or(0) && Instant::now() < until {
        if let Polled::Assigned(more) = consumer.poll(1, Duration::from_millis(50)).await? {
            assigned.extend(more);
        }
    }
    let committed = consumer.committed(&assigned).await?;
    let of = |(assignment, committed): (Assignment, Option<topics_log::Committed>)| {
        Some((assignment.topic_partition, committed?.offset))
    };
    Ok(assigned.into_iter().zip(committed).filter_map(of).collect())
}
