//! Workers of two generations of an inbox on the log and store in memory: when the new one begins, what the old
//! one passes on, and that neither depends on who is killed where.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test, a value that is not there is the failure"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::headers::KIND;
use schemas_records::protocol::DeadLetter;
use schemas_records::{Headers, Key, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use topics_catalog::Inbox;
use topics_log::memory::MemoryLog;
use topics_log::{
    Clock, Group, Log, NewRecord, NewTopic, Record, Start, TopicPartition, VirtualClock, partition_of,
};
use topics_runtime::worker::{self, Parts, Settings, draining_record, has_moved};
use topics_runtime::{DeadReason, Handler, Input, Moment, NewState, NoProbe, Probe, Step, Stopped};
use topics_state::memory::MemoryStore;

const AGENT: &str = "n.t.counter";
const OUTPUTS: &str = "n.t.outputs";
const DEAD: &str = "n.dead-letters";
/// Longest wait in virtual time: far more than session and transaction time-outs.
const PATIENCE: Duration = Duration::from_secs(600);
/// Far longer than the new generation takes to look whether it may begin.
const LONG: Duration = Duration::from_secs(30);

fn inbox(generation: i32) -> Inbox {
    let partitions = if generation == 1 { 3 } else { 5 };
    Inbox { topic: format!("n.t.counter.inbox.g{generation}").into(), generation, partitions }
}

/// Counts the records of each key where the key lives, and says which generation that is. A row without bytes
/// reads as no state.
struct Counter;

impl Handler for Counter {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        let count = |value: &Bytes| value.first().copied();
        let record = |topic: Arc<str>, value: Bytes| NewRecord {
            topic,
            partition: None,
            key: input.record.key.clone(),
            value,
            headers: Headers::new(),
        };
        let known = input.state.and_then(|version| count(&version.value));
        let before = input.beside.before;
        let is_before = before.is_some_and(|(_, row)| row.is_some_and(|row| count(&row.value).is_some()));
        let other = match (known, before, input.beside.next) {
            (None, Some((before, _)), _) if is_before => Some(before),
            (None, _, next) => next,
            _ => None,
        };
        if let Some(other) = other {
            let state = NewState::Absent { value: Bytes::new(), lives: PATIENCE };
            let outputs = vec![record(other.topic.clone(), input.record.value.clone())];
            return Ok(Step { state, outputs, dead: None, notes: Vec::new() });
        }
        let now = known.unwrap_or(0) + 1;
        let told = format!("g{} {now}", input.position.generation);
        let outputs = vec![record(OUTPUTS.into(), told.into())];
        Ok(Step { state: NewState::Value(vec![now].into()), outputs, dead: None, notes: Vec::new() })
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        let mut step = self.step(input)?;
        step.dead = Some(reason.clone());
        Ok(step)
    }
}

/// Dies at the n-th time of a moment.
struct Dying {
    at: (Moment, usize),
    seen: AtomicUsize,
    died: Arc<Notify>,
}

#[async_trait]
impl Probe for Dying {
    async fn at(&self, _who: &str, moment: Moment) {
        if moment == self.at.0 && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at.1 {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// Two generations of an inbox.
struct Bench {
    log: MemoryLog,
    store: MemoryStore,
    codec: Codec,
    clock: Arc<dyn Clock>,
}

/// A worker that runs, until it is stopped.
struct Running {
    task: tokio::task::JoinHandle<Result<(), topics_runtime::Error>>,
    shutdown: CancellationToken,
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

impl Bench {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(Timestamp(1_700_000_000_000)));
        let log = MemoryLog::new(Arc::clone(&clock));
        let topic = |name: &str, partitions| NewTopic {
            name: name.into(),
            partitions,
            replication: 1,
            config: BTreeMap::from([("message.timestamp.type".into(), "LogAppendTime".into())]),
        };
        let inboxes = [inbox(1), inbox(2)].map(|inbox| topic(&inbox.topic, inbox.partitions));
        log.create(&inboxes).await.unwrap();
        log.create(&[topic(OUTPUTS, 1), topic(DEAD, 1)]).await.unwrap();
        let store = MemoryStore::new(Arc::clone(&clock));
        Self { log, store, codec: Codec::new(Registry::new().unwrap()), clock }
    }

    fn start(&self, generation: i32, probe: Arc<dyn Probe>) -> Running {
        let own = inbox(generation);
        let id = format!("{AGENT}.g{generation}");
        let group = Group { id, instance: "one".into() };
        let (topic, partitions) = (own.topic.to_string(), own.partitions);
        let mut settings = Settings::new("counter", AGENT, group, topic, partitions, DEAD.into());
        settings.generation = generation;
        settings.before = (generation == 2).then(|| inbox(1));
        let parts = Parts {
            log: Arc::new(self.log.clone()),
            store: Arc::new(self.store.clone()),
            handler: Arc::new(Counter),
            codec: self.codec.clone(),
            clock: Arc::clone(&self.clock),
            probe,
            watchdog: None,
        };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(worker::run(parts, settings, shutdown.clone()));
        Running { task, shutdown }
    }

    async fn publish(&self, record: NewRecord) {
        self.log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
    }

    /// A record for a key, from somebody who knows this generation.
    async fn submit(&self, generation: i32, key: &str) {
        let own = inbox(generation);
        self.publish(NewRecord {
            topic: own.topic,
            partition: Some(partition_of(key.as_bytes(), own.partitions)),
            key: Key::new(key.as_bytes()),
            value: Bytes::from_static(b"x"),
            headers: Headers::new(),
        })
        .await;
    }

    async fn drain(&self, partitions: std::ops::Range<i32>) {
        for partition in partitions {
            let record = draining_record(&self.codec, &inbox(1), partition, &inbox(2)).unwrap();
            self.publish(record).await;
        }
    }

    async fn read(&self, topic: &str) -> Vec<Record> {
        let from = (TopicPartition::new(topic, 0), Start::Beginning);
        let mut reader = self.log.reader(&[from]).await.unwrap();
        reader.read(10_000, Duration::from_millis(1)).await.unwrap()
    }

    /// What was said of each key, in order.
    async fn said(&self) -> BTreeMap<String, Vec<String>> {
        let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in self.read(OUTPUTS).await {
            let words = String::from_utf8(record.value.to_vec()).unwrap();
            said.entry(record.key.to_string()).or_default().push(words);
        }
        said
    }

    /// Waits until so many records were counted in all.
    async fn wait_for(&self, all: usize) {
        let enough = async {
            while self.read(OUTPUTS).await.len() < all {
                tokio::time::sleep(Duration::from_millis(20)).await; // virtual clock
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("not all was counted");
    }

    async fn letters(&self) -> Vec<String> {
        let letters = self.read(DEAD).await;
        letters.iter().map(|it| self.codec.decode::<DeadLetter>(&it.value).unwrap().code).collect()
    }
}

fn quiet() -> Arc<dyn Probe> {
    Arc::new(NoProbe)
}

/// Keys of which some lie in each partition of both generations.
fn keys(word: &str) -> Vec<String> {
    (0..24).map(|number| format!("{word}-{number}")).collect()
}

/// The new generation steps nothing before every partition of the old one is past its draining record; what was
/// sent to it waits. Then keys that live in the old one go on there, and all others in the new one, whoever sends
/// them where.
#[tokio::test(start_paused = true)]
async fn the_new_generation_waits_for_the_old() {
    let bench = Bench::new().await;
    let (old, new) = (bench.start(1, quiet()), bench.start(2, quiet()));
    for key in keys("old") {
        bench.submit(1, &key).await;
    }
    bench.wait_for(24).await;
    for key in keys("new").iter().chain(&keys("old")) {
        bench.submit(2, key).await;
    }
    tokio::time::sleep(LONG).await; // virtual clock
    bench.drain(0..2).await;
    tokio::time::sleep(LONG).await; // virtual clock
    assert_eq!(bench.read(OUTPUTS).await.len(), 24, "one partition was not told to drain");
    assert!(!has_moved(&bench.store, AGENT, &inbox(1)).await.unwrap());

    bench.drain(0..3).await;
    bench.wait_for(72).await;
    assert!(has_moved(&bench.store, AGENT, &inbox(1)).await.unwrap());
    // By now both know all keys; each finds its way from either side.
    for generation in [1, 2, 2, 1] {
        for key in keys("new").iter().chain(&keys("old")).chain(&keys("later")) {
            bench.submit(generation, key).await;
        }
    }
    bench.wait_for(72 + 4 * 72).await;
    tokio::time::sleep(LONG).await; // virtual clock
    let said = bench.said().await;
    let expected = |generation: &str, count: u32| {
        (1..=count).map(|number| format!("{generation} {number}")).collect::<Vec<_>>()
    };
    for (word, generation, count) in [("old", "g1", 6), ("new", "g2", 5), ("later", "g2", 4)] {
        for key in keys(word) {
            assert_eq!(said[&key], expected(generation, count), "{key}");
        }
    }
    assert_eq!(bench.letters().await, Vec::<String>::new());
    old.stop().await;
    new.stop().await;
}

/// A key that lives in the old generation is looked for there each time it is met in the new one: also when two of its
/// records were met in one batch, whose row is another than one record's.
#[tokio::test(start_paused = true)]
async fn two_at_once_are_looked_for_again() {
    let bench = Bench::new().await;
    let old = bench.start(1, quiet());
    bench.submit(1, "one").await;
    bench.drain(0..3).await;
    bench.wait_for(1).await;
    // There before the new generation has an owner, whose first batch then takes both.
    bench.submit(2, "one").await;
    bench.submit(2, "one").await;
    let new = bench.start(2, quiet());
    bench.wait_for(3).await;
    bench.submit(2, "one").await;
    bench.wait_for(4).await;
    assert_eq!(bench.said().await["one"], ["g1 1", "g1 2", "g1 3", "g1 4"]);
    old.stop().await;
    new.stop().await;
}

/// Either worker killed at any moment of the move, the first, second and third time it comes, and started again:
/// every record is counted once, in one generation.
#[tokio::test(start_paused = true)]
async fn survives_death_at_every_moment() {
    let moments = [
        Moment::Assigned,
        Moment::Registered,
        Moment::Asked,
        Moment::Polled,
        Moment::Stepped,
        Moment::Saved,
        Moment::Produced,
        Moment::OffsetsSent,
        Moment::Committed,
    ];
    for moment in moments {
        for nth in 1..=3 {
            for victim in [1, 2] {
                let died = Arc::new(Notify::new());
                let probe = || -> Arc<dyn Probe> {
                    let (at, seen, died) = ((moment, nth), AtomicUsize::new(0), Arc::clone(&died));
                    Arc::new(Dying { at, seen, died })
                };
                let bench = Bench::new().await;
                let start = |generation| {
                    bench.start(generation, if generation == victim { probe() } else { quiet() })
                };
                let (mut old, mut new) = (start(1), start(2));
                let story = async {
                    for key in keys("old") {
                        bench.submit(1, &key).await;
                    }
                    bench.drain(0..1).await;
                    for key in keys("new") {
                        bench.submit(1, &key).await;
                    }
                    bench.drain(0..3).await;
                    for key in keys("old").iter().chain(&keys("new")) {
                        bench.submit(2, key).await;
                    }
                    bench.wait_for(96).await;
                };
                let mut story = Box::pin(story);
                let has_died = tokio::select! {
                    biased;
                    () = died.notified() => true,
                    () = &mut story => false,
                };
                if has_died {
                    let dead = if victim == 1 { &mut old } else { &mut new };
                    dead.task.abort();
                    *dead = bench.start(victim, quiet());
                    story.await;
                }
                for (key, said) in bench.said().await {
                    let generation = if said[0].starts_with("g1") { "g1" } else { "g2" };
                    let expected = [format!("{generation} 1"), format!("{generation} 2")];
                    assert_eq!(said, expected, "{key}, {moment:?} {nth} of g{victim}");
                    assert!(generation == "g1" || key.starts_with("new"), "{key} began before");
                }
                old.stop().await;
                new.stop().await;
            }
        }
    }
}

/// An owner that finds its partition draining goes on passing on; a draining record said again changes nothing;
/// one that cannot be meant is a dead letter, and changes nothing either.
#[tokio::test(start_paused = true)]
async fn a_partition_that_drains_does_so_for_ever() {
    let bench = Bench::new().await;
    let old = bench.start(1, quiet());
    bench.drain(0..3).await;
    bench.submit(1, "one").await;
    while bench.log.control().size(&inbox(2).topic).records < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await; // virtual clock
    }
    old.stop().await;

    // What the next owner reads first, before anybody says again that it drains.
    for key in &keys("more")[..12] {
        bench.submit(1, key).await;
    }
    let to = |generation, partitions| Inbox { generation, partitions, ..inbox(3) };
    for (partition, inbox_named) in [(0, to(3, 7)), (1, to(1, 7)), (2, to(2, 0))] {
        bench.publish(draining_record(&bench.codec, &inbox(1), partition, &inbox_named).unwrap()).await;
    }
    let mut elsewhere = draining_record(&bench.codec, &inbox(1), 0, &inbox(2)).unwrap();
    elsewhere.partition = Some(1);
    bench.publish(elsewhere).await;
    let mut unreadable = draining_record(&bench.codec, &inbox(1), 2, &inbox(2)).unwrap();
    unreadable.value = Bytes::from_static(b"?");
    bench.publish(unreadable).await;
    bench.drain(0..3).await;
    let (old, new) = (bench.start(1, quiet()), bench.start(2, quiet()));
    for key in &keys("more")[12..] {
        bench.submit(1, key).await;
    }
    bench.wait_for(25).await;
    assert!(bench.said().await.values().all(|said| said == &["g2 1"]));
    assert_eq!(bench.letters().await, ["bad-draining"; 5]);
    old.stop().await;
    new.stop().await;
}

/// A key that looks like a draining record's, but is not one, is a record like any other.
#[tokio::test(start_paused = true)]
async fn only_a_draining_record_drains() {
    let bench = Bench::new().await;
    let old = bench.start(1, quiet());
    let mut headers = Headers::new();
    headers.push(KIND, "input");
    let key = Key::new(b"draining-0");
    let partition = Some(partition_of(key.as_bytes(), 3));
    let value = draining_record(&bench.codec, &inbox(1), 0, &inbox(2)).unwrap().value;
    bench.publish(NewRecord { topic: inbox(1).topic, partition, key, value, headers }).await;
    bench.wait_for(1).await;
    for key in keys("more") {
        bench.submit(1, &key).await;
    }
    bench.wait_for(25).await;
    assert!(bench.said().await.values().all(|said| said == &["g1 1"]));
    old.stop().await;
}
