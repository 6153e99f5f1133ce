//! A stage: a loaded team's agents over rows in a map and records in a queue, with the real protocol.
//!
//! Every step is made twice and compared. The model is a function of its prompt.

use std::collections::{BTreeMap, VecDeque};

use agents_manifest::Loaded;
use agents_work::{Bounds, Team, Works, reply_record};
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::Timer;
use schemas_records::tool::{Cell, KnowledgeQuery, Passage, Passages, Table, ToolRequest};
use schemas_records::work::WorkRow;
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, Kind, Limits, ModelAnswer, ModelRequest, Origin, Outcome,
    Position, ReplyKind, ReplyTo, TaskId, Timestamp, WorkId, WorkPath,
};
use serde_json::Value;
use topics_catalog::{Directory, Peer};
use topics_log::{NewRecord, Record, TopicPartition};
use topics_runtime::{Beside, Handler, Input};
use topics_state::Version;

/// The time of the first record; each later one comes a second after the last.
const START: i64 = 1_700_000_000_000;

/// What the model does with a prompt.
pub enum Says {
    /// It answers so.
    Text(String),
    /// It answers so, cut at the most tokens.
    Cut(String),
    /// The call fails.
    Failure(Failure),
    /// Nothing comes.
    Nothing,
}

/// The model: from a request and the path of the work that asks.
type Model = Box<dyn FnMut(&str, &ModelRequest) -> Says>;

/// A team on its stage.
pub struct Stage {
    pub codec: Codec,
    works: BTreeMap<String, Works>,
    rows: BTreeMap<(String, String), Version>,
    model: Model,
    /// Every request to the tools, and every query.
    pub tools: Vec<ToolRequest>,
    pub queries: Vec<KnowledgeQuery>,
    offset: i64,
    /// Every request to the model: who asked, and the prompt.
    pub asked: Vec<(String, ModelRequest)>,
    /// Every input to an agent: its name and the message.
    pub told: Vec<(String, Value)>,
    timers: Vec<NewRecord>,
    results: Vec<NewRecord>,
    queue: VecDeque<NewRecord>,
    /// How many records went to the dead letters.
    pub dead: usize,
    /// How many cancellations were sent.
    pub cancelled: usize,
}

/// A model that says this of every prompt.
pub fn always(text: &str) -> impl FnMut(&str, &ModelRequest) -> Says + use<> {
    let text = text.to_owned();
    move |_, _| Says::Text(text.clone())
}

/// The last message of a prompt.
pub fn last(request: &ModelRequest) -> &str {
    &request.messages.last().unwrap().content
}

impl Stage {
    /// A team whose model is this function.
    pub fn new(team: &Loaded, model: impl FnMut(&str, &ModelRequest) -> Says + 'static) -> Self {
        let registry = Registry::new().unwrap();
        team.register(&registry).unwrap();
        let codec = Codec::new(registry);
        let mut directory = Directory::default();
        for topic in ["results", "closings", "timers", "dead-letters"] {
            directory.insert(topic, topic, 1, Peer::Runtime);
        }
        for gateway in ["model", "tools", "knowledge"] {
            directory.insert(gateway, gateway, 1, Peer::Gateway);
        }
        for agent in team.agents() {
            directory.insert(&agent.name, &agent.name, 1, Peer::Agent);
        }
        let works = team.agents().iter().map(|agent| {
            let bounds = Bounds::default();
            let shared = Team { codec: codec.clone(), directory: directory.clone(), bounds };
            let logic = team.logic(agent, codec.clone());
            (agent.name.clone(), Works::new(&agent.name, shared, logic).unwrap())
        });
        Self {
            works: works.collect(),
            codec: codec.clone(),
            rows: BTreeMap::new(),
            model: Box::new(model),
            tools: Vec::new(),
            queries: Vec::new(),
            offset: 0,
            asked: Vec::new(),
            told: Vec::new(),
            timers: Vec::new(),
            results: Vec::new(),
            queue: VecDeque::new(),
            dead: 0,
            cancelled: 0,
        }
    }

    /// A task, framed as intake does it, walked to where it waits or ends.
    pub fn submit(&mut self, team: &Loaded, task: &str) {
        let value =
            self.codec.read_message(team.entry_schema(), &Bytes::copy_from_slice(task.as_bytes())).unwrap();
        self.submit_framed(&team.agents()[0].name, value);
    }

    /// Any bytes as a task's input.
    pub fn submit_framed(&mut self, entry: &str, value: Bytes) {
        let task = TaskId::new("staged").unwrap();
        let work = WorkId::of_task("tasks", &task);
        let address = Address { topic: "results".into(), partition: 0, key: work.key() };
        let call = CallId::of_part(work);
        let budget = Budget { calls: 1_000 };
        let deadline = Timestamp(START + 3_600_000);
        let envelope = Envelope {
            kind: Kind::Input,
            task,
            path: WorkPath::root(entry),
            call: None,
            branch: None,
            outcome: None,
            reply_to: Some(ReplyTo { kind: ReplyKind::Result, address, call }),
            limits: Limits { deadline, budget, priority: 4, tenant: "test".into() },
            origin: Origin { topic: "tasks".into(), partition: 0, offset: 0 },
            accepted_at: Timestamp(START),
            asked_at: None,
            depth: 0,
            hops: 1,
            traceparent: None,
            agent_version: "stage".into(),
        };
        let headers = envelope.write();
        let topic = entry.into();
        self.queue.push_back(NewRecord { topic, partition: Some(0), key: work.key(), value, headers });
        self.run();
    }

    /// Fires every timer of this name, as the timer gateway would; what they set in motion runs.
    pub fn fire(&mut self, name: &str) {
        let named = |record: &NewRecord| {
            self.codec.decode::<Timer>(&record.value).is_ok_and(|timer| timer.name == name)
        };
        let fired: Vec<NewRecord> = self.timers.iter().filter(|record| named(record)).cloned().collect();
        assert!(!fired.is_empty(), "no timer {name:?} was set");
        for request in fired {
            let asked = Envelope::read(&request.headers).unwrap();
            let to = asked.reply_to.clone().unwrap();
            let value = request.value.clone();
            let mut record = reply_record(&to, &asked, Outcome::Ok, value, Budget::EMPTY, "timers");
            let mut envelope = Envelope::read(&record.headers).unwrap();
            envelope.kind = Kind::Timer;
            envelope.outcome = None;
            record.headers = envelope.write();
            self.queue.push_back(record);
        }
        self.run();
    }

    /// The task's outcome, which must be one.
    pub fn outcome(&self) -> Result<Value, Failure> {
        assert_eq!(self.results.len(), 1, "one outcome");
        let record = &self.results[0];
        match Envelope::read(&record.headers).unwrap().outcome {
            Some(Outcome::Ok) => Ok(self.codec.to_json(&record.value).unwrap()),
            _ => Err(self.codec.decode(&record.value).unwrap()),
        }
    }

    /// Whether the task has no outcome yet.
    pub fn is_open(&self) -> bool {
        self.results.is_empty()
    }

    /// The rows of an agent's works that are still open.
    pub fn rows(&self, agent: &str) -> Vec<WorkRow> {
        let rows = self.rows.iter().filter(|((of, _), _)| of == agent);
        rows.map(|(_, version)| self.codec.decode_state(&version.value).unwrap()).collect()
    }

    fn run(&mut self) {
        let mut steps = 0;
        while let Some(record) = self.queue.pop_front() {
            self.deliver(record);
            steps += 1;
            assert!(steps < 10_000, "it does not come to rest");
        }
    }

    fn deliver(&mut self, record: NewRecord) {
        let agent = record.topic.to_string();
        let envelope = Envelope::read(&record.headers).unwrap();
        if envelope.kind == Kind::Input {
            self.told.extend(self.codec.to_json(&record.value).map(|message| (agent.clone(), message)));
        }
        let read = Record {
            topic_partition: TopicPartition::new(agent.as_str(), 0),
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
        let step = self.works[&agent].step(&input).unwrap();
        assert_eq!(Ok(&step), self.works[&agent].step(&input).as_ref(), "a step is a function of its input");
        self.rows.insert(at, Version { position, value: step.state.value().clone() });
        self.dead += usize::from(step.dead.is_some());
        for output in step.outputs {
            self.send(output);
        }
    }

    fn send(&mut self, record: NewRecord) {
        let kind = schemas_records::headers::KIND;
        if record.headers.text(kind) == Some(Kind::Cancellation.as_str()) {
            self.cancelled += 1;
        }
        match &*record.topic {
            "closings" => {}
            "results" => self.results.push(record),
            "timers" => self.timers.push(record),
            "model" => self.complete(&record),
            "tools" => self.use_tool(&record),
            "knowledge" => self.look_up(&record),
            _ => self.queue.push_back(record),
        }
    }

    /// Every tool answers with a small table.
    fn use_tool(&mut self, record: &NewRecord) {
        let Ok(request) = self.codec.decode::<ToolRequest>(&record.value) else { return };
        self.tools.push(request);
        let row = |month: &str, jobs| vec![Cell::Text(month.into()), Cell::Long(jobs), Cell::Double(0.5)];
        let columns = ["month", "jobs", "share"].map(str::to_owned).to_vec();
        let table = Table { columns, rows: vec![row("may", 7), row("june", 9)], is_cut: false };
        self.answer(record, Outcome::Ok, self.codec.encode(&table).unwrap());
    }

    /// Every base knows one passage.
    fn look_up(&mut self, record: &NewRecord) {
        let Ok(query) = self.codec.decode::<KnowledgeQuery>(&record.value) else { return };
        let title = format!("On {}", query.text);
        self.queries.push(query);
        let passage = Passage { id: "p1".into(), source: "s".into(), title, text: "t".into(), score: 1.0 };
        let passages = self.codec.encode(&Passages { passages: vec![passage] }).unwrap();
        self.answer(record, Outcome::Ok, passages);
    }

    fn answer(&mut self, record: &NewRecord, outcome: Outcome, value: Bytes) {
        let envelope = Envelope::read(&record.headers).unwrap();
        let to = envelope.reply_to.clone().unwrap();
        self.queue.push_back(reply_record(&to, &envelope, outcome, value, Budget::EMPTY, "gateway"));
    }

    fn complete(&mut self, record: &NewRecord) {
        let envelope = Envelope::read(&record.headers).unwrap();
        if envelope.kind != Kind::Input {
            return;
        }
        let request: ModelRequest = self.codec.decode(&record.value).unwrap();
        let path = envelope.path.as_str().to_owned();
        let says = (self.model)(&path, &request);
        self.asked.push((path, request));
        let finish = |text: String, finish| ModelAnswer { finish, ..ModelAnswer::of_text(text) };
        let (outcome, value) = match says {
            Says::Text(text) => (Outcome::Ok, self.codec.encode(&ModelAnswer::of_text(text)).unwrap()),
            Says::Cut(text) => {
                let answer = finish(text, schemas_records::model::Finish::Length);
                (Outcome::Ok, self.codec.encode(&answer).unwrap())
            }
            Says::Failure(failure) => (Outcome::Failed, self.codec.encode(&failure).unwrap()),
            Says::Nothing => return,
        };
        self.answer(record, outcome, value);
    }
}
