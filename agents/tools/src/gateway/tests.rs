//! The gateway without a broker: `answer` is called as its loop calls it, on a store in memory, in virtual
//! time, with tools that count what they are asked.

mod allowed;
mod bulkheads;
mod crashes;
mod expiry;
mod outcomes;
mod owners;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use agents_journal::{Attempt, JournalEntry};
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::tool::ToolRequest;
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, Headers, Key, Kind, Limits, Origin, Outcome, ReplyKind,
    ReplyTo, TaskId, Text, Timestamp, WorkPath,
};
use topics_catalog::Names;
use topics_log::{Record, Token, TopicPartition, VirtualClock};
use topics_runtime::gateway::{Answered, Request};
use topics_state::KeyedStore;
use topics_state::memory::{Door, Faults, MemoryStore, Strike};

use super::{Parts, Settings, ToolGateway};
use crate::tool::{Bounds, Declaration, Effects, Error, Schema, Tool};
use crate::toolbox::Toolbox;

/// What a tool does when it is called.
#[derive(Clone, Debug)]
enum Does {
    /// Answers with its arguments in capitals.
    Shouts,
    /// Answers bytes.
    Answers(Bytes),
    /// Ends with an error.
    Ends(Error),
    /// Never ends.
    Hangs,
    /// Panics.
    Panics,
}

/// A tool that counts.
struct Counting {
    declaration: Declaration,
    latency: Duration,
    /// What it does next; shouts when that is used up.
    script: Mutex<VecDeque<Does>>,
    /// Every call it saw, as it came.
    calls: Mutex<Vec<CallId>>,
    running: Arc<Mutex<usize>>,
}

struct Running(Arc<Mutex<usize>>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

#[async_trait::async_trait]
impl Tool for Counting {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    async fn call(&self, call: CallId, arguments: Bytes) -> Result<Bytes, Error> {
        self.calls.lock().unwrap().push(call);
        *self.running.lock().unwrap() += 1;
        let _running = Running(Arc::clone(&self.running));
        tokio::time::sleep(self.latency).await; // virtual clock
        let does = self.script.lock().unwrap().pop_front().unwrap_or(Does::Shouts);
        match does {
            Does::Shouts => {
                let text: Text = codec().decode(&arguments).map_err(Error::refused)?;
                codec().encode(&Text::new(text.text.to_uppercase())).map_err(Error::failed)
            }
            Does::Answers(bytes) => Ok(bytes),
            Does::Ends(error) => Err(error),
            Does::Hangs => std::future::pending().await,
            Does::Panics => panic!("a tool's own bug"),
        }
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
fn codec() -> &'static Codec {
    static CODEC: OnceLock<Codec> = OnceLock::new();
    CODEC.get_or_init(|| Codec::new(Registry::new().unwrap()))
}

fn declaration(name: &str, effects: Effects) -> Declaration {
    Declaration {
        name: name.into(),
        effects,
        arguments: Schema::of::<Text>(),
        answer: Schema::of::<Text>(),
        bounds: Bounds::default(),
    }
}

fn counting(declaration: Declaration, script: &[Does]) -> Arc<Counting> {
    Arc::new(Counting {
        declaration,
        latency: Duration::from_millis(3),
        script: Mutex::new(script.iter().cloned().collect()),
        calls: Mutex::default(),
        running: Arc::default(),
    })
}

/// What outlives a gateway: the store, and the tools with their counts.
struct House {
    store: MemoryStore,
    tools: BTreeMap<String, Arc<Counting>>,
}

impl House {
    /// A house with one tool called `horn`, which agent `asker` may use.
    fn with(effects: Effects, script: &[Does]) -> Self {
        Self::of([counting(declaration("horn", effects), script)])
    }

    fn of(tools: impl IntoIterator<Item = Arc<Counting>>) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
        let tools = tools.into_iter().map(|tool| (tool.declaration.name.clone(), tool)).collect();
        Self { store: MemoryStore::new(Arc::new(clock)).with_faults(Arc::new(Slow)), tools }
    }

    fn troubled(mut self, faults: impl Faults + 'static) -> Self {
        self.store = self.store.with_faults(Arc::new(faults));
        self
    }

    /// A gateway with nothing in memory, as after a start.
    fn gateway(&self) -> ToolGateway {
        let mut toolbox = Toolbox::new(Names::new("test", "team").unwrap());
        for (name, tool) in &self.tools {
            toolbox.add(Arc::clone(tool) as Arc<dyn Tool>).unwrap();
            toolbox.allow("asker", name).unwrap();
        }
        let parts = Parts { store: Arc::new(self.store.clone()), toolbox, codec: codec().clone() };
        ToolGateway::new(parts, Settings::new("test"))
    }

    fn horn(&self) -> &Counting {
        &self.tools["horn"]
    }

    /// How often the horn was called.
    fn calls(&self) -> usize {
        self.horn().calls.lock().unwrap().len()
    }

    async fn entry(&self, number: u32) -> Option<JournalEntry> {
        self.row("test.tools.journal", number).await
    }

    async fn attempt(&self, number: u32) -> Option<Attempt> {
        self.row("test.tools.attempts", number).await
    }

    async fn intent(&self, number: u32) -> Option<Attempt> {
        self.row("test.tools.intents", number).await
    }

    async fn row<M: schemas_records::Message>(&self, space: &str, number: u32) -> Option<M> {
        let bytes = self.store.get(space, call(number).key().as_bytes()).await.unwrap()?;
        Some(codec().decode_state(&bytes).unwrap())
    }
}

/// Call `number` of the horn, by agent `asker`.
fn request(number: u32) -> Request {
    request_of(number, "horn", codec().encode(&Text::new("hello")).unwrap())
}

fn request_of(number: u32, tool: &str, arguments: Bytes) -> Request {
    let value = codec().encode(&ToolRequest { tool: tool.into(), arguments }).unwrap();
    let call = call(number);
    let address = Address { topic: "test.team.asker.inbox.g1".into(), partition: 2, key: Key::new(b"work") };
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
        topic_partition: TopicPartition::new("test.team.tools.requests", 0),
        offset: i64::from(number),
        timestamp: Timestamp(1_700_000_000_000),
        key: call.key(),
        value,
        headers: Headers::new(),
    };
    Request { envelope, record, token: Token::new() }
}

/// The one record of an answer, read: the text, or the failure. The allotment comes back whole.
fn read(answered: &Answered) -> Result<String, Failure> {
    assert_eq!(answered.records.len(), 1, "{answered:?}");
    let record = &answered.records[0];
    let envelope = Envelope::read(&record.headers).unwrap();
    assert_eq!((envelope.kind, envelope.limits.budget.calls), (Kind::Answer, 5));
    match envelope.outcome {
        Some(Outcome::Ok) => Ok(codec().decode::<Text>(&record.value).unwrap().text),
        _ => Err(codec().decode(&record.value).unwrap()),
    }
}

fn call(number: u32) -> CallId {
    CallId::parse(format!("{number:032x}").as_bytes()).unwrap()
}

fn transient() -> Does {
    Does::Ends(Error::transient("the line is busy"))
}
