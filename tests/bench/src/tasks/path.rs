//! The longest path of a task, read back from the log: which record led to which, and who wrote it.
//!
//! Every record says how many records led to it, so the path is walked back from the result, one less at
//! each step. An answer to a call that stands in a gateway's topic was written by that gateway, which is no
//! transaction; everything else on the way is written by intake or an agent's worker, in one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_node::Node;
use schemas_records::{CallId, Envelope, Kind as RecordKind};
use topics_catalog::Kind;
use topics_log::{Start, TopicPartition};

use crate::arena::PARTITIONS;

/// The longest path that was found.
#[derive(Clone, Debug, Default)]
pub struct Longest {
    /// Records from the task's own, which is not counted, to the result, which is.
    pub hops: usize,
    /// How many of these were written in a transaction.
    pub transactions: usize,
    /// What each record is and where it lies, from the first hop on.
    pub steps: Vec<String>,
}

/// One record on some path.
struct Passed {
    kind: RecordKind,
    hops: u32,
    call: Option<CallId>,
    place: String,
}

/// Reads all records of a node's topics and finds the longest path from a task to its result.
///
/// # Errors
/// The log's own, and a path with a hop that nobody made.
pub async fn longest(node: &Node) -> anyhow::Result<Longest> {
    let mut passed: BTreeMap<String, Vec<Passed>> = BTreeMap::new();
    let mut asked: BTreeSet<CallId> = BTreeSet::new();
    let requests = [Kind::ModelRequests, Kind::ToolRequests, Kind::KnowledgeRequests]
        .map(|kind| node.names().topic(kind));
    let mut places: BTreeMap<String, String> =
        node.agents().iter().map(|agent| (node.names().inbox(agent), agent.clone())).collect();
    places.extend(requests.clone().into_iter().zip(["model", "tools", "knowledge"].map(str::to_owned)));
    places.insert(node.names().topic(Kind::Results), "results".into());
    for (topic, place) in &places {
        for envelope in envelopes(node, topic).await? {
            if requests.contains(topic) {
                asked.extend(envelope.call);
            }
            let Envelope { kind, hops, call, .. } = envelope;
            let record = Passed { kind, hops, call, place: place.clone() };
            passed.entry(envelope.task.to_string()).or_default().push(record);
        }
    }
    let mut longest = Longest::default();
    for records in passed.values() {
        for end in records.iter().filter(|record| record.kind == RecordKind::Result) {
            if end.hops as usize > longest.hops {
                longest = walk(records, end, &asked)?;
            }
        }
    }
    Ok(longest)
}

/// The path to one result.
fn walk(records: &[Passed], end: &Passed, asked: &BTreeSet<CallId>) -> anyhow::Result<Longest> {
    let mut path = Longest { hops: end.hops as usize, ..Longest::default() };
    for hop in 1..=end.hops {
        // Branches run side by side: at one distance they all are at the same point of the protocol.
        let is_on_path = |kind| {
            !matches!(
                kind,
                RecordKind::Timer | RecordKind::Cancellation | RecordKind::Closing | RecordKind::Expectation
            )
        };
        let here: Vec<&Passed> =
            records.iter().filter(|record| record.hops == hop && is_on_path(record.kind)).collect();
        anyhow::ensure!(!here.is_empty(), "no record of the task lies {hop} hops from it");
        let by_gateway = |record: &&&Passed| {
            record.kind == RecordKind::Answer && record.call.is_some_and(|call| asked.contains(&call))
        };
        let is_transaction = here.iter().filter(by_gateway).count() < here.len();
        path.transactions += usize::from(is_transaction);
        let steps: BTreeSet<String> =
            here.iter().map(|record| format!("{} to {}", record.kind.as_str(), record.place)).collect();
        let mark = if is_transaction { "" } else { " (no transaction)" };
        path.steps.push(steps.into_iter().collect::<Vec<_>>().join(", ") + mark);
    }
    Ok(path)
}

/// The headers of every committed record of a topic.
async fn envelopes(node: &Node, topic: &str) -> anyhow::Result<Vec<Envelope>> {
    let from: Vec<_> =
        (0..PARTITIONS).map(|partition| (TopicPartition::new(topic, partition), Start::Beginning)).collect();
    let mut reader = node.doors().log.reader(&from).await?;
    let ends = reader.ends().await?;
    let mut next = vec![0; ends.len()];
    let mut envelopes = Vec::new();
    while next.iter().zip(&ends).any(|(next, end)| next < end) {
        for record in reader.read(10_000, Duration::from_millis(100)).await? {
            if let Some(next) =
                usize::try_from(record.topic_partition.partition).ok().and_then(|at| next.get_mut(at))
            {
                *next = record.offset + 1;
            }
            envelopes.extend(Envelope::read(&record.headers).ok());
        }
    }
    Ok(envelopes)
}
