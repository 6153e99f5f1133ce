//! `tributary topics plan` and `apply` on topics that are not as they should be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tests_integration::settings;
use topics_catalog::Kind;
use topics_log::NewTopic;
use topics_log_kafka::{KafkaLog, Settings};

use super::house::{House, PARTITIONS, SETTLE, Who};
use super::life::Life;

/// Topics that the bundled team needs.
const TOPICS: usize = 13;

async fn make(house: &House, name: &str, partitions: i32, config: &[(&str, &str)]) {
    let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let new = NewTopic { name: name.to_owned(), partitions, replication: 1, config };
    house.log.create(&[new]).await.expect("a topic");
}

/// Runs the command; what it printed on both ways, and whether it ended well.
async fn run(house: &House, arguments: &[&str]) -> (bool, String) {
    let output = house.run(arguments).await;
    let said = [&output.stdout[..], &output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

async fn check(house: &House, arguments: &[&str], is_well: bool, words: &[&str]) {
    let (ended_well, said) = run(house, arguments).await;
    assert_eq!(ended_well, is_well, "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} is not in:\n{said}");
    }
}

async fn partitions(house: &House, topic: &str) -> i32 {
    let found = house.log.topics(topic).await.expect("a list");
    found.iter().find(|found| found.name == topic).map_or(0, |found| found.partitions)
}

/// An inbox with another number of partitions is refused with the way out, and then nothing is made at all;
/// told to keep what is there, the rest is made.
#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_keeps_its_partitions() {
    let house = House::bare("", "upkeep-inbox", Who::Briefing, Duration::ZERO).await;
    let inbox = house.names.inbox("planner");
    make(&house, &inbox, 1, &[("message.timestamp.type", "LogAppendTime")]).await;
    let refused = format!("! {inbox}: partitions stay 1, {PARTITIONS} are wanted");
    check(
        &house,
        &["topics", "plan"],
        true,
        &[&refused, "--keep-partitions", "another owner's", "1 refused"],
    )
    .await;
    check(&house, &["topics", "apply"], false, &[&refused, "nothing is changed"]).await;
    let prefix = format!("{}.", house.namespace);
    assert_eq!(house.log.topics(&prefix).await.expect("a list").len(), 1, "nothing is made");
    check(&house, &["topics", "apply", "--keep-partitions"], true, &["which stay", "done"]).await;
    assert_eq!(house.log.topics(&prefix).await.expect("a list").len(), TOPICS);
    assert_eq!(partitions(&house, &inbox).await, 1);
}

/// Configuration that is not as it should be is shown with what rests on it and changed, without touching other
/// keys; what may lose records only with leave; and a second apply finds nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_mended() {
    let house = House::bare("", "upkeep-config", Who::Briefing, Duration::ZERO).await;
    let (tasks, inbox) = (house.names.topic(Kind::Tasks), house.names.inbox("planner"));
    let own = ("max.message.bytes", "2000000");
    make(&house, &tasks, PARTITIONS, &[own, ("retention.ms", "3600000")]).await;
    make(
        &house,
        &inbox,
        PARTITIONS,
        &[("cleanup.policy", "compact"), ("message.timestamp.type", "LogAppendTime")],
    )
    .await;
    let shown = [
        &format!("~ {tasks}: message.timestamp.type from CreateTime to LogAppendTime: agents' only clock"),
        &format!("~ {tasks}: retention.ms from 3600000 to 604800000: a record must stay"),
        &format!("~ {inbox}: cleanup.policy from compact to delete"),
        "11 to create, 2 there already, 3 changes",
    ];
    check(&house, &["topics", "plan"], true, &shown).await;
    check(&house, &["topics", "apply"], false, &["nothing is changed", "--allow-loss"]).await;
    check(&house, &["topics", "apply", "--allow-loss"], true, &["done"]).await;
    let log =
        KafkaLog::connect(Settings { brokers: house.brokers.clone(), ..settings() }).await.expect("a broker");
    let wanted: [(&String, &[(&str, &str)]); 2] = [
        (&tasks, &[own, ("retention.ms", "604800000"), ("message.timestamp.type", "LogAppendTime")]),
        (&inbox, &[("cleanup.policy", "delete")]),
    ];
    // The broker that is asked hears of it a moment after its controller.
    let deadline = Instant::now() + SETTLE;
    let is_so = |found: &BTreeMap<String, BTreeMap<String, String>>| {
        wanted.iter().all(|(topic, pairs)| {
            pairs.iter().all(|(key, value)| found[*topic].get(*key).is_some_and(|found| found == value))
        })
    };
    loop {
        let found = log.configurations(&[tasks.clone(), inbox.clone()]).await.expect("their configuration");
        if is_so(&found) {
            break;
        }
        assert!(Instant::now() < deadline, "{found:?}");
    }
    check(&house, &["topics", "plan"], true, &[&format!("0 to create, {TOPICS} there already\n")]).await;
}

/// Topics that nobody's state depends on get more partitions, but not while a node runs that knows the old
/// number; and nothing ever gets fewer.
#[tokio::test(flavor = "multi_thread")]
async fn others_grow_while_no_node_runs() {
    let house = House::bare("", "upkeep-grow", Who::Briefing, Duration::ZERO).await;
    let (tasks, closings) = (house.names.topic(Kind::Tasks), house.names.topic(Kind::Closings));
    for topic in [&tasks, &closings] {
        make(&house, topic, 1, &[]).await;
    }
    let results = house.names.topic(Kind::Results);
    make(&house, &results, PARTITIONS + 1, &[]).await;
    check(&house, &["topics", "apply"], false, &["takes no partitions away", "nothing is changed"]).await;
    house.log.remove(std::slice::from_ref(&results)).await.expect("remove a topic");
    check(&house, &["topics", "apply", "--keep-partitions"], true, &["done"]).await;

    let mut life = Life::with(&house, None, &[]);
    let group = house.names.group("intake");
    let grows = format!("~ {tasks}: partitions from 1 to {PARTITIONS}");
    let deadline = Instant::now() + SETTLE;
    loop {
        // A node joins a moment after it starts.
        let (ended_well, said) = run(&house, &["topics", "plan"]).await;
        assert!(ended_well && said.contains(&grows), "{said}");
        let log = KafkaLog::connect(Settings { brokers: house.brokers.clone(), ..settings() }).await;
        if log.expect("a broker").members(&group).await.expect("groups").contains_key(&group) {
            break;
        }
        assert!(Instant::now() < deadline, "the node never joined");
    }
    check(&house, &["topics", "apply"], false, &["only while no node runs", &group, "stop their nodes"])
        .await;
    assert_eq!(partitions(&house, &tasks).await, 1);
    life.kill().await;
    // A member that was killed is one until its session ends.
    loop {
        let (ended_well, said) = run(&house, &["topics", "apply"]).await;
        if ended_well {
            break;
        }
        assert!(Instant::now() < deadline, "{said}");
    }
    for topic in [&tasks, &closings] {
        assert_eq!(partitions(&house, topic).await, PARTITIONS, "{topic}");
    }
}
