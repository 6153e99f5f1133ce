//! A bench for one worker: a handler that counts, a log and a store in memory, owners that die.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::DeadLetter;
use schemas_records::{Headers, Key, Position, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_log::memory::{self as log, Fate, MemoryLog, NoFaults, Operation};
use topics_log::{
    Clock, Group, Log, NewRecord, NewTopic, Record, Start, TopicPartition, VirtualClock, partition_of,
};
use topics_runtime::worker::{self, Parts, Settings};
use topics_runtime::{DeadReason, Error, Handler, Input, Moment, NewState, Probe, Step, Stopped};
use topics_state::memory::{Door, Faults, MemoryStore, Strike};
use topics_state::{Slot, StateStore};

const INBOX: &str = "n.t.counter.inbox.g1";
const OUTPUTS: &str = "n.t.outputs";
const DEAD: &str = "n.dead-letters";
const GROUP: &str = "n.t.counter";
const PARTITIONS: i32 = 3;
/// Longest a quiet run may take, in virtual time: far more than session and transaction time-outs.
const PATIENCE: Duration = Duration::from_secs(600);

/// Counts the records of each key, and says so.
struct Counter {
    /// The worker's own death, for a step that is to kill it.
    died: Arc<Death>,
    killing: Option<&'static str>,
}

impl Counter {
    fn count(input: &Input<'_>, dead: Option<DeadReason>) -> Step {
        let before = input.state.map_or(0, |version| count_of(&version.value));
        let value = Bytes::from((before + 1).to_be_bytes().to_vec());
        let is_large = &input.record.value[..] == b"large" && dead.is_none();
        let value = if is_large { Bytes::from(vec![0; 2_000_000]) } else { value };
        let output = NewRecord {
            topic: OUTPUTS.into(),
            partition: None,
            key: input.record.key.clone(),
            value: value.clone(),
            headers: Headers::new(),
        };
        let state = match &input.record.value[..] {
            b"end" => NewState::Ended { value, lives: Duration::from_secs(3_600) },
            _ => NewState::Value(value),
        };
        Step { state, outputs: vec![output], dead, notes: Vec::new() }
    }
}

fn count_of(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

impl Handler for Counter {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        assert!(&input.record.value[..] != b"panic", "it was asked to panic");
        if self.killing.is_some_and(|word| word.as_bytes() == &input.record.value[..]) {
            // A step that never returns, as far as this process is concerned: it is ended here and now.
            self.died.now();
            std::panic::resume_unwind(Box::new(()));
        }
        Ok(Self::count(input, None))
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        if self.died.has_come() {
            return Err(Stopped { reason: "dead".into() });
        }
        Ok(Self::count(input, Some(reason.clone())))
    }
}

/// When the owner dies.
#[derive(Clone, Copy)]
pub struct Story {
    at: Option<(Moment, usize)>,
    killed_by: Option<&'static str>,
}

impl Story {
    pub fn quiet() -> Self {
        Self { at: None, killed_by: None }
    }

    pub fn dying_at(moment: Moment, nth: usize) -> Self {
        Self { at: Some((moment, nth)), killed_by: None }
    }

    pub fn killed_by(word: &'static str) -> Self {
        Self { at: None, killed_by: Some(word) }
    }
}

#[derive(Default)]
struct Death {
    come: Notify,
    is_here: Mutex<bool>,
}

impl Death {
    fn now(&self) {
        *self.is_here.lock().unwrap() = true;
        self.come.notify_one();
    }

    fn has_come(&self) -> bool {
        *self.is_here.lock().unwrap()
    }
}

/// A dead owner's calls to the store never come back.
struct Silence(Arc<Death>);

impl Faults for Silence {
    fn strike(&self, _door: Door) -> Strike {
        if self.0.has_come() { Strike::Delay(2 * PATIENCE) } else { Strike::None }
    }
}

/// A store whose writes take their time.
struct Slow(Duration);

impl Faults for Slow {
    fn strike(&self, door: Door) -> Strike {
        if door == Door::Write { Strike::Delay(self.0) } else { Strike::None }
    }
}

/// Dies at the n-th time of a moment: it never returns, and the bench drops the owner.
struct Dying {
    story: Story,
    seen: Arc<AtomicUsize>,
    died: Arc<Death>,
    commits: Arc<AtomicUsize>,
}

#[async_trait]
impl Probe for Dying {
    async fn at(&self, _who: &str, moment: Moment) {
        if moment == Moment::Committed {
            self.commits.fetch_add(1, Ordering::SeqCst);
        }
        let Some((at, nth)) = self.story.at else { return };
        if at == moment && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            self.died.now();
            std::future::pending::<()>().await;
        }
    }
}

/// A broker that is away: calls of one kind do not come back.
pub struct Away {
    at: Operation,
    /// From the first commit on, whose outcome is then in doubt; otherwise from the start.
    after_commit: bool,
    has_doubt: AtomicBool,
}

impl Away {
    pub fn at(at: Operation) -> Self {
        Self { at, after_commit: false, has_doubt: AtomicBool::new(false) }
    }

    pub fn after_commit(at: Operation) -> Self {
        Self { after_commit: true, ..Self::at(at) }
    }
}

impl log::Faults for Away {
    fn strike(&self, door: &log::Door<'_>) -> log::Strike {
        if door.operation == self.at && (!self.after_commit || self.has_doubt.load(Ordering::SeqCst)) {
            return log::Strike::Delay(2 * PATIENCE);
        }
        if door.operation == Operation::Commit && self.after_commit {
            self.has_doubt.store(true, Ordering::SeqCst);
            return log::Strike::Unknown(Fate::Never);
        }
        log::Strike::None
    }
}

#[derive(Clone)]
pub struct Bench {
    log: MemoryLog,
    store: MemoryStore,
    codec: Codec,
    clock: Arc<dyn Clock>,
    commits: Arc<AtomicUsize>,
}

impl Bench {
    pub async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(Timestamp(1_700_000_000_000)));
        let log = MemoryLog::new(Arc::clone(&clock));
        let topic = |name: &str| NewTopic {
            name: name.into(),
            partitions: PARTITIONS,
            replication: 1,
            config: BTreeMap::from([("message.timestamp.type".into(), "LogAppendTime".into())]),
        };
        log.create(&[topic(INBOX), topic(OUTPUTS), topic(DEAD)]).await.unwrap();
        let store = MemoryStore::new(Arc::clone(&clock));
        Self { log, store, codec: Codec::new(Registry::new().unwrap()), clock, commits: Arc::default() }
    }

    pub fn with_another_store(&self) -> Self {
        Self { store: MemoryStore::new(Arc::clone(&self.clock)).with_identity("another"), ..self.clone() }
    }

    /// Records over seven keys.
    pub async fn submit(&self, numbers: Range<usize>) {
        for number in numbers {
            self.submit_raw(&format!("k{}", number % 7), &number.to_string()).await;
        }
    }

    pub async fn submit_raw(&self, key: &str, value: &str) {
        self.publish(key, value, None).await;
    }

    pub async fn submit_misplaced(&self, key: &str) {
        let wrong = (partition_of(key.as_bytes(), PARTITIONS) + 1) % PARTITIONS;
        self.publish(key, "x", Some(wrong)).await;
    }

    async fn publish(&self, key: &str, value: &str, partition: Option<i32>) {
        let record = NewRecord {
            topic: INBOX.into(),
            partition,
            key: Key::new(key.as_bytes()),
            value: Bytes::from(value.to_owned()),
            headers: Headers::new(),
        };
        self.log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
    }

    fn parts(&self, story: Story, seen: &Arc<AtomicUsize>, died: &Arc<Death>) -> Parts {
        Parts {
            log: Arc::new(self.log.clone()),
            store: Arc::new(self.store.clone().with_faults(Arc::new(Silence(Arc::clone(died))))),
            handler: Arc::new(Counter { died: Arc::clone(died), killing: story.killed_by }),
            codec: self.codec.clone(),
            clock: Arc::clone(&self.clock),
            probe: Arc::new(Dying {
                story,
                seen: Arc::clone(seen),
                died: Arc::clone(died),
                commits: Arc::clone(&self.commits),
            }),
            watchdog: None,
        }
    }

    fn settings(&self) -> Settings {
        let group = Group { id: GROUP.into(), instance: "one".into() };
        Settings::new("counter", GROUP, group, INBOX.into(), PARTITIONS, DEAD.into())
    }

    /// Runs owners, one after another's death, until there are `more` further outputs or dead letters.
    /// Returns how many died.
    pub async fn run_until_done(&self, more: usize, story: Story) -> usize {
        self.run(self.ends().await + more, story, None, 0).await
    }

    /// The same, with the records submitted only after the first owner has died.
    pub async fn run_idle_then(&self, all: usize, story: Story) -> usize {
        self.commits.store(0, Ordering::SeqCst);
        self.run(all, story, None, all).await
    }

    /// How many batches were committed since.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// The same, with further records submitted while the owner runs.
    pub async fn run_with_more(&self, first: usize, all: usize, story: Story) -> usize {
        self.run(all, story, Some(first..all), 0).await
    }

    async fn run(&self, all: usize, story: Story, more: Option<Range<usize>>, late: usize) -> usize {
        let seen = Arc::new(AtomicUsize::new(0));
        let mut deaths = 0;
        let enough = async {
            if let Some(more) = more {
                self.wait_for(1).await;
                for number in more {
                    self.submit(number..number + 1).await;
                    // Apart, so that the owner meets them in several batches.
                    tokio::time::sleep(Duration::from_millis(5)).await; // virtual clock
                }
            }
            self.wait_for(all).await;
        };
        let done = async {
            tokio::pin!(enough);
            loop {
                let died = Arc::new(Death::default());
                let shutdown = CancellationToken::new();
                let parts = self.parts(story, &seen, &died);
                let mut owner = tokio::spawn(worker::run(parts, self.settings(), shutdown.clone()));
                tokio::select! {
                    biased;
                    () = died.come.notified() => {
                        owner.abort();
                        let _ = owner.await;
                        deaths += 1;
                        if deaths == 1 {
                            self.submit(0..late).await;
                        }
                    }
                    ended = &mut owner => panic!("the owner ended: {:?}", ended.unwrap()),
                    () = &mut enough => {
                        shutdown.cancel();
                        owner.await.unwrap().unwrap();
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("it went on for ever");
        deaths
    }

    /// How long an owner takes to leave that is told to while the broker is away.
    pub async fn leaves_after(&self, away: Away) -> Duration {
        let _ = self.log.clone().with_faults(Arc::new(away));
        let shutdown = CancellationToken::new();
        let parts = self.parts(Story::quiet(), &Arc::default(), &Arc::default());
        let owner = tokio::spawn(worker::run(parts, self.settings(), shutdown.clone()));
        tokio::time::sleep(Duration::from_secs(2)).await; // virtual clock
        let told = Instant::now();
        shutdown.cancel();
        owner.await.unwrap().unwrap();
        let _ = self.log.clone().with_faults(Arc::new(NoFaults));
        told.elapsed()
    }

    /// How long the readers of one owner's outputs are held by an open transaction, at most, while the
    /// store is slow and the broker does not take records.
    pub async fn longest_transaction(&self, time: Duration) -> Duration {
        let control = self.log.control();
        let slow = Slow(Duration::from_millis(500));
        let store = self.store.clone().with_faults(Arc::new(slow));
        let parts = self.parts(Story::quiet(), &Arc::default(), &Arc::default());
        let parts = Parts { store: Arc::new(store), ..parts };
        let owner = tokio::spawn(worker::run(parts, self.settings(), CancellationToken::new()));
        self.wait_for(1).await;
        let _ = self.log.clone().with_faults(Arc::new(Away::at(Operation::Produce)));
        self.submit(0..10).await;
        let (end, mut since, mut longest) = (Instant::now() + time, None, Duration::ZERO);
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await; // virtual clock
            if control.open_transactions().is_empty() {
                since = None;
            } else {
                longest = longest.max(since.get_or_insert_with(Instant::now).elapsed());
            }
        }
        let _ = self.log.clone().with_faults(Arc::new(NoFaults));
        owner.abort();
        let _ = owner.await;
        longest
    }

    pub async fn run_to_error(&self) -> Error {
        let (seen, died) = (Arc::default(), Arc::default());
        let parts = self.parts(Story::quiet(), &seen, &died);
        let run = worker::run(parts, self.settings(), CancellationToken::new());
        tokio::time::timeout(PATIENCE, run).await.expect("it went on for ever").unwrap_err()
    }

    /// Waits until there are so many outputs and dead letters.
    async fn wait_for(&self, count: usize) {
        while self.ends().await < count {
            tokio::time::sleep(Duration::from_millis(50)).await; // virtual clock
        }
    }

    async fn ends(&self) -> usize {
        let letters = self.dead_letters().await;
        // A panicking or condemned record is counted among the outputs already.
        let alone = letters.iter().filter(|letter| letter.code == "wrong-partition").count();
        self.outputs(Start::Beginning).await.len() + alone
    }

    pub async fn outputs(&self, from: Start) -> Vec<Record> {
        self.read(OUTPUTS, from).await
    }

    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.read(DEAD, Start::Beginning).await.iter().map(|r| self.codec.decode(&r.value).unwrap()).collect()
    }

    async fn read(&self, topic: &str, from: Start) -> Vec<Record> {
        let places: Vec<(TopicPartition, Start)> =
            (0..PARTITIONS).map(|partition| (TopicPartition::new(topic, partition), from)).collect();
        let mut reader = self.log.reader(&places).await.unwrap();
        let mut all = Vec::new();
        loop {
            let records = reader.read(1_000, Duration::ZERO).await.unwrap();
            if records.is_empty() {
                return all;
            }
            all.extend(records);
        }
    }

    /// Every key's outputs count 1, 2, 3, ... in the order of the log, and there are `all` of them.
    pub async fn assert_counted(&self, all: usize) {
        let outputs = self.outputs(Start::Beginning).await;
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        let mut counted = 0;
        for record in &outputs {
            let count = count_of(&record.value);
            let before = last.insert(record.key.to_string(), count).unwrap_or(0);
            assert_eq!(
                count,
                before + 1,
                "key {} at {}/{}",
                record.key,
                record.topic_partition,
                record.offset
            );
            counted += 1;
        }
        let dead =
            self.dead_letters().await.iter().filter(|letter| letter.code == "step-never-returned").count();
        assert_eq!(counted, all + dead);
    }

    pub fn lose_offsets(&self) {
        self.log.control().lose_offsets(GROUP);
    }

    /// Whether the last owners of all partitions left in good order, by their rows.
    pub async fn are_closed(&self) -> bool {
        let mut all = true;
        for partition in 0..PARTITIONS {
            let slot = Slot { agent: GROUP.into(), generation: 1, partition };
            all &= self.store.owner(&slot).await.unwrap().is_some_and(|owner| owner.closed);
        }
        all
    }

    pub async fn make_topic_anew(&self) {
        let found = self.log.topics(INBOX).await.unwrap();
        self.log.remove(&[INBOX.to_owned()]).await.unwrap();
        let config = BTreeMap::new();
        let partitions = found[0].partitions;
        self.log
            .create(&[NewTopic { name: INBOX.into(), partitions, replication: 1, config }])
            .await
            .unwrap();
    }

    pub fn state_rows(&self) -> usize {
        self.store.count().state_rows
    }

    pub async fn read_state(&self, key: &str) -> Option<Bytes> {
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        let position = Position { generation: 1, partition, offset: i64::MAX };
        let below = [(Key::new(key.as_bytes()), position)];
        self.store.read(GROUP, &below).await.unwrap().remove(0).map(|version| version.value)
    }
}
