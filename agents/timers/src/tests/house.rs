//! A house for timers: a log with an asker's inbox, a store, and gateways that can be started and ended.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::{Cancellation, Timer};
use schemas_records::{
    Address, Budget, CallId, Echo, Envelope, Key, Kind, Limits, Message, Origin, Position, ReplyKind,
    ReplyTo, TaskId, Timestamp, WorkId, WorkPath,
};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Directory, Peer};
use topics_log::memory::MemoryLog;
use topics_log::{Group, Log, NewRecord, NewTopic, Record, VirtualClock};
use topics_runtime::{Error, Moment, Probe};
use topics_state::memory::MemoryStore;

use crate::{Parts, Settings, run};

pub const TIMERS: &str = "ns.timers";
pub const INBOX: &str = "ns.team.asker.inbox.g1";
pub const DEAD: &str = "ns.dead-letters";
/// What the virtual clock shows first: ten seconds into a minute.
pub const EPOCH: i64 = 1_700_000_050_000;
const PARTITIONS: i32 = 2;

/// All that outlives a gateway.
pub struct House {
    pub log: MemoryLog,
    pub store: MemoryStore,
    pub codec: Codec,
    moments: Arc<Moments>,
}

/// A gateway that runs.
pub struct Running {
    pub shutdown: CancellationToken,
    pub ended: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Ends it politely.
    pub async fn end(self) -> Result<(), Error> {
        self.shutdown.cancel();
        self.ended.await.unwrap()
    }

    /// Ends it as a crash would, at whichever await it is.
    pub async fn kill(self) {
        self.ended.abort();
        let _ = self.ended.await;
    }
}

/// Notes every moment that was reached.
#[derive(Default)]
struct Moments(Mutex<Vec<Moment>>);

#[async_trait]
impl Probe for Moments {
    async fn at(&self, who: &str, moment: Moment) {
        assert_eq!(who, "timers");
        self.0.lock().unwrap().push(moment);
    }
}

impl House {
    pub async fn new() -> Self {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp(EPOCH)));
        let log = MemoryLog::new(clock.clone());
        let topic = |name: &str| NewTopic {
            name: name.to_owned(),
            partitions: PARTITIONS,
            replication: 0,
            config: Default::default(),
        };
        log.create(&[topic(TIMERS), topic(INBOX), topic(DEAD)]).await.unwrap();
        let store = MemoryStore::new(clock).with_identity("store");
        let codec = Codec::new(Registry::new().unwrap());
        Self { log, store, codec, moments: Arc::default() }
    }

    pub fn parts(&self) -> Parts {
        Parts {
            log: Arc::new(self.log.clone()),
            store: Arc::new(self.store.clone()),
            directory: directory(),
            codec: self.codec.clone(),
            probe: self.moments.clone(),
        }
    }

    pub fn settings(&self, instance: &str) -> Settings {
        let group = Group { id: "ns.timers".to_owned(), instance: instance.to_owned() };
        Settings::new(group, TIMERS.to_owned(), DEAD.to_owned(), "store".to_owned())
    }

    pub fn start(&self, instance: &str) -> Running {
        self.start_with(self.parts(), self.settings(instance))
    }

    pub fn start_with(&self, parts: Parts, settings: Settings) -> Running {
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn(run(parts, settings, shutdown.clone()));
        Running { shutdown, ended }
    }

    /// Sends requests.
    pub async fn send(&self, records: Vec<NewRecord>) {
        self.log.publisher().await.unwrap().publish(records).await.unwrap();
    }

    pub fn set(&self, number: u32, due: i64) -> NewRecord {
        let value = self.encode(&Timer { due, name: format!("timer {number}") });
        request(number, Kind::Input, value)
    }

    pub fn cancel(&self, number: u32, due: i64) -> NewRecord {
        let value = self.encode(&Cancellation { reason: "done".to_owned(), due });
        request(number, Kind::Cancellation, value)
    }

    fn encode<M: Message>(&self, message: &M) -> Bytes {
        self.codec.encode(message).unwrap()
    }

    /// Every record of a topic, in the order of their times.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let mut records = self.log.control().committed_records();
        records.retain(|record| &*record.topic_partition.topic == topic);
        records.sort_by_key(|record| (record.timestamp, record.offset));
        records
    }

    /// What fired: the number of the timer, its due time, and when its record was appended.
    pub fn fired(&self) -> Vec<(u32, i64, i64)> {
        let is_good = |record: &Record| Envelope::read(&record.headers).unwrap().outcome.is_none();
        let fired = self.records(INBOX).into_iter().filter(is_good).map(|record| {
            let timer: Timer = self.codec.decode(&record.value).unwrap();
            let number = timer.name.strip_prefix("timer ").unwrap().parse().unwrap();
            assert_eq!(Envelope::read(&record.headers).unwrap().call, Some(call(number)));
            assert_eq!(record.key, asker(number));
            (number, timer.due, record.timestamp.0)
        });
        fired.collect()
    }

    /// Just the numbers.
    pub fn fired_numbers(&self) -> Vec<u32> {
        self.fired().into_iter().map(|(number, ..)| number).collect()
    }

    pub fn rows(&self) -> usize {
        self.store.count().due_rows
    }

    pub fn has_reached(&self, moment: Moment) -> bool {
        self.moments.0.lock().unwrap().contains(&moment)
    }

    /// The committed offsets and what stands beside them, by partition.
    pub fn committed(&self) -> Vec<(i32, i64, String)> {
        let groups = self.log.control().committed_offsets();
        let offsets = groups.get("ns.timers").into_iter().flatten();
        offsets.map(|(at, committed)| (at.partition, committed.offset, committed.metadata.clone())).collect()
    }
}

/// Lets time pass up to so long after the house was built.
pub async fn until(start: Instant, after: Duration) {
    tokio::time::sleep_until(start + after).await; // virtual clock
}

pub fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.insert("asker", INBOX, PARTITIONS, Peer::Agent);
    directory
}

fn asker(number: u32) -> Key {
    WorkId::of_task("tasks", &TaskId::new(&number.to_string()).unwrap()).key()
}

pub fn call(number: u32) -> CallId {
    CallId::parse(asker(number).as_bytes()).unwrap()
}

/// What an agent's headers say when it asks.
pub fn envelope(number: u32, kind: Kind) -> Envelope {
    let to = directory().address("asker", &asker(number)).unwrap();
    let Address { topic, partition, key } = to;
    let address = Address { topic, partition, key };
    Envelope {
        kind,
        task: TaskId::new("t-1").unwrap(),
        path: WorkPath::root("asker"),
        call: Some(call(number)),
        branch: None,
        outcome: None,
        reply_to: Some(ReplyTo { kind: ReplyKind::Answer, address, call: call(number) }),
        limits: Limits {
            deadline: Timestamp(EPOCH * 2),
            budget: Budget { calls: 3 },
            priority: 4,
            tenant: "acme".to_owned(),
        },
        origin: Origin { topic: "ns.team.tasks".to_owned(), partition: 0, offset: 1 },
        accepted_at: Timestamp(EPOCH),
        asked_at: Some(Echo {
            position: Position { generation: 1, partition: 0, offset: 9 },
            at: Timestamp(EPOCH),
        }),
        depth: 1,
        hops: 4,
        traceparent: None,
        agent_version: "asker-1".to_owned(),
    }
}

/// The record with which an agent asks.
pub fn request(number: u32, kind: Kind, value: Bytes) -> NewRecord {
    NewRecord {
        topic: TIMERS.into(),
        partition: None,
        key: call(number).key(),
        value,
        headers: envelope(number, kind).write(),
    }
}
