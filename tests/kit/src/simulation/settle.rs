//! When a run is over: nothing is open, everything is read, nothing comes any more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemas_records::headers;
use topics_catalog::Kind;
use topics_log::TopicPartition;

use super::world::World;
use crate::verify::FOREIGN;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks without a new record that make a quiet log.
const QUIET_LOOKS: u32 = 3;

/// Longest wait beyond the deadline of the last task: what it takes to write that down.
const SETTLE_MAX: Duration = Duration::from_secs(120);

/// Waits until all is settled.
///
/// # Errors
/// A sentence that says what is not, [`SETTLE_MAX`] after the last deadline, or twice that where records
/// come without end.
pub async fn settle(world: &World) -> Result<(), String> {
    let start = tokio::time::Instant::now();
    let (mut before, mut quiet) = (0, 0);
    loop {
        // Where something went wrong that never may, the last deadline changes nothing: that is not waited for.
        let deadline = if world.wrongs().is_empty() { world.storm.deadline } else { Duration::ZERO };
        let until = start + deadline + SETTLE_MAX;
        let now = world.log.control().size("").records;
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        if quiet >= QUIET_LOOKS {
            match left(world) {
                None => return Ok(()),
                Some(left) if tokio::time::Instant::now() >= until => return Err(left),
                Some(_) => {}
            }
        } else if tokio::time::Instant::now() >= until + SETTLE_MAX {
            return Err("there is no end of records".into());
        }
        tokio::time::sleep(LOOK_EVERY).await; // virtual clock
    }
}

/// What is left to be done, if anything.
fn left(world: &World) -> Option<String> {
    let control = world.log.control();
    let records = control.committed_records();
    let mut ends: BTreeMap<TopicPartition, i64> = BTreeMap::new();
    // A task's input stands twice where one generation of the entry inbox passed it on.
    let (mut inputs, mut closings) = (BTreeSet::new(), 0_usize);
    let entry = world.team.agents().next()?;
    let closings_topic = world.topic(Kind::Closings);
    for record in &records {
        ends.insert(record.topic_partition.clone(), record.offset + 1);
        let kind = record.headers.text(headers::KIND).unwrap_or_default();
        let is_foreign = record.headers.get(FOREIGN).is_some();
        let topic = &*record.topic_partition.topic;
        let is_task = record.headers.text(headers::REPLY_TO).is_some_and(|to| to.starts_with("result|"));
        if world.names.agent_of(topic) == Some(entry) && kind == "input" && is_task && !is_foreign {
            inputs.insert(record.headers.text(headers::ORIGIN).unwrap_or_default());
        }
        closings += usize::from(topic == closings_topic && kind == "closing");
    }
    let inputs = inputs.len();
    if closings < inputs {
        return Some(format!("{} of {inputs} tasks are open", inputs - closings));
    }
    let of = |agent, generation| {
        (world.names.inbox_in(agent, generation), world.names.inbox_group(agent, generation))
    };
    let mut read_by: BTreeMap<String, String> =
        world.team.agents().flat_map(|agent| [of(agent, 1), of(agent, 2)]).collect();
    read_by.insert(world.topic(Kind::Tasks), world.names.group("intake"));
    read_by.insert(world.topic(Kind::ModelRequests), world.names.gateway_group("model-gateway"));
    for (role, kind) in &world.supplying {
        read_by.insert(world.topic(*kind), world.names.group(role));
    }
    let offsets = control.committed_offsets();
    for (at, end) in ends {
        let Some(group) = read_by.get(&*at.topic) else { continue };
        let committed = offsets.get(group).and_then(|offsets| offsets.get(&at)).map_or(0, |it| it.offset);
        if committed < end {
            return Some(format!("{group} has read {at} to {committed} of {end}"));
        }
    }
    None
}
