//! The process is killed at every named moment, started again, and nothing shows.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use schemas_records::headers;
use tests_integration::settings;
use topics_catalog::Kind;
use topics_log::{Group, Log, Polled, Record};
use topics_log_kafka::{KafkaLog, Settings};
use topics_runtime::Moment;

use super::house::{House, PARTITIONS, SETTLE, Who, all_records};
use super::ledger::{Quiet, quiet};
use super::life::Life;
use super::tasks::{CALLS, questions, records};

/// Tasks of each story: enough that every role has several batches.
const TASKS: usize = 8;

/// The deaths of one story, each a life's last moment; the life after the last one goes on to the end.
type Story = &'static [&'static str];

/// An agent's moments, those of taking over among them: the first is only one if there was an owner before.
const OF_AGENTS: [Story; 6] = [
    &["synthesizer:polled:3", "synthesizer:stepped:2"],
    &["synthesizer:saved:3", "synthesizer:produced:2"],
    &["synthesizer:offsets-sent:3", "synthesizer:committed:2"],
    &[
        "data-analyst:committed:1",
        "data-analyst:assigned:1",
        "data-analyst:registered:1",
        "data-analyst:asked:1",
    ],
    &["planner:saved:1", "planner:produced:1", "planner:offsets-sent:1"],
    &["legal-compliance:stepped:1", "market-trends:saved:2", "market-trends:produced:3"],
];

/// Gateways' moments.
const OF_GATEWAYS: [Story; 5] = [
    &["model-gateway:admitted:3", "model-gateway:answered:3"],
    &["model-gateway:reported:3", "model-gateway:assigned:1"],
    &["intake:polled:1", "intake:produced:1", "intake:offsets-sent:1", "intake:committed:1"],
    &["timers:assigned:1", "timers:saved:1", "timers:polled:1", "timers:committed:1"],
    &["tool-gateway:admitted:3", "knowledge-gateway:answered:3", "tool-gateway:reported:3"],
];

/// Moments at which partitions are taken away: another member must come for that.
const OF_GUESTS: [(&str, &str); 2] =
    [("synthesizer", "synthesizer:revoked:1"), ("model-gateway", "model-gateway:revoked:1")];

/// The stories leave no moment out.
#[test]
fn every_moment_is_a_death() {
    let told = OF_AGENTS.iter().chain(&OF_GATEWAYS).flat_map(|story| story.iter());
    let told = told.chain(OF_GUESTS.iter().map(|(_, moment)| moment));
    let told: BTreeSet<&str> = told.filter_map(|moment| moment.split(':').nth(1)).collect();
    let all: BTreeSet<&str> = Moment::ALL.iter().map(|moment| moment.as_str()).collect();
    assert_eq!(told, all);
}

/// Where nothing happens, Kafka gives what memory gives, and every call is asked and answered once: what
/// bears repetition elsewhere does not happen here by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_life_answers_each_call_once() {
    let house = House::new("quiet", Who::Briefing).await;
    let tasks = questions(TASKS);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    house.publish(records(&house.names, &tasks)).await;
    finish(&house, &quiet, &before, "no moment", 0).await;
    let mut answers = 0;
    // Of the model; what tools and knowledge answered depends on the plan.
    let is_models = |record: &Record| {
        let by = record.headers.text(headers::AGENT_VERSION).unwrap_or_default();
        record.headers.text(headers::KIND) == Some("answer") && by.starts_with("model-gateway/")
    };
    for agent in house.who.agents() {
        for record in all_records(&*house.log, &house.names.inbox(&agent), PARTITIONS).await {
            answers += usize::from(is_models(&record));
        }
    }
    assert_eq!(house.records(Kind::ModelRequests).await.len(), TASKS * CALLS, "calls asked");
    assert_eq!(answers, TASKS * CALLS, "calls answered");
}

/// An agent's process dies at each moment of a batch and of a takeover: every task has the quiet run's result
/// once, and a call is paid for at most once more for each crash.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_dies_at_every_moment() {
    for story in OF_AGENTS {
        tell(story).await;
    }
}

/// The same for gateways: the model's, intake, timers.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_dies_at_every_moment() {
    for story in OF_GATEWAYS {
        tell(story).await;
    }
}

/// The process dies when partitions are taken from it, by a stranger who joins its group and commits
/// nothing; when the stranger's session ends, all goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_dies_when_its_partitions_are_revoked() {
    for (role, moment) in OF_GUESTS {
        let house = House::with_latency("revoked", Who::Briefing, Duration::from_millis(50)).await;
        let tasks = questions(TASKS);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        house.publish(records(&house.names, &tasks)).await;
        let mut life = Life::start(&house, Some(moment));
        house.wait_for_results(1, &mut life).await;
        let guest = tokio::spawn(visit(house.brokers.clone(), group_and_topic(&house, role)));
        life.dies_at(moment).await;
        guest.abort();
        finish(&house, &quiet, &before, moment, 1).await;
    }
}

/// One story, on a house of its own.
async fn tell(story: Story) {
    let house = House::new("moments", Who::Briefing).await;
    let tasks = questions(TASKS);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    house.publish(records(&house.names, &tasks)).await;
    for moment in story {
        Life::start(&house, Some(moment)).dies_at(moment).await;
    }
    finish(&house, &quiet, &before, &story.join(", "), story.len() as u64).await;
}

/// The last life: brings everything to its end, is asked to stop, and the books are looked at.
async fn finish(house: &House, quiet: &Quiet, before: &tests_provider::Paid, story: &str, crashes: u64) {
    let since = Instant::now();
    let mut life = Life::start(house, None);
    house.wait_for_results(quiet.results.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let again = house.verify(before, quiet, crashes).await;
    println!("died at {story}; the last life took {:?}; {again} calls were paid again", since.elapsed());
}

fn group_and_topic(house: &House, role: &str) -> (String, String) {
    match role {
        "model-gateway" => (house.names.gateway_group(role), house.names.topic(Kind::ModelRequests)),
        agent => (house.names.group(agent), house.names.inbox(agent)),
    }
}

/// A stranger who takes what partitions he is given and does nothing with them.
async fn visit(brokers: String, (group, topic): (String, String)) {
    let settings = Settings { brokers, session_timeout: Duration::from_secs(2), ..settings() };
    let log = KafkaLog::connect(settings).await.expect("the broker");
    let group = Group { id: group, instance: "guest".into() };
    let mut guest = log.join(group, &[&topic]).await.expect("join");
    let deadline = Instant::now() + SETTLE;
    loop {
        assert!(Instant::now() < deadline, "nobody took the guest away");
        match guest.poll(1, Duration::from_millis(50)).await.expect("poll") {
            Polled::Assigned(_) | Polled::Revoked(_) | Polled::Records(_) => {}
        }
    }
}
