//! How tasks end when nothing goes wrong: what the outcomes of a storm are compared with.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use bytes::Bytes;
use schemas_records::{Failure, Outcome, headers};
use topics_catalog::Kind;
use topics_log::Record;

use super::run::{Staging, in_virtual_time, play};
use super::storm::Storm;
use super::world::World;
use super::{Simulation, Task};
use crate::verify::Settled;

/// How these tasks end in a calm. What was met before is not run again.
pub(super) fn calm(simulation: &Simulation, tasks: &[Task]) -> Result<BTreeMap<Bytes, Settled>, String> {
    let lock = || simulation.calm.lock().unwrap_or_else(PoisonError::into_inner);
    let unmet: Vec<Task> = tasks.iter().filter(|task| !lock().contains_key(&task.value)).cloned().collect();
    if !unmet.is_empty() {
        let team = simulation.team.clone();
        let found = in_virtual_time(async {
            let staging = Staging::of(Storm::calm(), &unmet);
            let played = play(team, 0, staging, false).await?;
            match played.world.wrongs().as_slice() {
                [] => outcomes(&played.world),
                wrongs => Err(format!("in a calm: {}", wrongs.join("; "))),
            }
        })?;
        let mut calm = lock();
        for (number, task) in unmet.iter().enumerate() {
            let settled = found.get(&format!("task-{number}"));
            let settled = settled.ok_or_else(|| format!("in a calm: task {number} has no outcome"))?;
            calm.insert(task.value.clone(), (!task.is_timely).then(|| settled.clone()));
        }
    }
    let calm = lock();
    let known = tasks.iter().filter_map(|task| calm.get(&task.value).cloned().flatten());
    Ok(known.collect())
}

/// How every task ended, by its id, with its input as it stands in the entry inbox.
fn outcomes(world: &World) -> Result<BTreeMap<String, (Bytes, Settled)>, String> {
    let (entry, results) =
        (world.names.inbox(world.team.agents().next().unwrap_or_default()), world.topic(Kind::Results));
    let (mut inputs, mut found) = (BTreeMap::new(), BTreeMap::new());
    let records = world.log.control().committed_records();
    let id = |record: &Record| record.headers.text(headers::TASK_ID).unwrap_or_default().to_owned();
    for record in records.iter().filter(|record| *record.topic_partition.topic == *entry) {
        let is_task = record.headers.text(headers::REPLY_TO).is_some_and(|to| to.starts_with("result|"));
        if is_task {
            inputs.entry(id(record)).or_insert_with(|| record.value.clone());
        }
    }
    for record in records.iter().filter(|record| *record.topic_partition.topic == *results) {
        let Some(input) = inputs.get(&id(record)) else { continue };
        let settled = if record.headers.text(headers::OUTCOME) == Some(Outcome::Ok.as_str()) {
            Settled::Result(record.value.clone())
        } else {
            let failure: Failure = world.codec.decode(&record.value).map_err(|error| error.to_string())?;
            Settled::Failure(failure.code)
        };
        found.insert(id(record), (input.clone(), settled));
    }
    Ok(found)
}
