//! A house for intake: a log with a team's topics, somebody who closes tasks, and a probe that looks at
//! the bound after every commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::{Closing, ClosingReason, DeadLetter};
use schemas_records::{Envelope, Headers, Key, Message, Origin, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Directory, Peer};
use topics_log::memory::MemoryLog;
use topics_log::{Group, Log, NewRecord, NewTopic, Record, VirtualClock};
use topics_runtime::{Error, Moment, Probe};

use crate::{Check, Counts, Parts, Rules, Settings, run};

pub const TASKS: &str = "ns.team.tasks";
pub const CLOSINGS: &str = "ns.team.closings";
pub const RESULTS: &str = "ns.team.results";
pub const DEAD: &str = "ns.dead-letters";
pub const INBOX: &str = "ns.team.planner.inbox.g1";
pub const QUESTION: &str = "example.Question";
pub const GROUP: &str = "ns.team.intake";
/// What the virtual clock shows first.
pub const EPOCH: i64 = 1_700_000_000_000;
/// Partitions of the task topic, and of all others.
pub const PARTITIONS: i32 = 3;

/// The entry agent's input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub question: String,
    pub sector: String,
}

impl Message for Question {
    const NAME: &'static str = QUESTION;
    const SCHEMA: &'static str = r#"{"type":"record","name":"Question","namespace":"example","fields":[
        {"name":"question","type":"string"},{"name":"sector","type":"string","default":""}]}"#;
}

/// A codec that knows the question.
pub fn codec() -> Codec {
    let registry = Registry::new().unwrap();
    registry.register::<Question>().unwrap();
    Codec::new(registry)
}

/// Refuses empty questions, and panics if asked to.
pub fn team_check(codec: &Codec) -> Check {
    let codec = codec.clone();
    Arc::new(move |value: &[u8]| match codec.decode::<Question>(value).unwrap().question.as_str() {
        "" => Err("the question is empty".to_owned()),
        "panic" => panic!("as asked"),
        _ => Ok(()),
    })
}

pub fn framed(question: &str) -> Bytes {
    codec().encode(&Question { question: question.to_owned(), sector: String::new() }).unwrap()
}

/// A task record as a producer sends it.
pub fn task(value: impl Into<Bytes>, headers: &[(&'static str, &[u8])]) -> NewRecord {
    let mut out = Headers::new();
    for (name, value) in headers {
        out.push(name, value);
    }
    NewRecord { topic: TASKS.into(), partition: None, key: Key::new(b""), value: value.into(), headers: out }
}

/// A good task in a partition.
pub fn good(partition: i32) -> NewRecord {
    NewRecord { partition: Some(partition), ..task(r#"{"question":"why?"}"#, &[]) }
}

/// A bad one.
pub fn bad(partition: i32) -> NewRecord {
    NewRecord { partition: Some(partition), ..task("nonsense", &[]) }
}

pub fn directory() -> Directory {
    let mut directory = Directory::default();
    for (name, topic) in
        [("tasks", TASKS), ("closings", CLOSINGS), ("results", RESULTS), ("dead-letters", DEAD)]
    {
        directory.insert(name, topic, PARTITIONS, Peer::Runtime);
    }
    directory.insert("planner", INBOX, PARTITIONS, Peer::Agent);
    directory
}

/// All that outlives an intake.
pub struct House {
    pub log: MemoryLog,
    pub codec: Codec,
    watch: Arc<Watch>,
}

/// An intake that runs.
pub struct Running {
    shutdown: CancellationToken,
    pub ended: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Ends it politely.
    pub async fn end(self) -> Result<(), Error> {
        self.shutdown.cancel();
        self.ended.await.unwrap()
    }

    /// Ends it as a crash would.
    pub async fn kill(self) {
        self.ended.abort();
        let _ = self.ended.await;
    }
}

/// Notes moments, and the most that was ever open in a partition just after a commit.
struct Watch {
    log: MemoryLog,
    codec: Codec,
    moments: Mutex<Vec<Moment>>,
    most_open: Mutex<usize>,
}

#[async_trait]
impl Probe for Watch {
    async fn at(&self, who: &str, moment: Moment) {
        assert_eq!(who, "intake");
        self.moments.lock().unwrap().push(moment);
        if moment == Moment::Committed {
            let open = open(&self.log, &self.codec).into_values().max().unwrap_or(0);
            let mut most = self.most_open.lock().unwrap();
            *most = open.max(*most);
        }
    }
}

/// Open tasks of each task partition, by what stands in the log: inputs less closings.
fn open(log: &MemoryLog, codec: &Codec) -> BTreeMap<i32, usize> {
    let mut open: BTreeMap<i32, usize> = BTreeMap::new();
    let records = log.control().committed_records();
    for record in records.iter().filter(|record| &*record.topic_partition.topic == INBOX) {
        *open.entry(Envelope::read(&record.headers).unwrap().origin.partition).or_default() += 1;
    }
    for record in records.iter().filter(|record| &*record.topic_partition.topic == CLOSINGS) {
        if let Ok(closing) = codec.decode::<Closing>(&record.value) {
            let open = open.entry(closing.partition).or_default();
            *open = open.saturating_sub(1);
        }
    }
    open
}

impl House {
    pub async fn new() -> Self {
        let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(Timestamp(EPOCH))));
        let topic = |name: &&str| NewTopic {
            name: (*name).to_owned(),
            partitions: PARTITIONS,
            replication: 0,
            config: BTreeMap::new(),
        };
        let topics: Vec<NewTopic> = [TASKS, CLOSINGS, RESULTS, DEAD, INBOX].iter().map(topic).collect();
        log.create(&topics).await.unwrap();
        let codec = codec();
        let watch = Watch {
            log: log.clone(),
            codec: codec.clone(),
            moments: Mutex::default(),
            most_open: Mutex::default(),
        };
        Self { log, codec, watch: Arc::new(watch) }
    }

    pub fn parts(&self) -> Parts {
        Parts {
            log: Arc::new(self.log.clone()),
            directory: directory(),
            codec: self.codec.clone(),
            check: team_check(&self.codec),
            probe: self.watch.clone(),
        }
    }

    /// `open_max` is for each partition.
    pub fn settings(&self, instance: &str, open_max: u64) -> Settings {
        let group = Group { id: GROUP.to_owned(), instance: instance.to_owned() };
        let mut settings = Settings::new(group, "planner", QUESTION, Rules::new("acme"));
        settings.open_max = open_max * PARTITIONS as u64;
        settings
    }

    pub fn start(&self, instance: &str, open_max: u64) -> Running {
        self.start_with(self.parts(), self.settings(instance, open_max))
    }

    pub fn start_with(&self, parts: Parts, settings: Settings) -> Running {
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn(run(parts, settings, shutdown.clone()));
        Running { shutdown, ended }
    }

    pub async fn send(&self, records: Vec<NewRecord>) {
        self.log.publisher().await.unwrap().publish(records).await.unwrap();
    }

    pub fn records(&self, topic: &str) -> Vec<Record> {
        let mut records = self.log.control().committed_records();
        records.retain(|record| &*record.topic_partition.topic == topic);
        records
    }

    /// The tasks that inputs came of, in order of partition and offset.
    pub fn inputs(&self) -> Vec<Origin> {
        let mut origins: Vec<Origin> = self
            .records(INBOX)
            .iter()
            .map(|record| Envelope::read(&record.headers).unwrap().origin)
            .collect();
        origins.sort_by_key(|origin| (origin.partition, origin.offset));
        origins
    }

    pub fn letters(&self) -> Vec<DeadLetter> {
        self.records(DEAD).iter().map(|record| self.codec.decode(&record.value).unwrap()).collect()
    }

    pub fn closing(&self, origin: &Origin) -> NewRecord {
        let closing = Closing {
            topic: origin.topic.clone(),
            partition: origin.partition,
            offset: origin.offset,
            reason: ClosingReason::Result,
        };
        NewRecord {
            topic: CLOSINGS.into(),
            partition: Some(origin.partition),
            key: Key::new(b""),
            value: self.codec.encode(&closing).unwrap(),
            headers: Headers::new(),
        }
    }

    /// The place of a task that never was.
    pub fn stray(&self, partition: i32) -> Origin {
        Origin { topic: TASKS.to_owned(), partition, offset: 0 }
    }

    /// Closes what is open, the oldest `share` in a hundred (and at least one) of each partition.
    pub async fn close_some(&self, share: usize) {
        let mut closings = Vec::new();
        for (partition, open) in open(&self.log, &self.codec) {
            let inputs: Vec<Origin> =
                self.inputs().into_iter().filter(|origin| origin.partition == partition).collect();
            let closed = inputs.len() - open;
            let count = (open * share).div_ceil(100);
            closings.extend(inputs[closed..].iter().take(count).map(|origin| self.closing(origin)));
        }
        self.send(closings).await;
    }

    /// Runs on, closing a share of what is open every tenth of a second, for so long or until every task
    /// has an outcome and is closed.
    pub async fn live(&self, time: Duration, share: usize) {
        for _ in 0..time.as_millis() / 100 {
            tokio::time::sleep(Duration::from_millis(100)).await; // virtual clock
            if self.is_done() {
                return;
            }
            self.close_some(share).await;
        }
    }

    fn is_done(&self) -> bool {
        let records = self.log.control().committed_records();
        let count = |topic| records.iter().filter(|record| &*record.topic_partition.topic == topic).count();
        let inputs = count(INBOX);
        inputs == count(CLOSINGS) && inputs + count(RESULTS) == count(TASKS)
    }

    pub fn open(&self) -> BTreeMap<i32, usize> {
        open(&self.log, &self.codec)
    }

    pub fn most_open(&self) -> usize {
        *self.watch.most_open.lock().unwrap()
    }

    pub fn has_reached(&self, moment: Moment) -> bool {
        self.watch.moments.lock().unwrap().contains(&moment)
    }

    /// What is committed: offset and counts of each task partition.
    pub fn committed(&self) -> BTreeMap<i32, (i64, Counts)> {
        let groups = self.log.control().committed_offsets();
        let offsets = groups.get(GROUP).into_iter().flatten();
        offsets.map(|(at, it)| (at.partition, (it.offset, Counts::read(&it.metadata).unwrap()))).collect()
    }

    /// Every task record has exactly one outcome, and the counts say so: for each partition as many
    /// inputs as accepted, as many refusals and dead letters as refused, one of either for each record.
    pub fn check_outcomes(&self, context: &str) {
        let mut outcomes: BTreeMap<(i32, i64), (usize, usize, usize)> = BTreeMap::new();
        for record in self.records(TASKS) {
            outcomes.insert((record.topic_partition.partition, record.offset), (0, 0, 0));
        }
        for origin in self.inputs() {
            outcomes.get_mut(&(origin.partition, origin.offset)).unwrap().0 += 1;
        }
        for record in self.records(RESULTS) {
            let origin = Envelope::read(&record.headers).unwrap().origin;
            outcomes.get_mut(&(origin.partition, origin.offset)).unwrap().1 += 1;
        }
        for letter in self.letters() {
            outcomes.get_mut(&(letter.partition, letter.offset)).unwrap().2 += 1;
        }
        let mut counts: BTreeMap<i32, (u64, u64)> = BTreeMap::new();
        for ((partition, offset), outcome) in outcomes {
            assert!(
                matches!(outcome, (1, 0, 0) | (0, 1, 1)),
                "{context}: {partition}/{offset} has {outcome:?}"
            );
            let (accepted, refused) = counts.entry(partition).or_default();
            *accepted += outcome.0 as u64;
            *refused += outcome.1 as u64;
        }
        let committed = self.committed().into_iter().map(|(at, (_, it))| (at, (it.accepted, it.refused)));
        assert_eq!(committed.collect::<BTreeMap<_, _>>(), counts, "{context}");
    }
}
