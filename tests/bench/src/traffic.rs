//! The records that are fed in: bare ones, as a raw consumer would have them, and those of the runtime,
//! with everything that travels in headers.

use std::sync::Arc;

use agents_agent::{Agent, Typed, register};
use agents_work::{Bounds, Logic, Team, Works};
use anyhow::Context;
use schemas_codec::{Codec, Registry};
use schemas_records::{
    Address, Budget, CallId, Echo, Envelope, Headers, Key, Kind, Limits, ModelAnswer, Origin, Outcome,
    Position, ReplyKind, ReplyTo, TaskId, Timestamp, WorkId, WorkPath, headers,
};
use topics_catalog::FIRST_GENERATION;
use topics_log::{NewRecord, partition_of};

use crate::arena::{AGENT, Arena, PARTITIONS};
use crate::message::{Asker, Parrot, Report};

/// Calls a work may make: a frequent key under Zipf's law is asked very often.
const BUDGET: Budget = Budget { calls: 100_000 };

/// A moment far from now in either direction.
const LONG_AGO: Timestamp = Timestamp(1_700_000_000_000);
const FAR_AHEAD: Timestamp = Timestamp(4_000_000_000_000);

/// Makes records.
#[derive(Clone)]
pub struct Traffic {
    /// Knows the messages of both agents.
    pub codec: Codec,
    inbox: Arc<str>,
    outbox: String,
}

impl Traffic {
    /// Records for one topic, whose answers go to another; both have [`PARTITIONS`].
    ///
    /// # Errors
    /// A schema that cannot be used.
    pub fn between(inbox: &str, outbox: &str) -> anyhow::Result<Self> {
        let registry = Registry::new()?;
        register::<Parrot>(&registry)?;
        register::<Asker>(&registry)?;
        Ok(Self { codec: Codec::new(registry), inbox: inbox.into(), outbox: outbox.to_owned() })
    }

    /// Records for an arena.
    ///
    /// # Errors
    /// A schema that cannot be used.
    pub fn new(arena: &Arena) -> anyhow::Result<Self> {
        Self::between(&arena.inbox, &arena.outbox)
    }

    /// The handler of an agent's works, as a node makes it.
    ///
    /// # Errors
    /// None that a sound arena has.
    pub fn works<A: Agent>(&self, arena: &Arena, agent: A) -> anyhow::Result<Works> {
        let team =
            Team { codec: self.codec.clone(), directory: arena.directory(), bounds: Bounds::default() };
        let logic: Arc<dyn Logic> = Arc::new(Typed::new(Arc::new(agent), self.codec.clone()));
        Works::new(AGENT, team, logic).map_err(anyhow::Error::msg)
    }

    /// A report under a key, without headers.
    ///
    /// # Errors
    /// None that a sound codec has.
    pub fn bare(&self, number: u64, key: u64) -> anyhow::Result<NewRecord> {
        let value = self.codec.encode(&Report::numbered(number))?;
        let key = key_of(key);
        let partition = Some(partition_of(key.as_bytes(), PARTITIONS));
        Ok(NewRecord { topic: Arc::clone(&self.inbox), partition, key, value, headers: Headers::new() })
    }

    /// A report as a producer submits it: the task's id in a header, and as the key.
    ///
    /// # Errors
    /// None that a sound codec has.
    pub fn task(&self, number: u64) -> anyhow::Result<NewRecord> {
        let mut record = self.bare(number, number)?;
        record.headers.push(headers::TASK_ID, record.key.to_bytes());
        Ok(record)
    }

    /// The input that begins a work, as another agent's call makes it.
    ///
    /// # Errors
    /// None that a sound codec has.
    pub fn input(&self, number: u64, key: u64) -> anyhow::Result<NewRecord> {
        let mut record = self.bare(number, key)?;
        let call = CallId::of("planner", work_of(key)?, elsewhere(number), 0);
        let mut envelope = self.envelope(Kind::Input, number, call)?;
        let partition = partition_of(record.key.as_bytes(), PARTITIONS);
        let address = Address { topic: self.outbox.clone(), partition, key: record.key.clone() };
        envelope.reply_to = Some(ReplyTo { kind: ReplyKind::Answer, address, call });
        envelope.asked_at = Some(Echo { position: elsewhere(number), at: LONG_AGO });
        record.headers = envelope.write();
        Ok(record)
    }

    /// The model's answer to the call that the step at `asked` made.
    ///
    /// # Errors
    /// None that a sound codec has.
    pub fn answer(&self, number: u64, key: u64, asked: Position) -> anyhow::Result<NewRecord> {
        let mut record = self.bare(number, key)?;
        let call = CallId::of(AGENT, work_of(key)?, asked, 0);
        let mut envelope = self.envelope(Kind::Answer, number, call)?;
        envelope.outcome = Some(Outcome::Ok);
        envelope.asked_at = Some(Echo { position: asked, at: LONG_AGO });
        envelope.limits.budget = Budget::EMPTY;
        record.headers = envelope.write();
        record.value = self.codec.encode(&ModelAnswer::of_text(Report::numbered(number).summary))?;
        Ok(record)
    }

    fn envelope(&self, kind: Kind, number: u64, call: CallId) -> anyhow::Result<Envelope> {
        Ok(Envelope {
            kind,
            task: TaskId::new(&format!("briefing-{number:08}")).map_err(anyhow::Error::msg)?,
            path: WorkPath::new("planner/agent"),
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to: None,
            limits: Limits { deadline: FAR_AHEAD, budget: BUDGET, priority: 4, tenant: "briefing".into() },
            origin: Origin {
                topic: "bench.briefing.tasks".into(),
                partition: 0,
                offset: number.cast_signed(),
            },
            accepted_at: LONG_AGO,
            asked_at: None,
            depth: 1,
            hops: 3,
            traceparent: Some(format!("00-{number:032x}-{number:016x}-01")),
            agent_version: "0123456789ab".into(),
        })
    }
}

/// The key with this number, as work ids look.
#[must_use]
pub fn key_of(number: u64) -> Key {
    Key::new(format!("{number:032x}").as_bytes())
}

/// The number of a key, if it is one of these.
#[must_use]
pub fn number_of(key: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(key).ok()?, 16).ok()
}

fn work_of(key: u64) -> anyhow::Result<WorkId> {
    WorkId::parse(key_of(key).as_bytes()).context("a key that is no work id")
}

/// The step of some other agent.
fn elsewhere(number: u64) -> Position {
    Position { generation: FIRST_GENERATION, partition: 0, offset: number.cast_signed() }
}
