//! What records say of tasks: one entry for each, in whatever order its records come.
//!
//! Three topics have no order among each other, so each rule holds either way around: the first outcome counts,
//! an input counts over a refusal, and a refusal only where nothing was taken.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use infra_http::told::{Looked, State, Task};
use schemas_codec::Codec;
use schemas_records::ids::content_hash;
use schemas_records::{Envelope, Failure, Kind, Outcome, ReplyKind, TaskId, Timestamp, headers};
use topics_catalog::Names;
use topics_log::{Record, TopicPartition};

/// Most tasks that are known at once; the oldest are forgotten first. Half a kilobyte each.
const TASKS_MAX: usize = 50_000;

/// Most bytes of results kept beside them: what is not is read again when asked for.
const RESULT_BYTES_MAX: usize = 16 << 20;

/// The topics that tell of tasks, and the codec for their failures.
pub(super) struct Sources {
    pub tasks: String,
    pub results: String,
    pub names: Names,
    /// The agent at which tasks enter.
    pub entry: String,
    pub codec: Codec,
}

impl Sources {
    /// Whether a topic tells of tasks.
    pub fn tell(&self, topic: &str) -> bool {
        topic == self.tasks || topic == self.results || self.is_entry(topic)
    }

    /// Whether a topic is the entry agent's inbox, of whatever generation. A task that was passed on from one to
    /// the other stands in both; to cancel it, either will do.
    fn is_entry(&self, topic: &str) -> bool {
        self.names.agent_of(topic) == Some(self.entry.as_str())
    }
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub at: TopicPartition,
    pub offset: i64,
}

impl Place {
    fn of(record: &Record) -> Self {
        Self { at: record.topic_partition.clone(), offset: record.offset }
    }

    fn words(&self) -> String {
        format!("{}/{}", self.at, self.offset)
    }
}

/// What is known of one task.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub state: State,
    /// `topic/partition/offset` of its record.
    pub origin: String,
    /// Accepted; before that, appended.
    pub at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub failure: Option<Failure>,
    /// A hash of what it is about, if that is known.
    pub content: Option<String>,
    /// Its input in the entry inbox.
    pub input: Option<Place>,
    /// Its outcome in the results.
    pub outcome: Option<Place>,
    /// Its result, if it is kept.
    pub value: Option<Bytes>,
}

impl Entry {
    /// A task that was put on the task topic and not taken yet.
    pub fn waiting(origin: String, at: Timestamp) -> Self {
        Self {
            state: State::Waiting,
            origin,
            at,
            ended_at: None,
            failure: None,
            content: None,
            input: None,
            outcome: None,
            value: None,
        }
    }

    /// What is told of it.
    pub fn task(&self, task: &str) -> Task {
        Task {
            task: task.to_owned(),
            state: self.state,
            origin: self.origin.clone(),
            at: self.at,
            ended_at: self.ended_at,
            failure: self.failure.clone(),
        }
    }
}

/// All that is known.
#[derive(Default)]
pub(super) struct Seen {
    entries: BTreeMap<String, Entry>,
    /// Ids in the order in which they became known.
    order: VecDeque<String>,
    /// Ids whose results are kept, and their bytes, the oldest first.
    kept: VecDeque<(String, usize)>,
    kept_bytes: usize,
    pub looked: Looked,
}

impl Seen {
    pub fn find(&self, task: &str) -> Option<Entry> {
        self.entries.get(task).cloned()
    }

    pub fn tasks(&self, fits: impl Fn(&Entry) -> bool) -> Vec<Task> {
        self.entries.iter().filter(|(_, entry)| fits(entry)).map(|(id, entry)| entry.task(id)).collect()
    }

    pub fn count(&self, state: State) -> usize {
        self.entries.values().filter(|entry| entry.state == state).count()
    }

    /// Notes a task, unless more is known of it already.
    pub fn note(&mut self, task: &str, entry: Entry) {
        match self.entries.get_mut(task) {
            None => self.insert(task, entry),
            Some(known) if known.state == State::Refused && known.origin != entry.origin => *known = entry,
            Some(known) => known.content = known.content.take().or(entry.content),
        }
    }

    /// Takes in one record.
    pub fn see(&mut self, sources: &Sources, record: &Record) {
        let topic = &*record.topic_partition.topic;
        if topic == sources.tasks {
            let place = Place::of(record);
            let own = || TaskId::of_origin(topic, place.at.partition, place.offset);
            let given = record.headers.text(headers::TASK_ID).map(TaskId::new);
            let id = given.and_then(Result::ok).unwrap_or_else(own);
            self.note(id.as_str(), Entry::waiting(place.words(), record.timestamp));
            return;
        }
        let Ok(envelope) = Envelope::read(&record.headers) else { return };
        match envelope.kind {
            Kind::Input if sources.is_entry(topic) => self.input(record, &envelope),
            Kind::Result if topic == sources.results => self.outcome(sources, record, &envelope),
            Kind::Refused if topic == sources.results => self.refusal(sources, record, &envelope),
            _ => {}
        }
    }

    /// An input in the entry inbox: the task was taken.
    fn input(&mut self, record: &Record, envelope: &Envelope) {
        let is_task = envelope.reply_to.as_ref().is_some_and(|to| to.kind == ReplyKind::Result);
        if !is_task {
            return;
        }
        let entry = self.entry(envelope);
        if matches!(entry.state, State::Waiting | State::Refused) {
            (entry.state, entry.ended_at, entry.failure) = (State::Open, None, None);
            (entry.at, entry.origin) = (envelope.accepted_at, envelope.origin.to_string());
        }
        // The first one; a later one is the same task again, or other content that is refused.
        if entry.input.is_none() {
            entry.input = Some(Place::of(record));
            entry.content = Some(content_hash(&[&record.value]));
        }
    }

    /// A result or a typed failure: the first counts.
    fn outcome(&mut self, sources: &Sources, record: &Record, envelope: &Envelope) {
        let entry = self.entry(envelope);
        if entry.outcome.is_some() {
            return;
        }
        (entry.at, entry.origin) = (envelope.accepted_at, envelope.origin.to_string());
        (entry.ended_at, entry.outcome) = (Some(record.timestamp), Some(Place::of(record)));
        if envelope.outcome == Some(Outcome::Ok) {
            (entry.state, entry.failure, entry.value) = (State::Done, None, Some(record.value.clone()));
            self.keep(envelope.task.as_str(), record.value.len());
        } else {
            (entry.state, entry.failure) = (State::Failed, failure(sources, record));
        }
    }

    /// A refusal, which says nothing of a task that was taken under the same id.
    fn refusal(&mut self, sources: &Sources, record: &Record, envelope: &Envelope) {
        let entry = self.entry(envelope);
        if entry.state == State::Waiting {
            (entry.state, entry.failure) = (State::Refused, failure(sources, record));
            (entry.ended_at, entry.origin) = (Some(record.timestamp), envelope.origin.to_string());
        }
    }

    fn entry(&mut self, envelope: &Envelope) -> &mut Entry {
        let id = envelope.task.as_str();
        let fresh = || Entry::waiting(envelope.origin.to_string(), envelope.accepted_at);
        if !self.entries.contains_key(id) {
            self.insert(id, fresh());
        }
        self.entries.entry(id.to_owned()).or_insert_with(fresh)
    }

    fn insert(&mut self, id: &str, entry: Entry) {
        if self.order.len() >= TASKS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
            self.looked.is_all = false;
        }
        self.order.push_back(id.to_owned());
        self.entries.insert(id.to_owned(), entry);
    }

    /// Notes that a result is kept; the oldest ones are let go of.
    fn keep(&mut self, id: &str, bytes: usize) {
        self.kept.push_back((id.to_owned(), bytes));
        self.kept_bytes += bytes;
        while self.kept_bytes > RESULT_BYTES_MAX
            && let Some((oldest, bytes)) = self.kept.pop_front()
        {
            self.kept_bytes -= bytes;
            if let Some(entry) = self.entries.get_mut(&oldest) {
                entry.value = None;
            }
        }
    }
}

fn failure(sources: &Sources, record: &Record) -> Option<Failure> {
    sources.codec.decode(&record.value).ok()
}
