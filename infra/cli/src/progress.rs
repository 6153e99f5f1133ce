//! Live progress, read from the log itself: what was asked of each agent, and what came back.
//!
//! It is a reader like any other: it holds nothing up, and shows the same on Kafka as in memory.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use infra_node::Node;
use schemas_records::{Envelope, Kind as RecordKind};
use topics_catalog::Kind;
use topics_log::{Reader, Record, Start, TopicPartition};

use crate::patience::{self, patiently};

/// What is counted of one agent or gateway.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    asked: u64,
    answered: u64,
}

/// Reads the inboxes and the model's topic and counts.
pub(crate) struct Progress {
    reader: Box<dyn Reader>,
    /// Topic to the name shown.
    names: BTreeMap<String, String>,
    order: Vec<String>,
    counts: BTreeMap<String, Count>,
    is_terminal: bool,
    /// Lines of the last drawing.
    lines: usize,
}

/// The name under which model calls are shown.
const MODEL: &str = "model";

impl Progress {
    /// Reads from where the topics end now.
    pub(crate) async fn begin(node: &Node, agents: &[String]) -> anyhow::Result<Self> {
        let mut names: BTreeMap<String, String> =
            agents.iter().map(|agent| (node.names().inbox(agent), agent.clone())).collect();
        names.insert(node.names().topic(Kind::ModelRequests), MODEL.to_owned());
        let mut from = Vec::new();
        for topic in node.doors().log.topics(&format!("{}.", node.names().namespace())).await? {
            if names.contains_key(&topic.name) {
                for partition in 0..topic.partitions {
                    from.push((TopicPartition::new(topic.name.as_str(), partition), Start::End));
                }
            }
        }
        let order = agents.iter().cloned().chain([MODEL.to_owned()]).collect();
        let reader = patiently(async || node.doors().log.reader(&from).await).await?;
        let is_terminal = std::io::stderr().is_terminal();
        Ok(Self { reader, names, order, counts: BTreeMap::new(), is_terminal, lines: 0 })
    }

    /// Counts what has come within `wait`.
    pub(crate) async fn read(&mut self, wait: Duration) -> anyhow::Result<()> {
        for record in patience::read(&mut *self.reader, 1_000, wait).await? {
            self.count(&record);
        }
        Ok(())
    }

    fn count(&mut self, record: &Record) {
        let Ok(envelope) = Envelope::read(&record.headers) else { return };
        let Some(name) = self.names.get(&*record.topic_partition.topic) else { return };
        match envelope.kind {
            RecordKind::Input | RecordKind::Expectation => {
                self.counts.entry(name.clone()).or_default().asked += 1
            }
            RecordKind::Answer => self.counts.entry(MODEL.to_owned()).or_default().answered += 1,
            RecordKind::Part => {
                if let Some(branch) = envelope.branch {
                    self.counts.entry(branch).or_default().answered += 1;
                }
            }
            _ => {}
        }
    }

    /// Draws a line for the tasks and one for each agent over the last drawing, on a terminal; elsewhere
    /// nothing.
    pub(crate) fn draw(&mut self, done: usize, all: usize) {
        if !self.is_terminal {
            return;
        }
        self.clear();
        let mut drawing = format!("{:<20}{done} of {all} done\n", "tasks");
        for name in &self.order {
            let count = self.counts.get(name).copied().unwrap_or_default();
            // Who delegates (planner) or gathers (synthesizer) answers elsewhere: only its inputs show.
            let shown = match count.answered {
                0 => format!("{} in", count.asked),
                answered => format!("{answered} of {} answered", count.asked),
            };
            drawing.push_str(&format!("  {name:<18}{shown}\n"));
        }
        self.lines = drawing.lines().count();
        eprint!("{drawing}");
        let _ = std::io::stderr().flush();
    }

    /// Takes the drawing away.
    pub(crate) fn clear(&mut self) {
        if self.is_terminal && self.lines > 0 {
            // Up to the drawing's first line, and away with everything below.
            eprint!("\x1b[{}F\x1b[J", self.lines);
            self.lines = 0;
        }
    }
}
