//! Groups that have lost their offsets: a node stops instead of beginning anew, and `tributary group adopt` puts
//! back what stands beside the state.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use topics_log::TopicPartition;
use topics_log_kafka::{KafkaLog, Settings};

use super::house::{House, PARTITIONS, SETTLE, Who};
use super::ledger::{Quiet, quiet, since};
use super::life::Life;
use super::tasks::{questions, records};

/// Deletes groups, as `kafka-consumer-groups.sh --delete` does, once their last members' sessions have ended.
pub async fn delete_groups(house: &House, mut groups: Vec<String>) {
    let brokers = house.brokers.clone();
    let delete = move || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let admin: AdminClient<DefaultClientContext> = config.create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let deadline = Instant::now() + SETTLE;
        while !groups.is_empty() {
            assert!(Instant::now() < deadline, "{groups:?} have members");
            let names: Vec<&str> = groups.iter().map(String::as_str).collect();
            let answers = runtime.block_on(admin.delete_groups(&names, &AdminOptions::new()));
            let answers = answers.expect("an answer");
            let left = answers.into_iter().filter_map(|answer| answer.err().map(|(group, _)| group));
            groups = left.collect();
        }
    };
    tokio::task::spawn_blocking(delete).await.expect("a thread");
}

/// Every group of the house.
fn all_groups(house: &House) -> Vec<String> {
    let timers = house.names.gateway_group("timers");
    house.read_by().into_iter().map(|(group, _)| group).chain([timers]).collect()
}

/// Starts a node, which must end by itself and say this.
async fn stops(house: &House, words: &[&str]) {
    let mut life = Life::start(house, None);
    let status = life.end().await;
    assert!(!status.success(), "{status}");
    let said = life.words();
    for word in words {
        assert!(said.contains(word), "{word:?} is not in:\n{said}");
    }
}

/// Runs `group adopt` until it ends as it should: members stay in a group until their sessions end.
pub async fn adopt(house: &House, arguments: &[&str], is_well: bool) -> String {
    let all = [&["group", "adopt"], arguments].concat();
    let deadline = Instant::now() + SETTLE;
    loop {
        let output = house.run(&all).await;
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if !said.contains("has members") {
            assert_eq!(output.status.success(), is_well, "{arguments:?}: {said}");
            println!("{said}");
            return said;
        }
        assert!(Instant::now() < deadline, "{said}");
    }
}

/// The committed offsets of every agent, as they are named on the command line.
async fn committed(house: &House) -> BTreeMap<String, i64> {
    let settings = Settings { brokers: house.brokers.clone(), ..tests_integration::settings() };
    let log = KafkaLog::connect(settings).await.expect("a broker");
    let mut all = BTreeMap::new();
    for agent in house.who.agents() {
        let inbox = house.names.inbox(&agent);
        let partitions: Vec<TopicPartition> =
            (0..PARTITIONS).map(|partition| TopicPartition::new(inbox.as_str(), partition)).collect();
        let asked = [(house.names.group(&agent), partitions)];
        let found = log.group_offsets(&asked).await.expect("an answer").remove(0).expect("its offsets");
        all.extend(
            found.into_iter().map(|(at, committed)| (format!("{agent}/{}", at.partition), committed.offset)),
        );
    }
    all
}

/// Every task has exactly one result, that of the quiet run; nothing is a dead letter. (Tasks that intake has
/// read again are closed again: their second input is known as a duplicate.)
async fn verify(house: &House, quiet: &Quiet) {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for ended in house.ended().await {
        assert_eq!((ended.kind.as_str(), ended.outcome.as_str()), ("result", "ok"), "{ended:?}");
        assert_eq!(Some(&ended.value), quiet.results.get(&ended.task), "{}", ended.task);
        *found.entry(ended.task).or_default() += 1;
    }
    assert_eq!(found.len(), quiet.results.len(), "{found:?}");
    assert!(found.values().all(|count| *count == 1), "{found:?}");
    let letters = house.dead_letters().await;
    assert!(letters.is_empty(), "{letters:?}");
}

/// After a polite end every group is deleted, gateways' and intake's too. A node stops, again and again, and says
/// which group and what to do; shown, nothing changes; put back, agents go on where they stopped, gateways and
/// intake read everything again, every task has its one result, and no call is paid for twice.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_groups_are_put_back() {
    let house = House::new("adopt", Who::Briefing).await;
    let tasks = questions(8);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &tasks[..6])).await;
    house.wait_for_results(6, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let stood = committed(&house).await;
    delete_groups(&house, all_groups(&house)).await;
    house.publish(records(&house.names, &tasks[6..])).await;
    let group = format!("group {}.briefing.", house.namespace);
    let words = [&group, "has no committed offset", "tributary group adopt"];
    stops(&house, &words).await;
    stops(&house, &words).await;
    let shown = adopt(&house, &[], true).await;
    for (name, offset) in &stood {
        let line = shown.lines().find(|line| line.starts_with(&format!("{name}: "))).expect(name);
        assert!(line.ends_with(&format!("{offset} is to be put back")), "{line}");
    }
    assert!(shown.contains("say --yes"), "{shown}");
    assert!(committed(&house).await.is_empty(), "only shown");
    let done = adopt(&house, &["--yes"], true).await;
    assert!(done.contains("put back"), "{done}");
    assert_eq!(committed(&house).await, stood);
    assert!(adopt(&house, &[], true).await.contains("nothing was lost"));
    let mut last = Life::start(&house, None);
    house.wait_for_results(tasks.len(), &mut last).await;
    house.wait_until_read(&mut last).await;
    last.stop().await;
    verify(&house, &quiet).await;
    assert_eq!(since(&before, house.provider.paid()).again(), 0, "paid again");
}

/// The last owner was killed in mid-work: where it stopped is not known where anything lies behind its takeover,
/// and nothing is guessed. Whoever knows the offsets says them, and every task has its one result.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_not_guessed() {
    let latency = Duration::from_millis(100);
    let house = House::with_latency("adopt-killed", Who::Briefing, latency).await;
    let tasks = questions(20);
    let quiet = quiet(&house, &tasks).await;
    let mut life = Life::with(&house, None, &["calls_in_flight_max=2".to_owned()]);
    house.publish(records(&house.names, &tasks)).await;
    house.wait_for_results(5, &mut life).await;
    life.kill().await;
    let ended = house.ended().await.len();
    assert!(ended < tasks.len(), "all was done before it was killed");
    // The coordinator may be about to end the last transaction: from then on nothing moves.
    let stood = settled(&house).await;
    delete_groups(&house, all_groups(&house)).await;
    stops(&house, &["has no committed offset", "tributary group adopt"]).await;
    let refused = adopt(&house, &["--yes"], false).await;
    assert!(refused.contains("its last owner died") && refused.contains("nothing is adopted"), "{refused}");
    assert!(committed(&house).await.is_empty(), "nothing is guessed");
    let unknown = refused.lines().filter(|line| line.contains("its last owner died"));
    let unknown: Vec<&str> = unknown.filter_map(|line| line.split(": ").next()).collect();
    assert!(!unknown.is_empty(), "{refused}");
    let said: Vec<String> = unknown.iter().map(|name| format!("--at={name}={}", stood[*name])).collect();
    let wrong = format!("--at={}=999999", unknown[0]);
    assert!(adopt(&house, &["--yes", &wrong], false).await.contains("it stopped at an offset from"));
    let mut arguments = vec!["--yes"];
    arguments.extend(said.iter().map(String::as_str));
    adopt(&house, &arguments, true).await;
    let put_back = committed(&house).await;
    for name in &unknown {
        assert_eq!(put_back[*name], stood[*name], "{name}");
    }
    let mut last = Life::start(&house, None);
    house.wait_for_results(tasks.len(), &mut last).await;
    house.wait_until_read(&mut last).await;
    last.stop().await;
    verify(&house, &quiet).await;
}

/// What is committed once no transaction of a dead node is open any more: a transaction's end is asked for by
/// making a transactor under its name.
async fn settled(house: &House) -> BTreeMap<String, i64> {
    for agent in house.who.agents() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &house.brokers);
        config.set("transactional.id", format!("{}.node-1", house.names.group(&agent)));
        let end = move || {
            let producer: rdkafka::producer::BaseProducer = config.create().expect("a producer");
            rdkafka::producer::Producer::init_transactions(&producer, SETTLE)
                .expect("the end of what was open");
        };
        tokio::task::spawn_blocking(end).await.expect("a thread");
    }
    committed(house).await
}
