//! Putting tasks on the task topic: what any Kafka client could do.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use bytes::Bytes;
use infra_node::Node;
use schemas_records::{Headers, Key};
use topics_catalog::Kind;
use topics_log::NewRecord;

use crate::args::Tasks;
use crate::patience::patiently;
use crate::topics;

/// Most bytes of a task file: it is read whole, in this one process.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Records sent at once.
const CHUNK: usize = 1_000;

/// One task: its id and its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) json: String,
}

/// The tasks of a text, one JSON object a line; blank lines do not count. Ids are `stem-01`, ...
pub(crate) fn parse(stem: &str, text: &str) -> Vec<Task> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let width = lines.len().to_string().len().max(2);
    let number = |(index, line): (usize, &&str)| Task {
        id: format!("{stem}-{:0width$}", index + 1),
        json: (*line).to_owned(),
    };
    lines.iter().enumerate().map(number).collect()
}

/// Reads a task file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Task>> {
    let mut text = String::new();
    let is_stdin = path == Path::new("-");
    let source: Box<dyn Read> = if is_stdin {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(path);
        Box::new(file.with_context(|| format!("could not open the task file {}", path.display()))?)
    };
    let read = source.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.with_context(|| format!("could not read the task file {} as UTF-8 text", path.display()))?;
    anyhow::ensure!(
        text.len() as u64 <= FILE_BYTES_MAX,
        "the task file is larger than {FILE_BYTES_MAX} bytes: split it"
    );
    let stem = if is_stdin { "task".into() } else { path.file_stem().unwrap_or_default().to_string_lossy() };
    let tasks = parse(&stem, &text);
    anyhow::ensure!(
        !tasks.is_empty(),
        "the task file {} has no tasks: write one JSON object a line",
        path.display()
    );
    Ok(tasks)
}

/// Puts tasks on the task topic, in order.
pub(crate) async fn submit(node: &Node, tasks: &[Task]) -> anyhow::Result<()> {
    let publisher = patiently(async || node.doors().log.publisher().await).await?;
    let topic = node.names().topic(Kind::Tasks);
    for chunk in tasks.chunks(CHUNK) {
        let records = chunk.iter().map(|task| {
            let mut headers = Headers::new();
            headers.push(schemas_records::headers::TASK_ID, task.id.clone());
            NewRecord {
                topic: topic.as_str().into(),
                partition: None,
                key: Key::new(task.id.as_bytes()),
                value: Bytes::from(task.json.clone()),
                headers,
            }
        });
        let records: Vec<NewRecord> = records.collect();
        // A record that was there already and comes again is the same task again.
        patiently(async || publisher.publish(records.clone()).await).await?;
    }
    Ok(())
}

/// `tributary submit`.
pub(crate) async fn run(node: &Node, arguments: &Tasks) -> anyhow::Result<()> {
    let tasks = read(&arguments.tasks)?;
    topics::partitions(node, &node.names().topic(Kind::Tasks)).await?;
    submit(node, &tasks).await?;
    let ids = match &tasks[..] {
        [only] => only.id.clone(),
        [first, .., last] => format!("{} to {}", first.id, last.id),
        [] => String::new(),
    };
    println!("{} tasks put on {}: {ids}", tasks.len(), node.names().topic(Kind::Tasks));
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Tasks are numbered by the lines that count.

    use super::{Task, parse};

    /// Blank lines are no tasks, and ids have equal widths.
    #[test]
    fn numbers_lines() {
        let task = |id: &str, json: &str| Task { id: id.into(), json: json.into() };
        assert_eq!(parse("a", "{}\n\n {\"x\":1} \n"), [task("a-01", "{}"), task("a-02", "{\"x\":1}")]);
        assert_eq!(parse("a", "\n"), []);
        assert_eq!(parse("b", &"{}\n".repeat(100))[99].id, "b-100");
    }
}
