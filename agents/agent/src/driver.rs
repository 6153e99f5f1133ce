//! Tests an agent without a broker: real records, real rows, the real protocol, no I/O.
//!
//! The driver keeps one work's row, feeds it one record at a time and shows what the step sent. Every
//! step is made twice and compared: an agent that is no pure function is found here.

use std::sync::Arc;

use agents_work::{Bounds, Team, Works};
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::{Expectation, ExpectedPart, JoinPolicy, Timer};
use schemas_records::tool::{KnowledgeQuery, ToolRequest};
use schemas_records::work::{Status, WorkRow};
use schemas_records::{
    Address, Budget, CallId, Echo, Envelope, Failure, Kind, Limits, Message, ModelRequest, Origin, Outcome,
    Position, ReplyKind, ReplyTo, TaskId, Timestamp, WorkId, WorkPath,
};
use topics_catalog::{Directory, Peer};
use topics_log::{NewRecord, Record, TopicPartition};
use topics_runtime::{Beside, Handler, Input, Step};
use topics_state::Version;

use crate::adapter::{Typed, register};
use crate::agent::Agent;

/// The time of the driver's first event; each later one comes a second after the last.
const FIRST_AT: Timestamp = Timestamp(1_700_000_000_000);

/// Drives one work of one agent.
pub struct Driver {
    works: Works,
    codec: Codec,
    work: WorkId,
    task: TaskId,
    row: Option<Version>,
    offset: i64,
    budget: Budget,
}

impl Driver {
    /// A driver for an agent that knows the gateways (model, tools, knowledge) and no other agent.
    ///
    /// # Errors
    /// A sentence, if the agent's schemas cannot be parsed.
    pub fn new<A: Agent>(name: &str, agent: A) -> Result<Self, String> {
        Self::in_team(name, agent, &[])
    }

    /// A driver for an agent that can also reach these agents.
    ///
    /// # Errors
    /// A sentence, if the agent's schemas cannot be parsed.
    pub fn in_team<A: Agent>(name: &str, agent: A, others: &[&str]) -> Result<Self, String> {
        let registry = Registry::new().map_err(|error| error.to_string())?;
        register::<A>(&registry).map_err(|error| error.to_string())?;
        let codec = Codec::new(registry);
        let mut directory = Directory::default();
        for topic in ["results", "closings", "timers", "dead-letters"] {
            directory.insert(topic, topic, 1, Peer::Runtime);
        }
        for gateway in ["model", "tools", "knowledge"] {
            directory.insert(gateway, gateway, 1, Peer::Gateway);
        }
        for agent in others.iter().chain([&name]) {
            directory.insert(agent, agent, 1, Peer::Agent);
        }
        let team = Team { codec: codec.clone(), directory, bounds: Bounds::default() };
        let works = Works::new(name, team, Arc::new(Typed::new(Arc::new(agent), codec.clone())))?;
        let task = TaskId::new("driven")?;
        let work = WorkId::of_task("tasks", &task);
        Ok(Self { works, codec, work, task, row: None, offset: 0, budget: Budget { calls: 100 } })
    }

    /// Calls that the work may spend; before its input.
    #[must_use]
    pub fn with_budget(mut self, calls: u32) -> Self {
        self.budget = Budget { calls };
        self
    }

    /// Makes a message known that the agent gets as an answer or part, or sends.
    ///
    /// # Errors
    /// A sentence, if its schema cannot be parsed.
    pub fn knows<M: Message>(&mut self) -> Result<(), String> {
        self.codec.registry().register::<M>().map(|_| ()).map_err(|error| error.to_string())
    }

    /// The work begins.
    ///
    /// # Errors
    /// A sentence, if the message cannot be written or the node would have stopped.
    pub fn input<M: Message>(&mut self, message: &M) -> Result<Said, String> {
        self.knows::<M>()?;
        let value = self.encode(message)?;
        let envelope = self.envelope(Kind::Input);
        self.step(envelope, value)
    }

    /// The call that the agent named so is answered.
    ///
    /// # Errors
    /// As [`Driver::input`]; also if no such call is pending.
    pub fn answer<M: Message>(&mut self, name: &str, message: &M) -> Result<Said, String> {
        self.knows::<M>()?;
        let value = self.encode(message)?;
        let envelope = self.reply(name, Outcome::Ok)?;
        self.step(envelope, value)
    }

    /// The call that the agent named so fails.
    ///
    /// # Errors
    /// As [`Driver::answer`].
    pub fn fail(&mut self, name: &str, failure: &Failure) -> Result<Said, String> {
        let value = self.encode(failure)?;
        let envelope = self.reply(name, Outcome::Failed)?;
        self.step(envelope, value)
    }

    /// The timer that the agent named so fires.
    ///
    /// # Errors
    /// As [`Driver::answer`].
    pub fn fire(&mut self, name: &str) -> Result<Said, String> {
        let value = self.encode(&Timer { due: self.now().0, name: name.to_owned() })?;
        let mut envelope = self.reply(name, Outcome::Ok)?;
        envelope.kind = Kind::Timer;
        self.step(envelope, value)
    }

    /// The work begins as the end of a fork.
    pub fn gather(&mut self) -> Gathering<'_> {
        Gathering { driver: self, parts: Vec::new() }
    }

    /// A framed message as one of this type: what a forker tells the gathering agent, for example.
    ///
    /// # Errors
    /// A sentence, if it is none.
    pub fn decode<M: Message>(&mut self, value: &[u8]) -> Result<M, String> {
        self.knows::<M>()?;
        self.codec.decode(value).map_err(|error| error.to_string())
    }

    /// Where the work stands.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.row().map(|row| row.status)
    }

    /// Bytes of the work's row as it is stored.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        self.row.as_ref().map_or(0, |version| version.value.len())
    }

    fn row(&self) -> Option<WorkRow> {
        self.row.as_ref().and_then(|version| self.codec.decode_state(&version.value).ok())
    }

    fn encode<M: Message>(&self, message: &M) -> Result<Bytes, String> {
        self.codec.encode(message).map_err(|error| error.to_string())
    }

    fn now(&self) -> Timestamp {
        Timestamp(FIRST_AT.0 + self.offset * 1_000)
    }

    fn envelope(&self, kind: Kind) -> Envelope {
        let address = Address { topic: "results".into(), partition: 0, key: self.work.key() };
        Envelope {
            kind,
            task: self.task.clone(),
            path: WorkPath::root("driven"),
            call: None,
            branch: None,
            outcome: None,
            reply_to: Some(ReplyTo { kind: ReplyKind::Result, address, call: CallId::of_part(self.work) }),
            limits: Limits {
                deadline: Timestamp(FIRST_AT.0 + 600_000),
                budget: self.budget,
                priority: 4,
                tenant: "test".into(),
            },
            origin: Origin { topic: "tasks".into(), partition: 0, offset: 0 },
            accepted_at: FIRST_AT,
            asked_at: None,
            depth: 0,
            hops: 1,
            traceparent: None,
            agent_version: "driver".into(),
        }
    }

    /// The envelope of an answer to a pending call.
    fn reply(&self, name: &str, outcome: Outcome) -> Result<Envelope, String> {
        let row = self.row().ok_or("the work has not begun: give it an input first")?;
        let pending = row.pending.iter().find(|pending| pending.name == name).ok_or_else(|| {
            let names: Vec<&str> = row.pending.iter().map(|pending| pending.name.as_str()).collect();
            format!("nothing named {name:?} is pending, but: {}", names.join(", "))
        })?;
        let mut envelope = self.envelope(Kind::Answer);
        envelope.reply_to = None;
        envelope.call = CallId::parse(pending.call.as_bytes());
        envelope.outcome = Some(outcome);
        envelope.limits.budget = Budget::EMPTY;
        envelope.asked_at = self.row.as_ref().map(|row| Echo { position: row.position, at: FIRST_AT });
        Ok(envelope)
    }

    fn step(&mut self, envelope: Envelope, value: Bytes) -> Result<Said, String> {
        let record = Record {
            topic_partition: TopicPartition::new("inbox", 0),
            offset: self.offset,
            timestamp: self.now(),
            key: self.work.key(),
            value,
            headers: envelope.write(),
        };
        let position = Position { generation: 1, partition: 0, offset: self.offset };
        let input = Input { record: &record, position, state: self.row.as_ref(), beside: Beside::default() };
        let step = self.works.step(&input).map_err(|stopped| stopped.reason)?;
        let again = self.works.step(&input).map_err(|stopped| stopped.reason)?;
        if step != again {
            return Err(
                "the step decided differently when it was made again: an agent must be a pure function"
                    .into(),
            );
        }
        self.offset += 1;
        self.row = Some(Version { position, value: step.state.value().clone() });
        Ok(Said { step, codec: self.codec.clone() })
    }
}

/// A fork's end in the making.
#[must_use = "a gathering does nothing until `close`"]
pub struct Gathering<'a> {
    driver: &'a mut Driver,
    parts: Vec<(String, Option<(Outcome, Bytes)>)>,
}

impl Gathering<'_> {
    /// A part that arrives.
    ///
    /// # Errors
    /// A sentence, if the message cannot be written.
    pub fn part<M: Message>(mut self, branch: &str, message: &M) -> Result<Self, String> {
        self.driver.knows::<M>()?;
        let value = self.driver.encode(message)?;
        self.parts.push((branch.to_owned(), Some((Outcome::Ok, value))));
        Ok(self)
    }

    /// A part that fails.
    ///
    /// # Errors
    /// A sentence, if the failure cannot be written.
    pub fn failed(mut self, branch: &str, failure: &Failure) -> Result<Self, String> {
        let value = self.driver.encode(failure)?;
        self.parts.push((branch.to_owned(), Some((Outcome::Failed, value))));
        Ok(self)
    }

    /// A part that does not come in time.
    pub fn missing(mut self, branch: &str) -> Self {
        self.parts.push((branch.to_owned(), None));
        self
    }

    /// The join closes, with what the forker told; shows what the agent's step sent then.
    ///
    /// # Errors
    /// A sentence, if anything cannot be written or the node would have stopped.
    pub fn close<M: Message>(self, context: &M) -> Result<Said, String> {
        let Self { driver, parts } = self;
        driver.knows::<M>()?;
        let expected = parts.iter().map(|(branch, _)| ExpectedPart {
            branch: branch.clone(),
            topic: "inbox".into(),
            partition: 0,
            key: WorkId::of_part(driver.work, Position { generation: 1, partition: 0, offset: 0 }, branch)
                .to_string(),
        });
        let expectation = Expectation {
            fork: "1/0/0".into(),
            parts: expected.collect(),
            policy: JoinPolicy::All,
            needed: 0,
            until: FIRST_AT.0 + 60_000,
            context: driver.encode(context)?,
        };
        let value = driver.encode(&expectation)?;
        let mut said = driver.step(driver.envelope(Kind::Expectation), value)?;
        let mut missing = false;
        for ((branch, outcome), expected) in parts.into_iter().zip(expectation.parts) {
            let Some((outcome, value)) = outcome else {
                missing = true;
                continue;
            };
            let mut envelope = driver.envelope(Kind::Part);
            envelope.branch = Some(branch);
            envelope.outcome = Some(outcome);
            envelope.call = CallId::parse(expected.key.as_bytes());
            envelope.limits.budget = Budget::EMPTY;
            said = driver.step(envelope, value)?;
        }
        if missing { driver.fire("until") } else { Ok(said) }
    }
}

/// What a step sent.
#[derive(Debug)]
pub struct Said {
    step: Step,
    codec: Codec,
}

impl Said {
    /// The records, in order.
    #[must_use]
    pub fn records(&self) -> &[NewRecord] {
        &self.step.outputs
    }

    /// Whether the record went to the dead letters.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.step.dead.is_some()
    }

    /// Requests to the model.
    #[must_use]
    pub fn model_requests(&self) -> Vec<ModelRequest> {
        self.of("model", Kind::Input)
    }

    /// The arguments of the calls of this tool, as far as they are messages of this type.
    #[must_use]
    pub fn tool_calls<M: Message>(&self, tool: &str) -> Vec<M> {
        let requests = self.of::<ToolRequest>("tools", Kind::Input);
        let of_tool = requests.into_iter().filter(|request| request.tool == tool);
        of_tool.filter_map(|request| self.codec.decode(&request.arguments).ok()).collect()
    }

    /// Queries to the team's knowledge.
    #[must_use]
    pub fn knowledge_queries(&self) -> Vec<KnowledgeQuery> {
        self.of("knowledge", Kind::Input)
    }

    /// Messages of this type to this agent: calls, branches, delegations.
    #[must_use]
    pub fn inputs<M: Message>(&self, agent: &str) -> Vec<M> {
        self.of(agent, Kind::Input)
    }

    /// The expectation that a fork sent to this agent.
    #[must_use]
    pub fn expectation(&self, agent: &str) -> Option<Expectation> {
        self.of(agent, Kind::Expectation).pop()
    }

    /// The task's result, if this step gave it.
    #[must_use]
    pub fn reply<M: Message>(&self) -> Option<M> {
        let record = self.result(Outcome::Ok)?;
        self.codec.decode(&record.value).ok()
    }

    /// The task's failure, if this step gave it.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let record = self.result(Outcome::Failed)?;
        self.codec.decode(&record.value).ok()
    }

    fn result(&self, outcome: Outcome) -> Option<&NewRecord> {
        self.step.outputs.iter().find(|record| {
            Envelope::read(&record.headers)
                .is_ok_and(|envelope| envelope.kind == Kind::Result && envelope.outcome == Some(outcome))
        })
    }

    fn of<M: Message>(&self, topic: &str, kind: Kind) -> Vec<M> {
        let of_kind = |record: &&NewRecord| {
            &*record.topic == topic
                && Envelope::read(&record.headers).is_ok_and(|envelope| envelope.kind == kind)
        };
        self.step
            .outputs
            .iter()
            .filter(of_kind)
            .filter_map(|record| self.codec.decode(&record.value).ok())
            .collect()
    }
}
