//! Live progress, read from the log itself: what each agent has done, what it has in flight, on which gateway
//! that waits, and what its model calls used.
//!
//! It is a reader like any other: it holds nothing up, and shows the same on Kafka as in memory. On a terminal it
//! draws over its last drawing; elsewhere it writes a line now and then.

mod tally;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use infra_node::Node;
use tokio::time::Instant;
use topics_log::{Reader, Start, TopicPartition};

use self::tally::Tally;
use crate::patience::{self, patiently};

/// How often a line is written where there is no terminal, if anything changed: a log of an hour stays short.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Reads the inboxes and the gateways' topics.
pub(crate) struct Progress {
    reader: Box<dyn Reader>,
    tally: Tally,
    is_terminal: bool,
    /// The last line, and when it was written.
    written: Option<(String, Instant)>,
}

impl Progress {
    /// Reads from where the topics begin or end now.
    pub(crate) async fn begin(node: &Node, start: Start) -> anyhow::Result<Self> {
        let tally = Tally::new(node);
        let mut from = Vec::new();
        for topic in node.doors().log.topics(&format!("{}.", node.names().namespace())).await? {
            if tally.reads(&topic.name) {
                for partition in 0..topic.partitions {
                    from.push((TopicPartition::new(topic.name.as_str(), partition), start));
                }
            }
        }
        let reader = patiently(async || node.doors().log.reader(&from).await).await?;
        let is_terminal = std::io::stderr().is_terminal();
        Ok(Self { reader, tally, is_terminal, written: None })
    }

    /// Counts what has come within `wait`.
    pub(crate) async fn read(&mut self, wait: Duration) -> anyhow::Result<()> {
        for record in patience::read(&mut *self.reader, 1_000, wait).await? {
            self.tally.see(&record);
        }
        Ok(())
    }

    /// Shows how far it is.
    pub(crate) fn draw(&mut self, done: usize, all: usize) {
        if self.is_terminal {
            infra_telemetry::draw(&self.tally.drawing(done, all));
            return;
        }
        let line = self.tally.line(done, all);
        let is_due =
            self.written.as_ref().is_none_or(|(last, at)| *last != line && at.elapsed() >= LINE_EVERY);
        if is_due {
            say(&format!("{line}\n"));
            self.written = Some((line, Instant::now()));
        }
    }

    /// Takes the drawing away.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            infra_telemetry::undraw();
        }
    }
}

/// Nobody may be there to read it.
fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
