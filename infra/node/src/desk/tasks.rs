//! Tasks in, how they stand, and their end asked for.

use std::time::Duration;

use agents_intake::check::Checks;
use agents_intake::{Check, Refusal, Rules};
use bytes::Bytes;
use infra_http::told::{Cancel, Outcome, State, Submission, Submitted, Wait};
use infra_http::{Error, Kind};
use schemas_records::ids::content_hash;
use schemas_records::protocol::Cancellation;
use schemas_records::{
    CallId, Envelope, FailureCode, Headers, Key, Kind as RecordKind, TaskId, WorkId, headers,
};
use tokio::time::Instant;
use topics_catalog::Kind as TopicKind;
use topics_log::{Appended, NewRecord, Record, Remedy, TopicPartition};

use super::ledger::Entry;
use super::look::PAUSE;
use super::{NodeDesk, of_codec, of_log};
use crate::roles::VERSION;

/// How long an append is tried again that the log refuses for now.
const APPEND_MAX: Duration = Duration::from_secs(10);

/// Longest reason of a cancellation, in bytes: it stands in a failure.
const REASON_BYTES_MAX: usize = 1_000;

/// Puts a task on the task topic, unless it is there already.
pub(super) async fn submit(desk: &NodeDesk, submission: &Submission) -> Result<Submitted, Error> {
    let mut given = Headers::new();
    let texts = [
        (headers::TASK_ID, &submission.task),
        (headers::DEADLINE, &submission.deadline),
        (headers::BUDGET, &submission.budget),
        (headers::PRIORITY, &submission.priority),
        (headers::TRACEPARENT, &submission.traceparent),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            given.push(name, text);
        }
    }
    let value = Bytes::from(submission.json.clone());
    let content = check(desk, &given, &value)?;
    if let Some(task) = &submission.task {
        desk.ledger.freshen().await;
        let known = match desk.ledger.find(task) {
            None => {
                desk.ledger.catch_up().await?;
                desk.ledger.find(task)
            }
            known => known,
        };
        if let Some(submitted) = same(task, known.as_ref(), &content)? {
            return Ok(submitted);
        }
    }
    append_task(desk, submission.task.as_deref(), given, value, content).await
}

/// Whether a task is known already: then it is the same one, or its id is taken.
fn same(task: &str, known: Option<&Entry>, content: &str) -> Result<Option<Submitted>, Error> {
    let Some(known) = known.filter(|known| known.state != State::Refused) else { return Ok(None) };
    match &known.content {
        // Not knowable: the entry agent will say.
        None => Ok(None),
        Some(known) if known == content => Ok(Some(Submitted { task: task.to_owned(), is_new: false })),
        Some(_) => {
            let message = format!("task id {task} was used before with other content");
            Err(Error::new(Kind::Conflict, message, "give each task an id of its own"))
        }
    }
}

/// Appends a task's record and notes it.
pub(super) async fn append_task(
    desk: &NodeDesk,
    task: Option<&str>,
    headers: Headers,
    value: Bytes,
    content: String,
) -> Result<Submitted, Error> {
    let topic = desk.node.names().topic(TopicKind::Tasks);
    let key = Key::new(task.unwrap_or_default().as_bytes());
    let record = NewRecord { topic: topic.as_str().into(), partition: None, key, value, headers };
    let Appended { partition, offset, timestamp } = append(desk, record).await?;
    let own = TaskId::of_origin(&topic, partition, offset);
    let id = task.map_or_else(|| own.to_string(), str::to_owned);
    let mut entry = Entry::waiting(own.to_string(), timestamp);
    entry.content = Some(content);
    desk.ledger.note(&id, entry);
    Ok(Submitted { task: id, is_new: true })
}

/// Checks a task as intake will; a hash of what it is about, or what intake would say.
pub(super) fn check(desk: &NodeDesk, headers: &Headers, value: &Bytes) -> Result<String, Error> {
    let node = &desk.node;
    let rules: Rules = node.rules();
    let team: Check = node.check();
    let checks = Checks { codec: node.codec(), input: &node.team.entry_message, rules: &rules, team: &team };
    let record = Record {
        topic_partition: TopicPartition::new(node.names().topic(TopicKind::Tasks), 0),
        offset: 0,
        timestamp: node.doors().clock.now(),
        key: Key::new(b""),
        value: value.clone(),
        headers: headers.clone(),
    };
    match checks.check(&record) {
        Ok(task) => Ok(content_hash(&[&task.value])),
        Err(refusal) => Err(refused(desk, *refusal, value)),
    }
}

/// A refusal, in the words of intake, with the path of the field if it is one.
fn refused(desk: &NodeDesk, refusal: Refusal, value: &Bytes) -> Error {
    let kind = if refusal.code == "too-large" { Kind::TooLarge } else { Kind::BadInput };
    let mut error = Error::new(kind, refusal.message, refusal.remedy);
    error.field = match refusal.failure {
        FailureCode::BadInput => field(desk, value),
        // Otherwise the code says which header it is: `bad-deadline`.
        _ => refusal.code.strip_prefix("bad-").map(str::to_owned),
    };
    error
}

fn field(desk: &NodeDesk, value: &Bytes) -> Option<String> {
    match desk.node.codec().read_message(&desk.node.team.entry_message, value) {
        Err(schemas_codec::Error::Json { path, .. } | schemas_codec::Error::Malformed { path, .. }) => {
            Some(path)
        }
        _ => None,
    }
}

/// How a task stands, after waiting for its end.
pub(super) async fn outcome(desk: &NodeDesk, wait: &Wait) -> Result<Outcome, Error> {
    let until = Instant::now() + wait.wait;
    desk.ledger.freshen().await;
    if desk.ledger.find(&wait.task).is_none() {
        desk.ledger.catch_up().await?;
    }
    desk.ledger.wait(&wait.task, until).await?;
    let entry = desk.ledger.find(&wait.task).ok_or_else(|| unknown(desk, &wait.task))?;
    let task = entry.task(&wait.task);
    let result = match (entry.state, &entry.value, &entry.outcome) {
        (State::Done, Some(value), _) => Some(value.clone()),
        (State::Done, None, Some(place)) => {
            desk.look().one(&place.at, place.offset).await?.map(|record| record.value)
        }
        _ => None,
    };
    let result = result.map(|value| desk.node.codec().to_json(&value)).transpose();
    Ok(Outcome { task, result: result.map_err(|error| of_codec(&error))? })
}

/// Nobody knows a task of this id.
pub(super) fn unknown(desk: &NodeDesk, task: &str) -> Error {
    let looked = desk.ledger.looked().words().map(|words| format!(" ({words})")).unwrap_or_default();
    let message = format!("team {} has no task {task:?}{looked}", desk.node.names().team());
    Error::new(Kind::NotFound, message, "`tributary tasks` lists what there is")
}

/// Sends a cancellation to a task's entry agent, which passes it on to whoever holds the right to reply.
pub(super) async fn cancel(desk: &NodeDesk, cancel: &Cancel) -> Result<Outcome, Error> {
    desk.ledger.catch_up().await?;
    let entry = desk.ledger.find(&cancel.task).ok_or_else(|| unknown(desk, &cancel.task))?;
    let refuse = |message: String, remedy: &str| Err(Error::new(Kind::Refused, message, remedy));
    if entry.state.is_ended() {
        let message = format!("task {:?} has ended already: {}", cancel.task, entry.state.as_str());
        return refuse(message, "there is nothing left to cancel");
    }
    let Some(place) = entry.input.as_ref().filter(|_| entry.state == State::Open) else {
        let message = format!("task {:?} was not taken yet: there is no work to end", cancel.task);
        return refuse(message, "see that intake runs and is not full, then cancel again");
    };
    let Some(input) = desk.look().one(&place.at, place.offset).await? else {
        return refuse(
            format!("the input of task {:?} is no longer in the log", cancel.task),
            "wait for its deadline",
        );
    };
    let record = cancellation(desk, &input, &cancel.reason)?;
    append(desk, record).await?;
    Ok(Outcome { task: entry.task(&cancel.task), result: None })
}

/// The record that cancels what this input began, at the same topic, partition and key.
fn cancellation(desk: &NodeDesk, input: &Record, reason: &str) -> Result<NewRecord, Error> {
    let unreadable = |message: String| Error::new(Kind::Failed, message, "please report this");
    let mut envelope = Envelope::read(&input.headers).map_err(unreadable)?;
    envelope.kind = RecordKind::Cancellation;
    envelope.reply_to = None;
    envelope.call = WorkId::parse(input.key.as_bytes()).map(CallId::of_part);
    VERSION.clone_into(&mut envelope.agent_version);
    let mut reason = reason.to_owned();
    while reason.len() > REASON_BYTES_MAX {
        reason.pop();
    }
    let value =
        desk.node.codec().encode(&Cancellation { reason, due: 0 }).map_err(|error| of_codec(&error))?;
    Ok(NewRecord {
        topic: std::sync::Arc::clone(&input.topic_partition.topic),
        partition: Some(input.topic_partition.partition),
        key: input.key.clone(),
        value,
        headers: envelope.write(),
    })
}

/// Appends one record, acknowledged.
pub(super) async fn append(desk: &NodeDesk, record: NewRecord) -> Result<Appended, Error> {
    let until = Instant::now() + APPEND_MAX;
    loop {
        let appended = async {
            let publisher = desk.log().publisher().await?;
            publisher.publish(vec![record.clone()]).await
        };
        match appended.await {
            Ok(appended) => {
                let missing =
                    || Error::new(Kind::Failed, "the log acknowledged nothing", "please report this");
                return appended.first().copied().ok_or_else(missing);
            }
            Err(error) if error.remedy == Remedy::Retry && Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(of_log(error)),
        }
    }
}
