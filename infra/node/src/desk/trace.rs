//! The trace of a task: its records, from every topic that its team and its gateways share.

use infra_http::told::{Looked, State, Traced};
use infra_http::{Error, Kind};
use infra_trace::{Place, Places, Trace};
use schemas_records::headers;
use schemas_records::protocol::DeadLetter;
use topics_catalog::Kind as TopicKind;
use topics_log::{Record, TopicDescription};

use super::look::{Look, RECORDS_MAX};
use super::tasks::unknown;
use super::{NodeDesk, partitions};

/// Most records that a trace looks at: a task's own are spread over a dozen topics, which are looked at alike.
const TRACED_MAX: usize = 2 * RECORDS_MAX;

/// The gateways' topics and their short names.
const GATEWAYS: [(TopicKind, &str); 4] = [
    (TopicKind::ModelRequests, "model"),
    (TopicKind::ToolRequests, "tools"),
    (TopicKind::KnowledgeRequests, "knowledge"),
    (TopicKind::Timers, "timers"),
];

/// What each topic of the namespace is to this team's tasks; those that are nothing to it are left out.
pub(super) fn places(desk: &NodeDesk, topics: &[TopicDescription]) -> Places {
    let names = desk.node.names();
    let mut known: Places = GATEWAYS
        .iter()
        .map(|(kind, name)| (names.topic(*kind), Place::Gateway((*name).to_owned())))
        .collect();
    let external = desk.node.team.external_tools();
    known.extend(external.map(|tool| (names.external(tool), Place::Gateway(tool.to_owned()))));
    known.insert(names.topic(TopicKind::Results), Place::Results);
    known.insert(names.topic(TopicKind::DeadLetters), Place::DeadLetters);
    let place = |topic: &TopicDescription| {
        let inbox = || names.agent_of(&topic.name).map(|agent| Place::Inbox(agent.to_owned()));
        Some((topic.name.clone(), known.get(&topic.name).cloned().or_else(inbox)?))
    };
    topics.iter().filter_map(place).collect()
}

/// Gathers a task's records and tells what they say.
pub(super) async fn trace(desk: &NodeDesk, task: &str) -> Result<Traced, Error> {
    let topics = desk.all_topics().await?;
    let places = places(desk, &topics);
    let read = topics.iter().filter(|topic| places.contains_key(&topic.name));
    let look = Look::new(desk.log()).within(TRACED_MAX);
    let keep = |record: Record| is_of(desk, &places, &record, task).then_some(record);
    let (records, looked) = look.newest(&partitions(read), keep).await?;
    match Trace::of(task, &records, &places, desk.node.codec()) {
        Some(trace) => Ok(Traced { trace, looked }),
        None => Err(without(desk, task, looked).await?),
    }
}

/// Whether a record is of a task: by its header, a dead letter by the header of what died.
fn is_of(desk: &NodeDesk, places: &Places, record: &Record, task: &str) -> bool {
    if places.get(&*record.topic_partition.topic) != Some(&Place::DeadLetters) {
        return record.headers.text(headers::TASK_ID) == Some(task);
    }
    let Ok(letter) = desk.node.codec().decode::<DeadLetter>(&record.value) else { return false };
    letter.headers.iter().any(|header| header.name == headers::TASK_ID && header.value == task.as_bytes())
}

/// Why a task has no trace.
async fn without(desk: &NodeDesk, task: &str, looked: Looked) -> Result<Error, Error> {
    desk.ledger.catch_up().await?;
    let Some(entry) = desk.ledger.find(task) else { return Ok(unknown(desk, task)) };
    let why = match (entry.state, entry.failure) {
        (State::Waiting, _) => "it was not taken yet".to_owned(),
        (State::Refused, Some(failure)) => format!("it was refused: {failure}"),
        _ => match looked.words() {
            Some(words) => format!("its works are too long ago: {words}"),
            None => "its records are no longer in the log".to_owned(),
        },
    };
    let message = format!("task {task:?} has no works to show: {why}");
    Ok(Error::new(Kind::NotFound, message, "`tributary tasks` tells how it stands"))
}
