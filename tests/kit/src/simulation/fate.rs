//! Fate: does at its time what the plan says, and makes everything good when the storm is over.

use std::sync::Arc;
use std::time::Duration;

use schemas_records::{Headers, Position, headers};
use tokio::task::JoinSet;
use tokio::time::Instant;
use topics_catalog::{FIRST_GENERATION, Kind};
use topics_log::{NewRecord, Record};
use topics_state::{Slot, StateStore};

use super::deaths::Life;
use super::instance::Instance;
use super::moves;
use super::producer::send;
use super::storm::Event;
use super::world::World;
use crate::verify::FOREIGN;

/// Something to be done at a time.
enum Act {
    Begin(Event),
    Thaw(Arc<Life>),
}

/// Does what the plan says until the storm is over, then calms everything.
pub async fn rage(world: &Arc<World>, instances: &mut JoinSet<()>) {
    let mut start = Instant::now();
    let mut acts: Vec<(Duration, Act)> =
        world.storm.events.iter().map(|(at, event)| (*at, Act::Begin(*event))).collect();
    while !acts.is_empty() {
        acts.sort_by_key(|(at, _)| *at);
        let (at, act) = acts.remove(0);
        tokio::time::sleep_until(start + at.min(world.storm.lasts)).await; // virtual clock
        match act {
            Act::Thaw(life) => thaw(world, &life),
            Act::Begin(event) => {
                if let Event::Night(lasts) = event {
                    start += lasts;
                }
                let frozen = begin(world, event, instances).await;
                acts.extend(frozen.map(|(life, time)| (at + time, Act::Thaw(life))));
            }
        }
    }
    tokio::time::sleep_until(start + world.storm.lasts).await; // virtual clock
    world.weather.end();
    world.trace.say("calm", String::new);
    moves::finish(world).await;
}

/// Does one thing. Returns who is to be thawed after which time.
async fn begin(
    world: &Arc<World>,
    event: Event,
    instances: &mut JoinSet<()>,
) -> Option<(Arc<Life>, Duration)> {
    let control = world.log.control();
    world.trace.say(word(event), || format!("{event:?}"));
    match event {
        Event::Kill(slot) => of(world, slot).iter().for_each(|life| life.death.cancel()),
        Event::KillAll => world.lives().iter().for_each(|life| life.death.cancel()),
        Event::Leave(slot) => of(world, slot).iter().for_each(|life| life.leave.cancel()),
        Event::Freeze(slot, time) | Event::Stop(slot, time) => {
            let life = of(world, slot).pop()?;
            world.begin_stray(&life);
            for group in world.groups() {
                control.freeze(&group, &life.name);
            }
            if matches!(event, Event::Stop(..)) {
                life.stop();
            }
            return Some((life, time));
        }
        Event::Rebalance(number) => {
            let groups = world.groups();
            control.rebalance(&groups[number % groups.len()]);
        }
        Event::Usurp(slot) => {
            let life = of(world, slot).pop()?;
            world.begin_stray(&life);
            let chance = world.chance.of(&format!("usurper of {}", life.name));
            let (world, name) = (Arc::clone(world), life.name.clone());
            instances.spawn(Instance { world, slot, name, after: Duration::ZERO, chance }.run());
        }
        Event::Repeat(number) => repeat(world, number).await,
        Event::ClockBack(by) => control.step_clock_back(by),
        Event::Night(lasts) => {
            world.begin_night(lasts);
            world.lives().iter().for_each(|life| life.death.cancel());
        }
        Event::LoseRow => lose_row(world).await,
        Event::Generation(agent) => moves::make(world, agent).await,
        Event::Drain(agent, is_whole) => moves::drain(world, agent, is_whole).await,
    }
    None
}

fn of(world: &World, slot: usize) -> Vec<Arc<Life>> {
    world.lives().into_iter().filter(|life| life.slot == slot).collect()
}

fn thaw(world: &World, life: &Arc<Life>) {
    world.trace.whisper(|| format!("thaw {}", life.name));
    for group in world.groups() {
        world.log.control().thaw(&group, &life.name);
    }
    life.go_on();
    world.end_stray(life);
}

/// Sends a record again that was sent before: a gateway or a network that does so is within its rights.
async fn repeat(world: &World, number: usize) {
    let may_repeat = |record: &Record| {
        let kind = record.headers.text(headers::KIND).unwrap_or_default();
        let is_ours = matches!(kind, "answer" | "part" | "timer" | "input" | "expectation" | "cancellation");
        let topic = &*record.topic_partition.topic;
        // What intake writes stands there once: that is its promise, and the entry agent's to rely on.
        let is_task = record.headers.text(headers::REPLY_TO).is_some_and(|to| to.starts_with("result|"));
        is_ours && !is_task && record.headers.get(FOREIGN).is_none() && !topic.ends_with(".results")
    };
    let records: Vec<Record> =
        world.log.control().committed_records().into_iter().filter(may_repeat).collect();
    let Some(record) = records.get(number % records.len().max(1)) else { return };
    let mut again = Headers::new();
    for (name, value) in record.headers.iter() {
        again.push(name, value);
    }
    again.push(FOREIGN, "repeat");
    world.trace.say("repeated", || format!("{}/{}", record.topic_partition, record.offset));
    let mut again = NewRecord {
        topic: Arc::clone(&record.topic_partition.topic),
        partition: Some(record.topic_partition.partition),
        key: record.key.clone(),
        value: record.value.clone(),
        headers: again,
    };
    // Half of them as somebody would who knows the newest generation of an inbox only.
    if number.is_multiple_of(2) {
        moves::to_newest(world, &mut again).await;
    }
    send(world, again).await;
}

/// Deletes the newest row of the first task that is open, if there is one.
async fn lose_row(world: &World) {
    let Some(entry) = world.team.agents().next() else { return };
    let (inbox, results) = (world.names.inbox(entry), world.topic(Kind::Results));
    let records = world.log.control().committed_records();
    let id = |record: &Record| record.headers.text(headers::TASK_ID).unwrap_or_default().to_owned();
    let of = |topic: &str, record: &Record| *record.topic_partition.topic == *topic;
    let ended: Vec<String> = records.iter().filter(|record| of(&results, record)).map(id).collect();
    let agent = world.names.group(entry);
    for input in records.iter().filter(|record| of(&inbox, record) && !ended.contains(&id(record))) {
        let partition = input.topic_partition.partition;
        let slot = Slot { agent: agent.as_str().into(), generation: FIRST_GENERATION, partition };
        let end = Position { generation: FIRST_GENERATION, partition, offset: i64::MAX };
        let newest = world.store.read(&agent, &[(input.key.clone(), end)]).await;
        let newest = newest.ok().and_then(|found| found.into_iter().next().flatten());
        let owner = world.store.owner(&slot).await.ok().flatten();
        let (Some(newest), Some(owner)) = (newest, owner) else { continue };
        let above = Position { offset: newest.position.offset + 1, ..newest.position };
        if world.store.prune(&agent, owner.epoch, &[(input.key.clone(), above)]).await.is_ok() {
            world.trace.say("row lost", || format!("{} of {agent}", input.key));
            return;
        }
    }
}

const fn word(event: Event) -> &'static str {
    match event {
        Event::Kill(_) => "kill",
        Event::KillAll => "kill all",
        Event::Leave(_) => "leave",
        Event::Freeze(..) => "freeze",
        Event::Stop(..) => "stop",
        Event::Rebalance(_) => "rebalance",
        Event::Usurp(_) => "usurp",
        Event::Repeat(_) => "repeat",
        Event::ClockBack(_) => "clock back",
        Event::Night(_) => "night",
        Event::LoseRow => "lose row",
        Event::Generation(_) => "generation",
        Event::Drain(..) => "drain",
    }
}
