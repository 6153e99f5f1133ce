//! A house of scripted agents: rows in a map, records in a queue, nothing hidden.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::work::WorkRow;
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, Headers, Kind, Limits, Message, Origin, Outcome, Position,
    ReplyKind, ReplyTo, TaskId, Text, Timestamp, WorkId, WorkPath,
};
use topics_catalog::{Directory, Peer};
use topics_log::{NewRecord, Record, TopicPartition};
use topics_runtime::{Beside, Handler, Input, Step, Stopped};
use topics_state::Version;

use crate::{Bounds, Effects, Event, ExternalTool, Fault, Happened, Logic, Team, Works};

/// What an agent of the house does at each event.
pub(super) type Script = Arc<dyn Fn(&Event, &mut Effects) -> Result<(), Fault> + Send + Sync>;

struct Scripted {
    script: Script,
    codec: Codec,
}

impl Logic for Scripted {
    fn step(&self, event: &Event, state: &Bytes) -> Result<(Bytes, Effects), Fault> {
        let mut effects = Effects::new(self.codec.clone());
        (self.script)(event, &mut effects)?;
        let mut state = state.to_vec();
        state.push(b'.');
        Ok((state.into(), effects))
    }

    fn version(&self) -> String {
        "test".into()
    }
}

/// The time of the first record; each later one is appended a second after the last.
pub(super) const START: i64 = 1_000_000_000;

/// The deadline of every task of the house.
pub(super) const DEADLINE: Timestamp = Timestamp(START + 600_000);

pub(super) struct House {
    pub(super) codec: Codec,
    works: BTreeMap<String, Works>,
    rows: BTreeMap<(String, String), Version>,
    offset: i64,
    /// What was sent and not delivered: everything but what goes to the house's agents.
    pub(super) sent: Vec<NewRecord>,
    /// What waits for delivery to the house's agents.
    pub(super) queue: VecDeque<NewRecord>,
    /// Everything the steps counted.
    pub(super) notes: Vec<&'static str>,
    /// Codes of the dead letters.
    pub(super) dead: Vec<&'static str>,
}

impl House {
    pub(super) fn new(agents: &[(&str, Script)]) -> Self {
        let names: Vec<&str> = agents.iter().map(|(name, _)| *name).collect();
        Self::in_team(agents, &directory(&names))
    }

    /// A house whose agents reach what this directory holds.
    pub(super) fn in_team(agents: &[(&str, Script)], directory: &Directory) -> Self {
        let codec = Codec::new(Registry::new().unwrap());
        let works = agents
            .iter()
            .map(|(name, script)| ((*name).to_owned(), works_in(name, directory.clone(), script, &codec)))
            .collect();
        Self {
            codec,
            works,
            rows: BTreeMap::new(),
            offset: 0,
            sent: Vec::new(),
            queue: VecDeque::new(),
            notes: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// Lets an agent use tools that another process serves.
    pub(super) fn allow(&mut self, agent: &str, tools: Vec<ExternalTool>) {
        let works = self.works.remove(agent).unwrap().with_external(tools);
        self.works.insert(agent.to_owned(), works);
    }

    /// A task's input as intake writes it.
    pub(super) fn task(&self, id: &str, text: &str, calls: u32, offset: i64) -> NewRecord {
        let task = TaskId::new(id).unwrap();
        let work = WorkId::of_task("tasks", &task);
        let reply_to = ReplyTo {
            kind: ReplyKind::Result,
            address: Address { topic: "results".into(), partition: 0, key: work.key() },
            call: CallId::of_part(work),
        };
        let envelope = Envelope {
            kind: Kind::Input,
            task,
            path: WorkPath::root("entry"),
            call: None,
            branch: None,
            outcome: None,
            reply_to: Some(reply_to),
            limits: Limits {
                deadline: DEADLINE,
                budget: Budget { calls },
                priority: 4,
                tenant: "acme".into(),
            },
            origin: Origin { topic: "tasks".into(), partition: 0, offset },
            accepted_at: Timestamp(START),
            asked_at: None,
            depth: 0,
            hops: 1,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            agent_version: "intake".into(),
        };
        NewRecord {
            topic: "entry".into(),
            partition: Some(0),
            key: work.key(),
            value: self.codec.encode(&Text::new(text)).unwrap(),
            headers: envelope.write(),
        }
    }

    /// Steps one record at its agent, twice (the steps must be equal), and queues what it sent.
    pub(super) fn deliver(&mut self, record: NewRecord) -> Result<Step, Stopped> {
        let agent = record.topic.to_string();
        let read = Record {
            topic_partition: TopicPartition::new(record.topic.clone(), 0),
            offset: self.offset,
            timestamp: Timestamp(START + self.offset * 1_000),
            key: record.key.clone(),
            value: record.value,
            headers: record.headers,
        };
        let position = Position { generation: 1, partition: 0, offset: self.offset };
        self.offset += 1;
        let at = (agent.clone(), record.key.to_string());
        let input = Input { record: &read, position, state: self.rows.get(&at), beside: Beside::default() };
        let step = self.works[&agent].step(&input)?;
        assert_eq!(Ok(&step), self.works[&agent].step(&input).as_ref(), "a step is a function of its input");
        self.rows.insert(at, Version { position, value: step.state.value().clone() });
        self.notes.extend(&step.notes);
        self.dead.extend(step.dead.iter().map(|dead| dead.code));
        for output in &step.outputs {
            if self.works.contains_key(&*output.topic) {
                self.queue.push_back(output.clone());
            } else {
                self.sent.push(output.clone());
            }
        }
        Ok(step)
    }

    /// Delivers until nothing waits.
    pub(super) fn run(&mut self) {
        while let Some(record) = self.queue.pop_front() {
            self.deliver(record).unwrap();
        }
    }

    /// A task, walked to where it waits or ends.
    pub(super) fn submit(&mut self, id: &str, text: &str) {
        let record = self.task(id, text, 100, 0);
        self.queue.push_back(record);
        self.run();
    }

    /// Answers the oldest request of this topic that was sent, as a gateway would.
    pub(super) fn answer(&mut self, topic: &str, outcome: Outcome, value: Bytes, rest: u32) -> NewRecord {
        let request = self.take(topic, Kind::Input);
        let asked = Envelope::read(&request.headers).unwrap();
        let to = asked.reply_to.clone().unwrap();
        crate::reply_record(&to, &asked, outcome, value, Budget { calls: rest }, "gateway")
    }

    /// Fires the timer of this name, as the timer gateway would.
    pub(super) fn fire(&mut self, name: &str) -> NewRecord {
        let at = self
            .sent
            .iter()
            .position(|record| {
                &*record.topic == "timers"
                    && self
                        .codec
                        .decode::<schemas_records::protocol::Timer>(&record.value)
                        .is_ok_and(|t| t.name == name)
            })
            .unwrap_or_else(|| panic!("no timer {name:?} was set"));
        let request = self.sent.remove(at);
        let asked = Envelope::read(&request.headers).unwrap();
        let to = asked.reply_to.clone().unwrap();
        let mut record =
            crate::reply_record(&to, &asked, Outcome::Ok, request.value, Budget::EMPTY, "timers");
        let mut envelope = Envelope::read(&record.headers).unwrap();
        envelope.kind = Kind::Timer;
        envelope.outcome = None;
        record.headers = envelope.write();
        record
    }

    /// Takes the oldest record of a kind that was sent to a topic.
    pub(super) fn take(&mut self, topic: &str, kind: Kind) -> NewRecord {
        let at = self
            .sent
            .iter()
            .position(|record| &*record.topic == topic && kind_of(&record.headers) == Some(kind))
            .unwrap_or_else(|| panic!("nothing of kind {kind:?} was sent to {topic}"));
        self.sent.remove(at)
    }

    /// How many records of a kind were sent to a topic and not taken.
    pub(super) fn count(&self, topic: &str, kind: Kind) -> usize {
        self.sent.iter().filter(|r| &*r.topic == topic && kind_of(&r.headers) == Some(kind)).count()
    }

    /// What was sent as this task's outcome: exactly one result is asserted.
    pub(super) fn outcome(&mut self) -> Result<String, Failure> {
        assert_eq!(self.count("results", Kind::Result), 1, "one result");
        assert_eq!(self.count("closings", Kind::Closing), 1, "one closing");
        let record = self.take("results", Kind::Result);
        self.take("closings", Kind::Closing);
        let envelope = Envelope::read(&record.headers).unwrap();
        match envelope.outcome {
            Some(Outcome::Ok) => Ok(self.codec.decode::<Text>(&record.value).unwrap().text),
            _ => Err(self.codec.decode::<Failure>(&record.value).unwrap()),
        }
    }

    /// The row of an agent's only work.
    pub(super) fn row(&self, agent: &str) -> WorkRow {
        let mut rows = self.rows.iter().filter(|((of, _), _)| of == agent).map(|(_, version)| version);
        let row = self.codec.decode_state(&rows.next().unwrap().value).unwrap();
        assert!(rows.next().is_none(), "more than one work");
        row
    }

    /// Forgets every row, as a store that lost its disk.
    pub(super) fn lose_rows(&mut self) {
        self.rows.clear();
    }

    pub(super) fn encode<M: Message>(&self, message: &M) -> Bytes {
        self.codec.encode(message).unwrap()
    }
}

/// The works of one agent of a house.
pub(super) fn works(name: &str, agents: &[&str], script: &Script, codec: &Codec) -> Works {
    works_in(name, directory(agents), script, codec)
}

fn works_in(name: &str, directory: Directory, script: &Script, codec: &Codec) -> Works {
    let team = Team { codec: codec.clone(), directory, bounds: Bounds::default() };
    let logic = Arc::new(Scripted { script: Arc::clone(script), codec: codec.clone() });
    Works::new(name, team, logic).unwrap()
}

/// All that a team of these agents can have.
fn directory(agents: &[&str]) -> Directory {
    let mut directory = Directory::default();
    for topic in ["results", "closings", "timers", "dead-letters"] {
        directory.insert(topic, topic, 2, Peer::Runtime);
    }
    for gateway in ["model", "tools", "knowledge"] {
        directory.insert(gateway, gateway, 2, Peer::Gateway);
    }
    for tool in ["carrier", "scales"] {
        directory.insert(&topics_catalog::external(tool), tool, 2, Peer::Gateway);
    }
    directory.insert("audit", "audit", 2, Peer::Topic);
    for agent in agents {
        directory.insert(agent, agent, 1, Peer::Agent);
    }
    directory
}

fn kind_of(headers: &Headers) -> Option<Kind> {
    Kind::parse(headers.text(schemas_records::headers::KIND)?)
}

/// An agent that does this at each event.
pub(super) fn agent(
    script: impl Fn(&Event, &mut Effects) -> Result<(), Fault> + Send + Sync + 'static,
) -> Script {
    Arc::new(script)
}

/// An agent that replies with its input's text and its own mark.
pub(super) fn echo(mark: &'static str) -> Script {
    agent(move |event, effects| {
        if let Happened::Input(bytes) = &event.happened {
            let text = Codec::new(Registry::new().unwrap()).decode::<Text>(bytes).unwrap();
            effects.reply(&Text::new(format!("{}{mark}", text.text)));
        }
        Ok(())
    })
}
