//! Dead letters: what there is, what stands in one, and putting one back.
//!
//! What is put back, and how, is the protocol's: a task's record or input becomes a new task, under a new id that
//! names the old; any other record goes back to where it stood while its task is open. Whatever would do nothing,
//! or do it again for the same reason, is refused with that reason.

use std::collections::BTreeMap;

use bytes::Bytes;
use infra_http::told::{Letter, LetterLine, Letters, PutBack, Shown, WhichLetters};
use infra_http::{Error, Kind};
use schemas_codec::Codec;
use schemas_records::ids::TASK_ID_BYTES_MAX;
use schemas_records::protocol::DeadLetter;
use schemas_records::{Headers, Kind as RecordKind, ReplyKind, ReplyTo, TaskId, headers};
use topics_catalog::{Inboxes, Kind as TopicKind};
use topics_log::{NewRecord, Record, TopicPartition, partition_of};

use super::{NodeDesk, of_codec, partitions, tasks};

/// The header of a record that was put back: the dead letter's `topic/partition/offset`.
pub(crate) const PUT_BACK_FROM: &str = "put-back-from";

/// What the message of a letter says whose record was too large for it.
const CUT: &str = "bytes are cut here; the whole stands at";

/// Codes of what is wrong with the record itself, which no waiting and no other node mends.
const FOR_GOOD: [&str; 6] =
    ["wrong-partition", "bad-headers", "bad-key", "wrong-kind", "unreachable-reply", "no-reply-to"];

/// The newest letters.
pub(super) async fn list(desk: &NodeDesk, which: &WhichLetters) -> Result<Letters, Error> {
    let topic = desk.node.names().topic(TopicKind::DeadLetters);
    let all = desk.all_topics().await?;
    let read = partitions(all.iter().filter(|found| found.name == topic));
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let keep = |record: Record| {
        let line = line_of(&record, &desk.node.codec().decode(&record.value).ok()?);
        *codes.entry(line.code.clone()).or_default() += 1;
        which.code.as_ref().is_none_or(|code| *code == line.code).then_some(line)
    };
    let (mut letters, looked) = desk.look().newest(&read, keep).await?;
    letters.sort_by(|one, other| (other.at, &other.letter).cmp(&(one.at, &one.letter)));
    let found = letters.len();
    letters.truncate(which.most);
    Ok(Letters { letters, found, codes: codes.into_iter().collect(), looked })
}

/// One letter, whole.
pub(super) async fn show(desk: &NodeDesk, letter: &str) -> Result<Letter, Error> {
    let (record, dead) = find(desk, letter).await?;
    let codec = desk.node.codec();
    let headers = dead.headers.iter().map(|header| (header.name.clone(), shown(codec, &header.value)));
    Ok(Letter {
        line: line_of(&record, &dead),
        key: shown(codec, &dead.key),
        headers: headers.collect(),
        value: shown(codec, &dead.value),
        value_bytes: dead.value.len(),
    })
}

async fn find(desk: &NodeDesk, letter: &str) -> Result<(Record, DeadLetter), Error> {
    let topic = desk.node.names().topic(TopicKind::DeadLetters);
    let unknown = || {
        let message = format!("there is no dead letter {letter:?} in {topic}");
        Error::new(Kind::NotFound, message, "`tributary dead-letters list` names them as PARTITION/OFFSET")
    };
    let (partition, offset) = letter.split_once('/').ok_or_else(unknown)?;
    let (partition, offset) =
        (partition.parse().map_err(|_| unknown())?, offset.parse().map_err(|_| unknown())?);
    let at = TopicPartition::new(topic.as_str(), partition);
    let record = desk.look().one(&at, offset).await?.ok_or_else(unknown)?;
    let dead = desk.node.codec().decode(&record.value).map_err(|error| of_codec(&error))?;
    Ok((record, dead))
}

fn line_of(record: &Record, dead: &DeadLetter) -> LetterLine {
    LetterLine {
        letter: format!("{}/{}", record.topic_partition.partition, record.offset),
        at: record.timestamp,
        origin: origin_of(dead),
        task: header(dead, headers::TASK_ID),
        handler: dead.handler.clone(),
        code: dead.code.clone(),
        message: dead.message.clone(),
        remedy: dead.remedy.clone(),
    }
}

fn origin_of(dead: &DeadLetter) -> String {
    format!("{}/{}/{}", dead.topic, dead.partition, dead.offset)
}

/// The text of the dead record's last header of this name.
fn header(dead: &DeadLetter, name: &str) -> Option<String> {
    let found = dead.headers.iter().rev().find(|header| header.name == name)?;
    std::str::from_utf8(&found.value).ok().map(str::to_owned)
}

/// Bytes as people can read them.
fn shown(codec: &Codec, bytes: &Bytes) -> Shown {
    if let (Ok(name), Ok(json)) = (codec.name_of(bytes), codec.to_json(bytes)) {
        return Shown::Avro(name, json);
    }
    let is_shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_shown) => Shown::Text(text.to_owned()),
        _ => Shown::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// Puts a letter's record back, or says why not.
pub(super) async fn put_back(desk: &NodeDesk, letter: &str) -> Result<PutBack, Error> {
    let (record, dead) = find(desk, letter).await?;
    let dead = whole(desk, dead).await?;
    let names = desk.node.names();
    let from = format!("{}/{}", record.topic_partition, record.offset);
    if dead.topic == names.topic(TopicKind::Tasks) || is_entry_input(desk, &dead) {
        return begin_again(desk, &dead, &from).await;
    }
    let refuse = |message: String, remedy: &str| Err(Error::new(Kind::Refused, message, remedy));
    if let Some(team) = names.team_of(&dead.topic).filter(|team| *team != names.team()) {
        return refuse(format!("it stood in a topic of team {team}"), "ask the node of that team");
    }
    if [TopicKind::Results, TopicKind::Closings, TopicKind::DeadLetters]
        .map(|kind| names.topic(kind))
        .contains(&dead.topic)
    {
        return refuse(format!("only the runtime writes to {}", dead.topic), "see who wrote this one");
    }
    still_makes_sense(desk, &dead).await?;
    let (topic, partition) = standing(desk, &dead).await?;
    let mut headers = headers_of(&dead);
    headers.push(PUT_BACK_FROM, &from);
    let again = NewRecord {
        topic: topic.as_str().into(),
        partition: Some(partition),
        key: dead.key.clone().into(),
        value: dead.value.clone(),
        headers,
    };
    let appended = tasks::append(desk, again).await?;
    Ok(PutBack { record: format!("{topic}/{}/{}", appended.partition, appended.offset), task: None })
}

/// Where a letter's record goes: to where it stood; if that was an inbox's generation whose topic is gone since,
/// to the newest.
async fn standing(desk: &NodeDesk, dead: &DeadLetter) -> Result<(String, i32), Error> {
    let names = desk.node.names();
    let stood = (dead.topic.clone(), dead.partition);
    let Some(agent) = names.agent_of(&dead.topic) else { return Ok(stood) };
    let inboxes = Inboxes::among(names, &desk.all_topics().await?);
    let inboxes = inboxes.of(agent);
    match inboxes.last() {
        Some(newest) if inboxes.iter().all(|inbox| *inbox.topic != *dead.topic) => {
            Ok((newest.topic.to_string(), partition_of(&dead.key, newest.partitions)))
        }
        _ => Ok(stood),
    }
}

/// The letter with its record as it was, where the letter holds a part of it only.
async fn whole(desk: &NodeDesk, mut dead: DeadLetter) -> Result<DeadLetter, Error> {
    if !dead.message.contains(CUT) {
        return Ok(dead);
    }
    let at = TopicPartition::new(dead.topic.as_str(), dead.partition);
    let Some(record) = desk.look().one(&at, dead.offset).await? else {
        let message =
            format!("its record was too large for the letter, and is no longer at {}", origin_of(&dead));
        return Err(Error::new(Kind::Refused, message, "send what it was about again"));
    };
    dead.key = record.key.to_bytes();
    dead.value = record.value;
    let header = |(name, value): (&str, &[u8])| schemas_records::protocol::DeadHeader {
        name: name.to_owned(),
        value: Bytes::copy_from_slice(value),
    };
    dead.headers = record.headers.iter().map(header).collect();
    Ok(dead)
}

/// Whether the record is a task's input at its entry agent.
fn is_entry_input(desk: &NodeDesk, dead: &DeadLetter) -> bool {
    let agents = desk.node.agents();
    let is_entry = desk
        .node
        .names()
        .agent_of(&dead.topic)
        .is_some_and(|agent| agents.first().is_some_and(|entry| entry == agent));
    let to = header(dead, headers::REPLY_TO).and_then(|to| ReplyTo::parse(&to).ok());
    is_entry && kind_of(dead) == Some(RecordKind::Input) && to.is_some_and(|to| to.kind == ReplyKind::Result)
}

fn kind_of(dead: &DeadLetter) -> Option<RecordKind> {
    header(dead, headers::KIND).and_then(|kind| RecordKind::parse(&kind))
}

fn headers_of(dead: &DeadLetter) -> Headers {
    let mut out = Headers::new();
    // How often it was passed on between generations of an inbox counts from here anew.
    for header in dead.headers.iter().filter(|header| header.name != headers::MOVED_FROM) {
        out.push(&header.name, &header.value);
    }
    out
}

/// A task or its input: a new task, under a new id that names the old, with a result of its own.
async fn begin_again(desk: &NodeDesk, dead: &DeadLetter, from: &str) -> Result<PutBack, Error> {
    let names = desk.node.names();
    let is_input = dead.topic != names.topic(TopicKind::Tasks);
    let old = header(dead, headers::TASK_ID).filter(|id| TaskId::new(id).is_ok());
    let mut id = old.unwrap_or_else(|| origin_of(dead));
    let place = format!(
        "~{}",
        from.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(".")
    );
    while id.len() + place.len() > TASK_ID_BYTES_MAX {
        id.pop();
    }
    id.push_str(&place);
    let mut headers = Headers::new();
    headers.push(headers::TASK_ID, &id);
    // What a producer asked for; an input's deadline is its old task's, and has passed or will soon.
    let kept = [headers::DEADLINE, headers::BUDGET, headers::PRIORITY, headers::TRACEPARENT];
    for header in dead.headers.iter().filter(|header| kept.contains(&header.name.as_str())) {
        if !(is_input && header.name == headers::DEADLINE) {
            headers.push(&header.name, &header.value);
        }
    }
    headers.push(PUT_BACK_FROM, from);
    let content = tasks::check(desk, &headers, &dead.value).map_err(|error| {
        let message = format!("it would be refused again: {}", error.message);
        Error::new(Kind::Refused, message, error.remedy)
    })?;
    desk.ledger.catch_up().await?;
    if desk.ledger.find(&id).is_some() {
        let message = format!("it was put back already, as task {id:?}");
        return Err(Error::new(Kind::Refused, message, "`tributary tasks` tells how that stands"));
    }
    let submitted = tasks::append_task(desk, Some(&id), headers, dead.value.clone(), content).await?;
    let origin = desk.ledger.find(&submitted.task).map(|entry| entry.origin).unwrap_or_default();
    Ok(PutBack { record: origin, task: Some(submitted.task) })
}

/// Whether a record of a work or a request can still do something.
async fn still_makes_sense(desk: &NodeDesk, dead: &DeadLetter) -> Result<(), Error> {
    let refuse = |message: String, remedy: &str| Err(Error::new(Kind::Refused, message, remedy));
    let Some(task) = header(dead, headers::TASK_ID) else {
        let message =
            format!("its headers name no task, so {} would not know what it belongs to", dead.topic);
        return refuse(message, "submit to the task topic; inboxes are the runtime's");
    };
    if FOR_GOOD.contains(&dead.code.as_str()) {
        let message = format!("it would be a dead letter again, for the same reason: {}", dead.message);
        return refuse(message, &dead.remedy);
    }
    let is_inbox = desk.node.names().agent_of(&dead.topic).is_some();
    if is_inbox && matches!(kind_of(dead), Some(RecordKind::Input | RecordKind::Expectation)) {
        let message =
            "the work that it began has failed already, and whoever asked for it was told".to_owned();
        return refuse(message, "put the task's own record back, or submit the task again");
    }
    desk.ledger.catch_up().await?;
    match desk.ledger.find(&task) {
        Some(entry) if !entry.state.is_ended() => Ok(()),
        Some(entry) => {
            let message = format!("task {task:?} has ended: {}", entry.state.as_str());
            refuse(message, "submit the task again")
        }
        None => Err(tasks::unknown(desk, &task)),
    }
}

#[cfg(test)]
mod tests;
