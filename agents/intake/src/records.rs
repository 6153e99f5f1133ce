//! The records that intake writes: an input for a task that is taken; for one that is refused, what its
//! producer is told and a dead letter.

use std::sync::Arc;

use schemas_records::{
    CallId, Envelope, Failure, Key, Kind, Limits, Origin, Outcome, ReplyKind, ReplyTo, TaskId, Trace,
    WorkPath,
};
use topics_catalog::Directory;
use topics_log::{NewRecord, Record};
use topics_runtime::dead_letters::dead_letter;
use topics_runtime::{DeadReason, Error, Remedy};

use crate::check::{Refusal, Task, origin_of};
use crate::limits::trace;
use crate::settings::{Parts, Settings};

/// The topics that intake reads and writes, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub tasks: Arc<str>,
    pub closings: Arc<str>,
    pub dead_letters: Arc<str>,
    /// Of tasks, and of closings.
    pub partitions: i32,
}

impl Topics {
    /// Looks them up.
    ///
    /// # Errors
    /// `Stop`, if one is not declared, or closings do not have the partitions that tasks have.
    pub fn of(directory: &Directory, entry: &str) -> Result<Self, Error> {
        let find = |name: &str| {
            let found = directory.find(name).map(|(topic, partitions, _)| (topic, partitions));
            found.ok_or_else(|| {
                Error::new(
                    Remedy::Stop,
                    format!("find the topic of {name}"),
                    "it is not declared; name it in the team's file",
                )
            })
        };
        find(entry)?;
        find("results")?;
        let ((tasks, partitions), (closings, closing_partitions)) = (find("tasks")?, find("closings")?);
        if partitions != closing_partitions {
            let cause = format!(
                "{tasks} has {partitions} partitions, {closings} has {closing_partitions}; make them the same number"
            );
            return Err(Error::new(Remedy::Stop, "match closings with tasks", cause));
        }
        Ok(Self { tasks, closings, dead_letters: find("dead-letters")?.0, partitions })
    }
}

/// The input of a task's entry agent.
pub(crate) fn input(
    parts: &Parts,
    settings: &Settings,
    record: &Record,
    task: Task,
) -> Result<NewRecord, Error> {
    let key = task.work.key();
    let to = address(&parts.directory, &settings.entry, &key)?;
    let results = address(&parts.directory, "results", &Key::new(task.id.as_str().as_bytes()))?;
    let mut envelope = envelope(settings, record, Kind::Input, task.id, task.limits, task.trace);
    envelope.path = WorkPath::root(&settings.entry);
    envelope.reply_to =
        Some(ReplyTo { kind: ReplyKind::Result, address: results, call: CallId::of_part(task.work) });
    Ok(NewRecord {
        topic: to.topic.into(),
        partition: Some(to.partition),
        key,
        value: task.value,
        headers: envelope.write(),
    })
}

/// What the producer of a refused task is told.
///
/// Its key is the task record's place and not the task's id, under which there may be an outcome already;
/// the id stands in the header, as on every result.
pub(crate) fn refused(
    parts: &Parts,
    settings: &Settings,
    record: &Record,
    refusal: &Refusal,
) -> Result<NewRecord, Error> {
    let origin = origin_of(record);
    let key = Key::new(origin.to_string().as_bytes());
    let to = address(&parts.directory, "results", &key)?;
    let own = || TaskId::of_origin(&origin.topic, origin.partition, origin.offset);
    let task = refusal.id.clone().unwrap_or_else(own);
    let limits = settings.rules.of_refusal(record.timestamp);
    let trace = trace(&record.headers, &origin);
    let mut envelope = envelope(settings, record, Kind::Refused, task, limits, trace);
    envelope.outcome = Some(Outcome::Failed);
    let mut failure = Failure::new(refusal.failure, refusal.message.clone(), refusal.remedy.clone());
    settings.name.clone_into(&mut failure.path);
    let value = parts.codec.encode(&failure).map_err(|error| unwritable("a refusal", &error))?;
    Ok(NewRecord {
        topic: to.topic.into(),
        partition: Some(to.partition),
        key,
        value,
        headers: envelope.write(),
    })
}

/// The dead letter of a record that intake cannot use.
pub(crate) fn letter(
    parts: &Parts,
    settings: &Settings,
    topics: &Topics,
    record: &Record,
    reason: &DeadReason,
) -> Result<NewRecord, Error> {
    dead_letter(&parts.codec, &topics.dead_letters, &settings.name, record, reason)
        .map_err(|error| unwritable("a dead letter", &error))
}

/// The headers of whatever comes of a task record.
fn envelope(
    settings: &Settings,
    record: &Record,
    kind: Kind,
    task: TaskId,
    limits: Limits,
    trace: Option<Trace>,
) -> Envelope {
    let origin: Origin = origin_of(record);
    Envelope {
        kind,
        task,
        path: WorkPath::root(&settings.name),
        call: None,
        branch: None,
        outcome: None,
        reply_to: None,
        limits,
        origin,
        accepted_at: record.timestamp,
        asked_at: None,
        depth: 0,
        hops: 1,
        traceparent: trace.map(|trace| trace.to_string()),
        agent_version: settings.agent_version.clone(),
    }
}

fn address(directory: &Directory, name: &str, key: &Key) -> Result<schemas_records::Address, Error> {
    directory.address(name, key).ok_or_else(|| {
        Error::new(
            Remedy::Stop,
            format!("find the topic of {name}"),
            "it is not declared; name it in the team's file",
        )
    })
}

fn unwritable(what: &str, error: &schemas_codec::Error) -> Error {
    Error::new(Remedy::Stop, format!("write {what}"), error.to_string())
}
