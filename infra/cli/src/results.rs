//! Reading results: what came out, for which task, when.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use infra_node::Node;
use schemas_codec::Codec;
use schemas_records::{Envelope, Failure, Kind as RecordKind, Outcome, headers};
use tokio::time::Instant;
use topics_catalog::Kind;
use topics_log::{Reader, Record, Start, TopicPartition};

use crate::app::Presentation;
use crate::args::Results;
use crate::patience::{self, patiently};
use crate::topics;

/// One task's end.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) task: String,
    pub(crate) outcome: EndedAs,
    /// From acceptance to the result's append; zero for a refusal, which was never accepted.
    pub(crate) took: Duration,
}

/// How a task ended.
#[derive(Clone, Debug)]
pub(crate) enum EndedAs {
    /// With a result: its framed value.
    Result(bytes::Bytes),
    /// With a typed failure.
    Failed(Failure),
    /// It was not taken.
    Refused(Failure),
}

/// Reads one record of the results topic; `None` for what is no task's end.
pub(crate) fn read(codec: &Codec, record: &Record) -> Option<Ended> {
    let task = record.headers.text(headers::TASK_ID)?.to_owned();
    let kind = RecordKind::parse(record.headers.text(headers::KIND)?)?;
    let is_ok = record.headers.text(headers::OUTCOME) == Some(Outcome::Ok.as_str());
    let failure = || codec.decode::<Failure>(&record.value).ok();
    let outcome = match kind {
        RecordKind::Result if is_ok => EndedAs::Result(record.value.clone()),
        RecordKind::Result => EndedAs::Failed(failure()?),
        RecordKind::Refused => EndedAs::Refused(failure()?),
        _ => return None,
    };
    let accepted = Envelope::read(&record.headers).ok().map(|envelope| envelope.accepted_at);
    let took = accepted.map_or(Duration::ZERO, |accepted| record.timestamp.since(accepted));
    Some(Ended { task, outcome, took })
}

/// A reader of the results topic, from its beginning.
pub(crate) async fn reader(node: &Node) -> anyhow::Result<Box<dyn Reader>> {
    let topic = node.names().topic(Kind::Results);
    let partitions = topics::partitions(node, &topic).await?;
    let from: Vec<(TopicPartition, Start)> = (0..partitions)
        .map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning))
        .collect();
    Ok(patiently(async || node.doors().log.reader(&from).await).await?)
}

/// One line for a task's end.
pub(crate) fn line(presentation: &Presentation, codec: &Codec, ended: &Ended) -> String {
    match &ended.outcome {
        EndedAs::Result(value) => {
            (presentation.line)(codec, value).unwrap_or_else(|| "(unreadable result)".into())
        }
        EndedAs::Failed(failure) => format!("failed: {failure}"),
        EndedAs::Refused(failure) => format!("refused: {failure}"),
    }
}

/// A task's end as JSON, whole, in one line.
pub(crate) fn json(codec: &Codec, ended: &Ended) -> String {
    let (name, value) = match &ended.outcome {
        EndedAs::Result(value) => ("result", codec.to_json(value).ok()),
        EndedAs::Failed(failure) => ("failure", serde_json::to_value(failure).ok()),
        EndedAs::Refused(failure) => ("refused", serde_json::to_value(failure).ok()),
    };
    serde_json::json!({ "task": ended.task, name: value }).to_string()
}

/// How long a read waits: soon enough to notice that everything is read.
const READ_WAIT: Duration = Duration::from_millis(500);

/// How long results that are there may take to come, before the command says that it cannot show all.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// `tributary results`: all that stand there now, and with `--follow` those to come; or those of some tasks.
pub(crate) async fn run(node: &Node, presentation: &Presentation, arguments: &Results) -> anyhow::Result<()> {
    let mut reader = reader(node).await?;
    let ends = patiently(async || reader.ends().await).await?;
    let mut next = vec![0; ends.len()];
    let mut out = std::io::stdout();
    let mut heard = Instant::now();
    let mut wanted: BTreeSet<&str> = arguments.tasks.iter().map(String::as_str).collect();
    loop {
        let left: i64 = ends.iter().zip(&next).map(|(end, next)| (end - next).max(0)).sum();
        if left == 0 && !arguments.follow {
            let missing = Vec::from_iter(wanted).join(", ");
            anyhow::ensure!(missing.is_empty(), "no result yet of {missing}; say --follow to wait for it");
            return Ok(());
        }
        for record in patience::read(&mut *reader, 1_000, READ_WAIT).await? {
            heard = Instant::now();
            let partition = usize::try_from(record.topic_partition.partition).unwrap_or(usize::MAX);
            if let Some(next) = next.get_mut(partition) {
                *next = record.offset + 1;
            }
            let Some(ended) = read(node.codec(), &record) else { continue };
            if !arguments.tasks.is_empty() && !arguments.tasks.contains(&ended.task) {
                continue;
            }
            let shown = if arguments.json {
                json(node.codec(), &ended)
            } else {
                format!("{:<16} {}", ended.task, line(presentation, node.codec(), &ended))
            };
            let is_last = wanted.remove(&*ended.task) && wanted.is_empty();
            // Or whoever reads this has seen enough (`| head`).
            if writeln!(out, "{shown}").is_err() || is_last {
                return Ok(());
            }
        }
        anyhow::ensure!(
            arguments.follow || heard.elapsed() < SILENCE_MAX,
            "the broker has sent nothing for {SILENCE_MAX:?}, and results over {left} offsets are not shown; try again"
        );
    }
}
