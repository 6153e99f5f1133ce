//! Inboxes that move: what an operator does, step by step, with `tributary inbox migrate`.

use schemas_records::headers;
use topics_catalog::{FIRST_GENERATION, Inbox, Inboxes};
use topics_log::{Log, NewRecord, NewTopic, partition_of};
use topics_runtime::worker::draining_record;

use super::producer::send;
use super::storm::Moves;
use super::world::World;
use crate::verify::FOREIGN;

/// Makes the next generation of an agent's inbox, unless it is there.
pub async fn make(world: &World, agent: usize) {
    let Some(agent) = name(world, agent) else { return };
    let inboxes = inboxes(world).await;
    let [first] = inboxes.of(&agent) else { return };
    let more = i32::from(world.storm.moves == Moves::ToOther);
    let topic = NewTopic {
        name: world.names.inbox_in(&agent, FIRST_GENERATION + 1),
        partitions: first.partitions + more,
        replication: 0,
        config: [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into(),
    };
    while let Err(error) = world.log.create(std::slice::from_ref(&topic)).await {
        // It was made, and only that was not heard.
        if error.remedy == topics_log::Remedy::Stop {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await; // virtual clock
    }
}

/// Tells partitions of the first generation to drain: the first half, or all.
pub async fn drain(world: &World, agent: usize, is_whole: bool) {
    let Some(agent) = name(world, agent) else { return };
    let inboxes = inboxes(world).await;
    let [old, new] = inboxes.of(&agent) else { return };
    tell(world, old, new, if is_whole { old.partitions } else { (old.partitions + 1) / 2 }).await;
}

async fn tell(world: &World, old: &Inbox, new: &Inbox, partitions: i32) {
    for partition in 0..partitions {
        match draining_record(&world.codec, old, partition, new) {
            Ok(mut record) => {
                record.headers.push(FOREIGN, "draining");
                send(world, record).await;
            }
            Err(error) => world.wrong(format!("a draining record could not be written: {error}")),
        }
    }
}

/// Addresses what begins a work or follows one to the newest generation of the inbox that it is for.
pub async fn to_newest(world: &World, record: &mut NewRecord) {
    let kind = record.headers.text(headers::KIND).unwrap_or_default();
    let Some(agent) = world.names.agent_of(&record.topic).map(str::to_owned) else { return };
    if !["input", "expectation", "part", "cancellation"].contains(&kind) {
        return;
    }
    let inboxes = inboxes(world).await;
    if let Some(newest) = inboxes.of(&agent).last() {
        record.topic = newest.topic.clone();
        record.partition = Some(partition_of(record.key.as_bytes(), newest.partitions));
    }
}

/// Ends what was begun: every inbox that has a next generation drains, and every node starts anew, so that
/// somebody reads it.
pub async fn finish(world: &World) {
    let inboxes = inboxes(world).await;
    let mut has_moved = false;
    for agent in world.team.agents() {
        if let [old, new] = inboxes.of(agent) {
            has_moved = true;
            tell(world, old, new, old.partitions).await;
        }
    }
    if has_moved {
        world.lives().iter().for_each(|life| life.leave.cancel());
    }
}

fn name(world: &World, agent: usize) -> Option<String> {
    let agents: Vec<&str> = world.team.agents().collect();
    agents.get(agent % agents.len().max(1)).map(|agent| (*agent).to_owned())
}

async fn inboxes(world: &World) -> Inboxes {
    loop {
        match world.log.topics("").await {
            Ok(topics) => return Inboxes::among(&world.names, &topics),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await, // virtual clock
        }
    }
}
