//! Others at the same place: a foreign program in an agent's group, states of another version beside it, a
//! machine whose clock is off, and a broker that takes no large records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use infra_node::{Config, Doors, Node};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas_codec::{Codec, frame};
use schemas_records::work::WorkRow;
use schemas_records::{Key, Message, Position, Timestamp};
use tokio_util::sync::CancellationToken;
use topics_catalog::{FIRST_GENERATION, Kind};
use topics_log::{Clock, SystemClock};
use topics_state::memory::MemoryStore;
use topics_state::{Row, Slot, StateStore};

use super::house::{House, PARTITIONS, SETTLE, Who, briefing};
use super::ledger::{quiet, since};
use super::life::Life;
use super::tasks::{questions, records};

/// Waits for a node that must end by itself and say this.
async fn stops(life: &mut Life, words: &[&str]) {
    let status = life.end().await;
    assert!(!status.success(), "{status}");
    let said = life.words();
    println!("{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in:\n{said}");
    }
}

/// A program that shares out partitions in another way is in an agent's group: the node cannot join, and says why
/// and which; when the other has left, it works.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_one_programs() {
    let house = House::new("foreign", Who::Briefing).await;
    let (group, inbox) = (house.names.group("planner"), house.names.inbox("planner"));
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &house.brokers).set("group.id", &group);
    config.set("partition.assignment.strategy", "range").set("client.id", "stranger");
    let left = CancellationToken::new();
    let leaving = left.clone();
    let stranger = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config.create().expect("a consumer");
        consumer.subscribe(&[&inbox]).expect("subscribe");
        while !leaving.is_cancelled() {
            drop(consumer.poll(Duration::from_millis(50)));
        }
    });
    let deadline = Instant::now() + SETTLE;
    loop {
        let told = house.run(&["status"]).await;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        if told.contains("stranger at ") {
            break;
        }
        assert!(Instant::now() < deadline, "{told}");
    }
    let mut life = Life::start(&house, None);
    stops(&mut life, &[&group, "another program is in this consumer group"]).await;
    left.cancel();
    stranger.await.expect("a thread");
    house.publish(records(&house.names, &questions(1))).await;
    let mut life = Life::start(&house, None);
    house.wait_for_results(1, &mut life).await;
    life.stop().await;
}

/// The topic of results takes smaller records than a result: the node stops and names the topic and the setting;
/// once that is mended the same task has its result, and no call is paid for twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_larger_than_the_broker_takes() {
    let house = House::new("large", Who::Briefing).await;
    let tasks = questions(1);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let results = house.names.topic(Kind::Results);
    let settings =
        topics_log_kafka::Settings { brokers: house.brokers.clone(), ..tests_integration::settings() };
    let log = topics_log_kafka::KafkaLog::connect(settings).await.expect("a broker");
    let limit = async |bytes: &str| {
        let config = [("max.message.bytes".to_owned(), bytes.to_owned())].into();
        log.configure(&results, &config).await.expect("configure");
        let deadline = Instant::now() + SETTLE;
        // Other brokers, and this one, hear of it a moment later.
        loop {
            let found = log.configurations(std::slice::from_ref(&results)).await.expect("configurations");
            if found[&results].get("max.message.bytes").is_some_and(|found| found == bytes) {
                break;
            }
            assert!(Instant::now() < deadline, "{found:?}");
        }
    };
    limit("300").await;
    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &tasks)).await;
    stops(&mut life, &["synthesizer", &results, "max.message.bytes"]).await;
    limit("1048588").await;
    let mut life = Life::start(&house, None);
    house.wait_for_results(1, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    assert_eq!(since(&before, house.provider.paid()).again(), 0);
}

/// A clock that is off.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0)
    }
}

/// Nodes whose machine is an hour ahead, or behind, give the results of one whose clock is right: deadlines and
/// timers go by the broker's time.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_off_by_an_hour() {
    let hour = 3_600_000;
    let check = async |off: i64| {
        let house = House::new("clock", Who::Briefing).await;
        let tasks = questions(3);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        // Longer than the tasks take on a busy machine, far shorter than an hour.
        let mut sets = house.sets();
        sets.push("deadline_seconds=300".to_owned());
        let config = Config::read(None, [], &sets).expect("a configuration");
        let clock: Arc<dyn Clock> = Arc::new(Off(off));
        let store = MemoryStore::new(Arc::clone(&clock));
        let doors = Doors {
            log: Arc::clone(&house.log),
            states: Arc::new(store.clone()),
            keyed: Arc::new(store),
            model: infra_node::model(&config).expect("a model"),
            clock,
            probe: Arc::new(topics_runtime::NoProbe),
            has_watchdog: false,
        };
        let mut settings = config.settings.clone();
        settings.outside.folder = None;
        let node = Node::new(briefing(), doors, settings).expect("a node");
        let shutdown = CancellationToken::new();
        let running = tokio::spawn({
            let (node, shutdown) = (node.clone(), shutdown.clone());
            async move { infra_node::run(&node, shutdown).await }
        });
        house.publish(records(&house.names, &tasks)).await;
        let deadline = Instant::now() + SETTLE;
        while house.ended().await.len() < tasks.len() {
            assert!(!running.is_finished() && Instant::now() < deadline, "{:?}", house.ended().await);
        }
        shutdown.cancel();
        running.await.expect("the node").expect("a good end");
        assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again with a clock off by {off} ms");
    };
    check(hour).await;
    check(-hour).await;
}

/// The stored rows of the open works of an agent, with their keys.
async fn rows(house: &House, states: &dyn StateStore, agent: &str) -> Vec<(Key, topics_state::Version)> {
    let all = super::house::all_records(&*house.log, &house.names.inbox(agent), PARTITIONS).await;
    let mut keys: Vec<(Key, i32)> =
        all.into_iter().map(|record| (record.key, record.topic_partition.partition)).collect();
    keys.sort();
    keys.dedup();
    let end = |partition| Position { generation: FIRST_GENERATION, partition, offset: i64::MAX };
    let below: Vec<(Key, Position)> =
        keys.iter().map(|(key, partition)| (key.clone(), end(*partition))).collect();
    let found = states.read(&house.names.group(agent), &below).await.expect("rows");
    keys.into_iter().zip(found).filter_map(|((key, _), version)| Some((key, version?))).collect()
}

/// Writes other bytes in the place of an agent's rows, as its next owner.
async fn rewrite(house: &House, agent: &str, change: impl Fn(&[u8]) -> Vec<u8>) -> usize {
    let config = Config::read(None, [], &house.sets()).expect("a configuration");
    let doors = infra_node::open_to_mend(&config, None).await.expect("the state");
    let name = house.names.group(agent);
    let topics = house.log.topics(&house.names.inbox(agent)).await.expect("the inbox");
    let mut count = 0;
    for partition in 0..PARTITIONS {
        let slot = Slot { agent: name.as_str().into(), generation: FIRST_GENERATION, partition };
        let (before, epoch) = doors.states.register(&slot, &topics[0].id).await.expect("an epoch");
        let all = rows(house, &*doors.states, agent).await;
        let mine = all.into_iter().filter(|(_, version)| version.position.partition == partition);
        let changed: Vec<Row> = mine
            .map(|(key, version)| Row {
                key,
                position: version.position,
                value: change(&version.value).into(),
                lives: None,
            })
            .collect();
        count += changed.len();
        doors.states.write(&name, epoch, changed).await.expect("rows");
        if let Some(before) = before {
            let row = topics_state::Owner { epoch, ..before };
            doors.states.note(&slot, &row).await.expect("a note");
        }
    }
    count
}

/// A row as the first version of this runtime wrote it: without the two numbers that stand at the end since.
fn as_version_1(codec: &Codec, value: &[u8]) -> Vec<u8> {
    let row: WorkRow = codec.decode_state(value).expect("a row");
    let versions = codec.registry().versions(WorkRow::NAME);
    assert_eq!(versions.len(), 2, "of another version: write it as it was");
    let since: Vec<u8> = [row.calls_spent, row.steps].into_iter().flat_map(zigzag).collect();
    let (_, body) = frame::split_state(value).expect("a frame");
    let body = body.strip_suffix(&since[..]).expect("the numbers of version 2");
    let mut bytes = Vec::new();
    frame::begin_state(&mut bytes, versions[0].fingerprint());
    bytes.extend_from_slice(body);
    bytes
}

/// A number as Avro writes it.
fn zigzag(number: i32) -> Vec<u8> {
    let mut left = (number << 1) ^ (number >> 31);
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
        left >>= 7;
    }
    bytes.push(u8::try_from(left).expect("seven bits"));
    bytes
}

/// A rolling upgrade, both ways round. Works that are open in rows of version 1 go on in a node of today, and end
/// with the result that they would have had. A node that meets a row of a version it does not know, as the last
/// one of yesterday beside one of tomorrow, stops, writes nothing, and says that it is the older one; a node that
/// knows the version goes on.
#[tokio::test(flavor = "multi_thread")]
async fn states_of_other_versions() {
    let house = House::with_latency("versions", Who::Briefing, Duration::from_millis(300)).await;
    let tasks = questions(12);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut life = Life::with(&house, None, &["calls_in_flight_max=2".to_owned()]);
    house.publish(records(&house.names, &tasks)).await;
    house.wait_for_results(1, &mut life).await;
    life.stop().await;
    let ended = house.ended().await.len();
    assert!(ended < tasks.len(), "all was done before it was stopped");
    let agents = house.who.agents();
    let mut changed = 0;
    for agent in &agents {
        changed += rewrite(&house, agent, |value| as_version_1(&house.codec, value)).await;
    }
    assert!(changed > 0, "works are open");
    let mut life = Life::with(&house, None, &["calls_in_flight_max=2".to_owned()]);
    house.wait_for_results(ended + 2, &mut life).await;
    life.stop().await;
    let ended = house.ended().await.len();
    assert!(ended < tasks.len(), "all was done before tomorrow came");

    // The fingerprint of a schema that nobody here has.
    let tomorrow = |value: &[u8]| {
        let mut bytes = value.to_vec();
        bytes[2..10].iter_mut().for_each(|byte| *byte ^= 0xff);
        bytes
    };
    for agent in &agents {
        rewrite(&house, agent, tomorrow).await;
    }
    let mut old = Life::start(&house, None);
    stops(&mut old, &["this node is older than the one that wrote it"]).await;
    for agent in &agents {
        rewrite(&house, agent, tomorrow).await;
    }
    let mut life = Life::start(&house, None);
    house.wait_for_results(tasks.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    // Each polite end leaves what is in flight to be asked again.
    house.verify(&before, &quiet, 3).await;
}

/// Deletes all records of topics, as retention does when a team has been idle for longer.
async fn forget(house: &House) {
    let (brokers, topics) = (house.brokers.clone(), house.read_by());
    let delete = move || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let admin: AdminClient<DefaultClientContext> = config.create().expect("an admin client");
        let mut list = TopicPartitionList::new();
        for (_, topic) in &topics {
            for partition in 0..PARTITIONS {
                list.add_partition_offset(topic, partition, Offset::End).expect("a place");
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let done = runtime.block_on(admin.delete_records(&list, &AdminOptions::new())).expect("an answer");
        assert!(done.elements().iter().all(|element| element.error().is_ok()), "{done:?}");
    };
    tokio::task::spawn_blocking(delete).await.expect("a thread");
}

/// A team that was idle for longer than its topics keep records does not pass over what is gone in silence, since
/// it cannot know that nothing is lost; told so, it goes on and takes what comes.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_read_may_go() {
    let house = House::new("forgotten", Who::Briefing).await;
    let tasks = questions(6);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &tasks[..4])).await;
    house.wait_for_results(4, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    forget(&house).await;
    let mut life = Life::start(&house, None);
    stops(&mut life, &["records at this offset are gone", "tributary group adopt"]).await;
    let deadline = Instant::now() + SETTLE;
    loop {
        let output = house.run(&["group", "adopt", "--yes"]).await;
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() {
            assert!(said.contains("is gone, read or not (retention)"), "{said}");
            break;
        }
        // Members stay until their sessions end.
        assert!(said.contains("has members") && Instant::now() < deadline, "{said}");
    }
    house.publish(records(&house.names, &tasks[4..])).await;
    let mut life = Life::start(&house, None);
    house.wait_for_results(tasks.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
}
