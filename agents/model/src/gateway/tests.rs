//! The gateway without a broker: `answer` is called as its loop calls it, on a store in memory and in
//! virtual time.

mod crashes;
mod deadlines;
mod expiry;
mod flights;
mod limits;
mod outcomes;
mod requests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::model::{ModelAnswer, ModelRequest};
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, Headers, Key, Kind, Limits, Origin, Outcome, ReplyKind,
    ReplyTo, TaskId, Timestamp, WorkPath,
};
use topics_log::{Record, Token, TopicPartition, VirtualClock};
use topics_runtime::gateway::{Answered, Request};
use topics_state::KeyedStore;
use topics_state::memory::{Door, Faults, MemoryStore, Strike};

use super::{JournalEntry, ModelAttempt, ModelGateway, Parts, Settings};
use crate::model::{Completion, Error, Model};
use crate::scripted::{Script, Scripted};

/// A scripted model that counts what it is asked and what still runs.
struct Counting {
    model: Scripted,
    asked: Mutex<BTreeMap<String, u32>>,
    running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Model for Counting {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        *self.asked.lock().unwrap().entry(request.messages[1].content.clone()).or_default() += 1;
        self.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(Arc::clone(&self.running));
        self.model.complete(request).await
    }
}

/// Every call of the store takes two milliseconds, so that a future can be dropped in the middle of each.
struct Slow;

impl Faults for Slow {
    fn strike(&self, _: Door) -> Strike {
        Strike::Delay(Duration::from_millis(2))
    }
}

/// One codec for all houses: a registry takes longer to make than a call to answer.
fn codec() -> Codec {
    static CODEC: OnceLock<Codec> = OnceLock::new();
    CODEC.get_or_init(|| Codec::new(Registry::new().unwrap())).clone()
}

/// What outlives a gateway: the store, and the model with its counts.
struct House {
    store: MemoryStore,
    model: Arc<Counting>,
    codec: Codec,
}

impl House {
    fn new(script: &str) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
        Self {
            store: MemoryStore::new(Arc::new(clock)).with_faults(Arc::new(Slow)),
            model: Arc::new(Counting {
                model: Scripted::new(Script::parse(script).unwrap()),
                asked: Mutex::default(),
                running: Arc::default(),
            }),
            codec: codec(),
        }
    }

    /// A model that restates.
    fn plain() -> Self {
        Self::new(r#"{"rules": []}"#)
    }

    fn troubled(mut self, faults: impl Faults + 'static) -> Self {
        self.store = self.store.with_faults(Arc::new(faults));
        self
    }

    /// A gateway with nothing in memory, as after a start.
    fn gateway(&self) -> ModelGateway {
        let parts = Parts {
            store: Arc::new(self.store.clone()),
            model: self.model.clone(),
            codec: self.codec.clone(),
        };
        ModelGateway::new(parts, Settings::new("test"))
    }

    fn request(&self, number: u32, request: &ModelRequest) -> Request {
        self.record(number, self.codec.encode(request).unwrap())
    }

    /// The request of call `number`, with an allotment of five calls.
    fn record(&self, number: u32, value: Bytes) -> Request {
        let call = call(number);
        let address =
            Address { topic: "test.team.asker.inbox.g1".into(), partition: 2, key: Key::new(b"work") };
        let envelope = Envelope {
            kind: Kind::Input,
            task: TaskId::new("task").unwrap(),
            path: WorkPath::root("asker"),
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to: Some(ReplyTo { kind: ReplyKind::Answer, address, call }),
            limits: Limits {
                deadline: Timestamp(1_700_000_900_000),
                budget: Budget { calls: 5 },
                priority: 4,
                tenant: "acme".into(),
            },
            origin: Origin { topic: "test.team.tasks".into(), partition: 0, offset: 7 },
            accepted_at: Timestamp(1_700_000_000_000),
            asked_at: None,
            depth: 0,
            hops: 3,
            traceparent: Some("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01".into()),
            agent_version: "asker/1".into(),
        };
        let record = Record {
            topic_partition: TopicPartition::new("test.model.requests", 0),
            offset: i64::from(number),
            timestamp: Timestamp(1_700_000_000_000),
            key: call.key(),
            value,
            headers: Headers::new(),
        };
        Request { envelope, record, token: Token::new() }
    }

    /// Requests sent so far, all prompts together.
    fn paid(&self) -> u32 {
        self.model.asked.lock().unwrap().values().sum()
    }

    fn running(&self) -> usize {
        self.model.running.load(Ordering::SeqCst)
    }

    async fn entry(&self, number: u32) -> Option<JournalEntry> {
        let bytes = self.store.get("test.journal", call(number).key().as_bytes()).await.unwrap()?;
        Some(self.codec.decode_state(&bytes).unwrap())
    }

    async fn attempt(&self, request: &ModelRequest, number: u32) -> Option<ModelAttempt> {
        let key = request.routing_key("acme", call(number));
        let bytes = self.store.get("test.attempts", key.as_bytes()).await.unwrap()?;
        Some(self.codec.decode_state(&bytes).unwrap())
    }

    /// The one record of an answer, read.
    fn read(&self, answered: &Answered) -> Heard {
        assert_eq!(answered.records.len(), 1, "{answered:?}");
        let record = &answered.records[0];
        let envelope = Envelope::read(&record.headers).unwrap();
        assert_eq!(envelope.kind, Kind::Answer);
        assert_eq!((&*record.topic, record.partition), ("test.team.asker.inbox.g1", Some(2)));
        let result = match envelope.outcome {
            Some(Outcome::Ok) => Ok(self.codec.decode(&record.value).unwrap()),
            _ => Err(self.codec.decode(&record.value).unwrap()),
        };
        Heard { result, rest: envelope.limits.budget.calls }
    }
}

/// An answer as its asker reads it.
#[derive(Debug)]
struct Heard {
    result: Result<ModelAnswer, Failure>,
    rest: u32,
}

fn call(number: u32) -> CallId {
    CallId::parse(format!("{number:032x}").as_bytes()).unwrap()
}

/// A request that shares its answer with identical ones.
fn shared(prompt: &str) -> ModelRequest {
    ModelRequest::new("be brief", prompt, 40)
}

/// A request that shares nothing.
fn sampled(prompt: &str) -> ModelRequest {
    ModelRequest { temperature: 0.7, ..shared(prompt) }
}
