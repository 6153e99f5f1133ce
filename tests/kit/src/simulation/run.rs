//! One run: the world is made, the storm rages, all is settled, everybody leaves, and the log is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use infra_node::Team;
use schemas_records::ids::content_hash;
use schemas_records::{Failure, Key, Outcome, Position, headers};
use tokio::task::JoinSet;
use topics_catalog::{FIRST_GENERATION, Kind};
use topics_log::{Log, Record, TopicDescription};
use topics_state::StateStore;

use super::chance::Chance;
use super::instance::Instance;
use super::producer::{Producer, Submissions, produce};
use super::replay::{Replayed, replay};
use super::storm::{Event, Moves, Storm};
use super::world::{EPOCH, NAMESPACE, World};
use super::{Failed, Plant, Report, Simulation, Task, fate, settle};
use crate::verify::{self, Evidence, Ledger, Settled, Topics};

/// How long all instances together may take to leave in the end.
const LEAVE_MAX: Duration = Duration::from_secs(120);

/// What is left of a run.
struct Played {
    world: Arc<World>,
    troubled: BTreeSet<String>,
    deadly: BTreeSet<String>,
}

/// Runs one seed and judges it.
pub(super) fn seed(simulation: &Simulation, seed: u64, is_whole: bool) -> Result<(Report, Evidence), Failed> {
    let chance = Chance::new(seed);
    let tasks = (simulation.tasks)(&mut chance.of("tasks"));
    let calm = calm(simulation, &tasks);
    let storm = (simulation.storm)(&chance);
    let failed = |violations, trace| Failed { seed, violations, command: simulation.command.clone(), trace };
    let calm = calm.map_err(|error| failed(vec![error], Vec::new()))?;
    let outcome = in_virtual_time(async {
        let played =
            play(simulation.team.clone(), seed, storm, (&tasks, &simulation.plants), is_whole).await?;
        let judged = gather(&played, simulation.team.clone(), calm).await;
        Ok::<_, String>((played, judged))
    });
    let (played, judged) = outcome.map_err(|error| failed(vec![error], Vec::new()))?;
    let mut trace = played.world.trace.lines();
    let records = played.world.log.control().committed_records();
    if is_whole {
        trace.extend(records.iter().map(shown));
    }
    let (evidence, states) = judged.map_err(|error| failed(vec![error], trace.clone()))?;
    let (counts, broken) = verify::check(&evidence);
    let broken = broken.iter().map(ToString::to_string);
    let violations: Vec<String> = broken.chain(states).chain(played.world.wrongs()).collect();
    if !violations.is_empty() {
        return Err(failed(violations, trace));
    }
    let happened = played.world.trace.counts();
    Ok((Report { seed, counts, happened, digest: digest(&records), trace }, evidence))
}

/// Runs a future on a thread of its own time: it never waits.
fn in_virtual_time<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| format!("could not make a runtime: {error}"))?.block_on(future)
}

/// The storm, from the first task to the last leave.
async fn play(
    team: Team,
    seed: u64,
    storm: Storm,
    (tasks, plants): (&[Task], &[Plant]),
    is_whole: bool,
) -> Result<Played, String> {
    let world = Arc::new(World::new(team, seed, storm, is_whole).await?);
    world.trace.say("storm", || format!("{:?}", world.storm));
    let Submissions { list, troubled, deadly } = Producer::new(&world).submit(tasks, plants);
    world.weather.begin();
    let mut instances = JoinSet::new();
    let mut chance = world.chance.of("instances");
    for slot in 0..world.storm.instances {
        let after = if slot == 0 { Duration::ZERO } else { chance.millis(0, 15_000) };
        let (name, chance) = (format!("node-{slot}"), chance.of(&format!("{slot}")));
        instances.spawn(Instance { world: Arc::clone(&world), slot, name, after, chance }.run());
    }
    let producing = tokio::spawn({
        let world = Arc::clone(&world);
        async move { produce(&world, list).await }
    });
    fate::rage(&world, &mut instances).await;
    if producing.await.is_err() {
        world.wrong("the producer panicked".into());
    }
    if let Err(left) = settle::settle(&world).await {
        world.wrong(format!("did not settle: {left}"));
    }
    world.over.cancel();
    world.lives().iter().for_each(|life| life.leave.cancel());
    let all_leave = async { while instances.join_next().await.is_some() {} };
    if tokio::time::timeout(LEAVE_MAX, all_leave).await.is_err() {
        world.wrong(format!("somebody did not leave within {LEAVE_MAX:?}"));
    }
    Ok(Played { world, troubled, deadly })
}

/// Gathers what a run is judged by; and which states the store was left with that are not those to which
/// its log leads.
async fn gather(
    played: &Played,
    team: Team,
    calm: BTreeMap<Bytes, Settled>,
) -> Result<(Evidence, Vec<String>), String> {
    let world = &played.world;
    let records = world.log.control().committed_records();
    let described = world.log.topics("").await.map_err(|error| error.to_string())?;
    let topics = topics(world, &described);
    let stepped = stepped(world, &records);
    let (steps, states) = match world.storm.moves {
        // An address holds a partition, so what a sender says depends on which generation it knew.
        Moves::ToOther => (None, Vec::new()),
        Moves::Nowhere | Moves::ToSame => {
            let Replayed { steps, store } = replay(NAMESPACE, team, stepped, described).await?;
            let states = states(world, &store, &steps).await?;
            (Some(steps), states)
        }
    };
    let share = world.storm.open_max / u32::try_from(world.storm.partitions).unwrap_or(1);
    let evidence = Evidence {
        codec: world.codec.clone(),
        topics,
        records,
        open_max: u64::from(share.max(1)),
        is_clock_steady: !world.storm.events.iter().any(|(_, event)| matches!(event, Event::ClockBack(_))),
        steps,
        calm,
        troubled: played.troubled.clone(),
        deadly: played.deadly.clone(),
        ledger: Some(Ledger {
            paid: world.model.ledger(),
            spoilt: world.model.spoilt(),
            said: world.model.said(),
            takeovers: world.reaper.takeovers("model-gateway"),
            strays: world.strays(),
        }),
    };
    Ok((evidence, states))
}

/// The inbox records that were stepped: what came after everybody had left was not.
fn stepped(world: &World, records: &[Record]) -> Vec<Record> {
    let offsets = world.log.control().committed_offsets();
    let mut stepped = Vec::new();
    for (agent, generation) in generations(world) {
        let inbox = world.names.inbox_in(agent, generation);
        let Some(offsets) = offsets.get(&world.names.inbox_group(agent, generation)) else { continue };
        let is_stepped = |record: &&Record| {
            let committed = offsets.get(&record.topic_partition).map_or(0, |committed| committed.offset);
            *record.topic_partition.topic == *inbox && record.offset < committed
        };
        stepped.extend(records.iter().filter(is_stepped).cloned());
    }
    stepped
}

/// The states that are not the ones that the log's steps lead to.
async fn states(
    world: &World,
    replayed: &topics_state::memory::MemoryStore,
    steps: &[verify::Step],
) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for (agent, generation) in generations(world) {
        let (inbox, name) = (world.names.inbox_in(agent, generation), world.names.group(agent));
        let mut keys: BTreeSet<(Key, i32)> = BTreeSet::new();
        let of_agent = |step: &&verify::Step| *step.record.topic_partition.topic == *inbox;
        for step in steps.iter().filter(of_agent) {
            keys.insert((step.record.key.clone(), step.record.topic_partition.partition));
        }
        let at_end =
            |(key, partition): (Key, i32)| (key, Position { generation, partition, offset: i64::MAX });
        let asked: Vec<_> = keys.into_iter().map(at_end).collect();
        let found = world.store.read(&name, &asked).await.map_err(|error| error.to_string())?;
        let expected = replayed.read(&name, &asked).await.map_err(|error| error.to_string())?;
        for ((found, expected), (key, _)) in found.iter().zip(&expected).zip(&asked) {
            let bytes = |it: &Option<topics_state::Version>| {
                it.as_ref().map(|it| (it.position, verify::of_no_generation(&it.value).into_owned()))
            };
            if bytes(found) != bytes(expected) {
                let at = |it: &Option<topics_state::Version>| it.as_ref().map(|it| it.position.to_string());
                let (found, expected) = (at(found), at(expected));
                wrong.push(format!("State: of {agent} {key} stands {found:?} instead of {expected:?}"));
            }
        }
    }
    Ok(wrong)
}

/// Every agent with each generation that its inbox may have.
fn generations(world: &World) -> impl Iterator<Item = (&str, i32)> {
    let both = [FIRST_GENERATION, FIRST_GENERATION + 1];
    world.team.agents().flat_map(move |agent| both.map(|generation| (agent, generation)))
}

fn topics(world: &World, described: &[TopicDescription]) -> Topics {
    let entry = world.team.agents().next();
    let inbox = |(agent, generation)| world.names.inbox_in(agent, generation);
    Topics {
        tasks: world.topic(Kind::Tasks),
        results: world.topic(Kind::Results),
        closings: world.topic(Kind::Closings),
        dead_letters: world.topic(Kind::DeadLetters),
        model: world.topic(Kind::ModelRequests),
        supplying: world.supplying.iter().map(|(_, kind)| world.topic(*kind)).collect(),
        timers: world.topic(Kind::Timers),
        entry: generations(world).filter(|(agent, _)| Some(*agent) == entry).map(inbox).collect(),
        inboxes: generations(world).map(inbox).collect(),
        partitions: described.iter().map(|topic| (topic.name.clone(), topic.partitions)).collect(),
    }
}

/// How these tasks end in a calm. What was met before is not run again.
fn calm(simulation: &Simulation, tasks: &[Task]) -> Result<BTreeMap<Bytes, Settled>, String> {
    let lock = || simulation.calm.lock().unwrap_or_else(PoisonError::into_inner);
    let unmet: Vec<Task> = tasks.iter().filter(|task| !lock().contains_key(&task.value)).cloned().collect();
    if !unmet.is_empty() {
        let team = simulation.team.clone();
        let found = in_virtual_time(async {
            let played = play(team, 0, Storm::calm(), (&unmet, &[]), false).await?;
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

/// Names every record with its place, time and bytes.
fn digest(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        let bytes = content_hash(&[record.key.as_bytes(), &record.value]);
        text.push_str(&format!(
            "{}/{}@{} {bytes} {:?}\n",
            record.topic_partition, record.offset, record.timestamp, record.headers
        ));
    }
    content_hash(&[text.as_bytes()])
}

/// A record in a line.
fn shown(record: &Record) -> String {
    let header = |name| record.headers.text(name).unwrap_or("-");
    format!(
        "{}/{} at {} {} {} of {} {}",
        record.topic_partition,
        record.offset,
        record.timestamp.since(EPOCH).as_millis(),
        header(headers::KIND),
        header(headers::WORK_PATH),
        header(headers::TASK_ID),
        header(headers::CALL_ID),
    )
}
