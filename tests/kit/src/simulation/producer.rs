//! Producers: what they submit, when, and the mischief they do with it. Users who cancel are among them.

mod plants;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use schemas_records::protocol::Cancellation;
use schemas_records::{
    Budget, CallId, Envelope, Headers, Key, Kind, Limits, Origin, TaskId, WorkId, WorkPath, headers,
};
use topics_catalog::Kind as Topic;
use topics_log::{Log, NewRecord};

use super::chance::Chance;
use super::scene;
use super::without::{Part, Without};
use super::world::World;
use crate::verify::FOREIGN;

pub use plants::{Door, Plant};

/// A good task, as a team's owner would submit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its value: JSON, or framed Avro.
    pub value: Bytes,
    /// Whether a step of it panics: then a dead letter of it is as it should be.
    pub is_deadly: bool,
    /// Whether its outcome depends on how fast things go: then it is not compared with a calm run's.
    pub is_timely: bool,
}

impl Task {
    /// A task from a producer's bytes.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self { value: value.into(), is_deadly: false, is_timely: false }
    }

    /// The same, of which a step panics.
    #[must_use]
    pub fn deadly(mut self) -> Self {
        self.is_deadly = true;
        self
    }

    /// The same, of which the outcome depends on how fast things go.
    #[must_use]
    pub fn timely(mut self) -> Self {
        self.is_timely = true;
        self
    }
}

/// A record that is sent at a time.
pub struct Submission {
    /// When, counted from the beginning.
    pub at: Duration,
    /// What kind of thing it is, for the trace.
    pub kind: &'static str,
    /// The record.
    pub record: NewRecord,
}

impl Submission {
    /// What it is, whose, and when.
    fn in_words(&self) -> String {
        let of = self.record.headers.text(headers::TASK_ID).map(|id| format!(" of {id}")).unwrap_or_default();
        format!("{}{of} {}", self.kind, scene::from(self.at))
    }
}

/// All that is sent, in order, and what was done to which task.
#[derive(Default)]
pub struct Submissions {
    /// In order of time, without what is left out.
    pub list: Vec<Submission>,
    /// All of it in words, in the order of its numbers.
    pub sent: Vec<String>,
    /// Tasks that were cancelled or have little time: their outcome may be another than in a calm.
    pub troubled: BTreeSet<String>,
    /// Tasks of which a dead letter is as it should be.
    pub deadly: BTreeSet<String>,
}

/// Decides what producers send.
pub struct Producer<'a> {
    world: &'a World,
    chance: Chance,
    out: Submissions,
}

impl<'a> Producer<'a> {
    /// A producer in a world.
    #[must_use]
    pub fn new(world: &'a World) -> Self {
        Self { world, chance: world.chance.of("producer"), out: Submissions::default() }
    }

    /// Submits every task and what is planted once, and does what mischief the storm allows; then leaves out what is
    /// to be left out, so that it moves nothing else.
    #[must_use]
    pub fn submit(mut self, tasks: &[Task], plants: &[Plant], without: &Without) -> Submissions {
        let mischief = self.world.storm.mischief_per_mille;
        for (number, task) in tasks.iter().enumerate() {
            let at = self.time();
            // Without mischief every task has an id, so that whoever reads the results finds it.
            let is_nameless = !task.is_deadly && self.chance.happens(mischief);
            let id = if is_nameless { None } else { Some(format!("task-{number}")) };
            let hurry = (id.is_some() && self.chance.happens(mischief / 2))
                .then(|| self.chance.millis(1_000, 25_000));
            self.send(at, "task", self.task(id.as_deref(), hurry, &task.value));
            let Some(id) = id else { continue };
            if task.is_deadly {
                self.out.deadly.insert(id.clone());
            }
            if hurry.is_some() {
                self.world.trace.count("short deadline");
                self.out.troubled.insert(id.clone());
            }
            if self.chance.happens(mischief) {
                let later = at + self.chance.millis(0, 8_000);
                self.send(later, "the same task again", self.task(Some(&id), hurry, &task.value));
            }
            if self.chance.happens(mischief / 2)
                && let Some(other) = self.chance.pick(tasks).cloned()
            {
                let later = at + self.chance.millis(0, 8_000);
                if other.is_deadly {
                    self.out.deadly.insert(id.clone());
                }
                self.send(later, "another task under its id", self.task(Some(&id), hurry, &other.value));
            }
            if self.chance.happens(mischief) {
                let later = at + self.chance.millis(0, 6_000);
                if let Some(record) = self.cancellation(&id) {
                    self.send(later, "cancellation", record);
                    self.out.troubled.insert(id);
                }
            }
        }
        for _ in 0..self.chance.below(1 + mischief / 50) {
            self.plant();
        }
        for plant in plants {
            let at = self.time();
            let record = self.planted(plant);
            self.send(at, "planted record", record);
        }
        self.out.sent = self.out.list.iter().map(Submission::in_words).collect();
        let mut number = 0..;
        self.out.list.retain(|_| number.next().is_none_or(|number| !without.has(Part::Sent(number))));
        self.out.list.sort_by_key(|submission| submission.at);
        self.out
    }

    fn time(&mut self) -> Duration {
        let lasts = usize::try_from(self.world.storm.lasts.as_millis()).unwrap_or(0);
        self.chance.millis(0, lasts / 2)
    }

    fn send(&mut self, at: Duration, kind: &'static str, record: NewRecord) {
        self.out.list.push(Submission { at, kind, record });
    }

    fn task(&self, id: Option<&str>, deadline: Option<Duration>, value: &Bytes) -> NewRecord {
        let mut out = Headers::new();
        if let Some(id) = id {
            out.push(headers::TASK_ID, id);
        }
        if let Some(deadline) = deadline {
            out.push(headers::DEADLINE, format!("{}ms", deadline.as_millis()));
        }
        self.record(Topic::Tasks, None, Key::new(b""), value.clone(), out)
    }

    fn record(
        &self,
        topic: Topic,
        partition: Option<i32>,
        key: Key,
        value: Bytes,
        headers: Headers,
    ) -> NewRecord {
        NewRecord { topic: self.world.topic(topic).as_str().into(), partition, key, value, headers }
    }

    /// What a user's cancellation of a task is: a record to the entry agent, under the task's key.
    fn cancellation(&self, id: &str) -> Option<NewRecord> {
        let entry = self.world.team.agents().next()?;
        let task = TaskId::new(id).ok()?;
        let topic = self.world.topic(Topic::Tasks);
        let work = WorkId::of_task(&topic, &task);
        let envelope = Envelope {
            kind: Kind::Cancellation,
            task,
            path: WorkPath::root(entry),
            call: Some(CallId::of_part(work)),
            branch: None,
            outcome: None,
            reply_to: None,
            limits: Limits {
                deadline: self.world.clock.now().plus(Duration::from_secs(3_600)),
                budget: Budget::EMPTY,
                priority: 4,
                tenant: self.world.team.name().to_owned(),
            },
            origin: Origin { topic, partition: 0, offset: 0 },
            accepted_at: self.world.clock.now(),
            asked_at: None,
            depth: 0,
            hops: 1,
            traceparent: None,
            agent_version: String::new(),
        };
        let mut out = envelope.write();
        out.push(FOREIGN, "cancellation");
        let value = Cancellation { reason: "its user does not want it any more".into(), due: 0 };
        let value = self.world.codec.encode(&value).ok()?;
        let inbox = self.world.names.inbox(entry);
        Some(NewRecord {
            topic: inbox.as_str().into(),
            partition: None,
            key: work.key(),
            value,
            headers: out,
        })
    }
}

/// Sends everything at its time, each until it is acknowledged: a producer that does not know whether it
/// was, sends again.
pub async fn produce(world: &World, submissions: Vec<Submission>) {
    let start = tokio::time::Instant::now();
    for Submission { at, kind, record } in submissions {
        tokio::time::sleep_until(start + at).await; // virtual clock
        world.trace.say(kind, || format!("to {}", record.topic));
        send(world, record).await;
    }
}

/// Sends a record until it is acknowledged.
pub async fn send(world: &World, record: NewRecord) {
    loop {
        let sent = match world.log.publisher().await {
            Ok(publisher) => publisher.publish(vec![record.clone()]).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(_) => return,
            Err(error) if error.remedy == topics_log::Remedy::Stop => {
                world.wrong(format!("a producer could not send: {error}"));
                return;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await, // virtual clock
        }
    }
}
