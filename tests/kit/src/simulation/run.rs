//! One run: the world is made, the storm rages, all is settled, everybody leaves, and the log is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use infra_node::Team;
use schemas_records::ids::content_hash;
use schemas_records::{Key, Position, headers};
use tokio::task::JoinSet;
use topics_catalog::{FIRST_GENERATION, Kind};
use topics_log::{Log, Record, TopicDescription};
use topics_state::StateStore;

use super::calm::calm;
use super::chance::Chance;
use super::instance::Instance;
use super::producer::{Producer, Submissions, produce};
use super::replay::{Replayed, replay};
use super::scene::Scene;
use super::storm::{Event, Moves, Storm};
use super::without::{Part, Without};
use super::world::{EPOCH, NAMESPACE, World};
use super::{Plant, Report, Simulation, Task, fate, settle};
use crate::verify::{self, Evidence, Ledger, Settled, Topics};

/// How long all instances together may take to leave in the end.
const LEAVE_MAX: Duration = Duration::from_secs(120);

/// What a run is made of.
pub(super) struct Staging<'a> {
    pub storm: Storm,
    pub tasks: &'a [Task],
    pub plants: &'a [Plant],
    pub without: &'a Without,
}

/// What is left of a run.
pub(super) struct Played {
    pub world: Arc<World>,
    sent: Vec<String>,
    troubled: BTreeSet<String>,
    deadly: BTreeSet<String>,
}

/// What did not hold in a run.
pub(super) struct Broken {
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    /// What the seed is; none if it failed before anything happened.
    pub scene: Option<Box<Scene>>,
}

impl<'a> Staging<'a> {
    /// A run of tasks and a storm, of which nothing is left out.
    pub fn of(storm: Storm, tasks: &'a [Task]) -> Self {
        static NOTHING: Without = Without::nothing();
        Self { storm, tasks, plants: &[], without: &NOTHING }
    }
}

impl Broken {
    /// A run that failed before anything happened.
    pub fn early(error: String) -> Self {
        Self { violations: vec![error], trace: Vec::new(), scene: None }
    }
}

/// Runs one seed without some of its parts, and judges it.
pub(super) fn attempt(
    simulation: &Simulation,
    seed: u64,
    without: &Without,
    is_whole: bool,
) -> Result<(Report, Evidence), Broken> {
    let chance = Chance::new(seed);
    let tasks = (simulation.tasks)(&mut chance.of("tasks"));
    let calm = calm(simulation, &tasks).map_err(Broken::early)?;
    let storm = (simulation.storm)(&chance);
    let team = simulation.team.clone();
    let outcome = in_virtual_time(async {
        let storm = storm.without(without);
        let staging = Staging { storm, tasks: &tasks, plants: &simulation.plants, without };
        let played = play(team.clone(), seed, staging, is_whole).await?;
        let judged = gather(&played, team, calm).await;
        Ok::<_, String>((played, judged))
    });
    let (played, judged) = outcome.map_err(Broken::early)?;
    let mut trace = played.world.trace.lines();
    let records = played.world.log.control().committed_records();
    if is_whole {
        trace.extend(records.iter().map(shown));
    }
    let happened = played.world.trace.counts();
    let scene = Some(Box::new(Scene { storm, sent: played.sent }));
    let (evidence, states) = match judged {
        Ok(judged) => judged,
        Err(error) => return Err(Broken { violations: vec![error], trace, scene }),
    };
    let (counts, broken) = verify::check(&evidence);
    let broken = broken.iter().map(ToString::to_string);
    let violations: Vec<String> = broken.chain(states).chain(played.world.wrongs()).collect();
    if !violations.is_empty() {
        return Err(Broken { violations, trace, scene });
    }
    Ok((Report { seed, counts, happened, digest: digest(&records), trace }, evidence))
}

/// Runs a future on a thread of its own time: it never waits.
pub(super) fn in_virtual_time<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| format!("could not make a runtime: {error}"))?.block_on(future)
}

/// The storm, from the first task to the last leave.
pub(super) async fn play(
    team: Team,
    seed: u64,
    staging: Staging<'_>,
    is_whole: bool,
) -> Result<Played, String> {
    let Staging { storm, tasks, plants, without } = staging;
    let world = Arc::new(World::new(team, seed, storm, is_whole).await?);
    world.trace.say("storm", || format!("{:?}", world.storm));
    let submissions = Producer::new(&world).submit(tasks, plants, without);
    let Submissions { list, sent, troubled, deadly } = submissions;
    world.weather.begin();
    let mut instances = JoinSet::new();
    let mut chance = world.chance.of("instances");
    for slot in 0..world.storm.instances {
        let after = if slot == 0 { Duration::ZERO } else { chance.millis(0, 15_000) };
        if without.has(Part::Instance(slot)) {
            continue;
        }
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
    Ok(Played { world, sent, troubled, deadly })
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
