//! Following the closings: one reader over the closings partitions of the same numbers as the task
//! partitions owned, made anew whenever those change. It counts; it decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemas_records::protocol::Closing;
use topics_log::{Log, Reader, Record, Start, TopicPartition};
use topics_runtime::{DeadReason, Error};

use crate::names;
use crate::records::{Topics, letter};
use crate::settings::{Parts, Settings};
use crate::share::Share;

/// Most closings read at once.
const READ_MAX: usize = 1_000;

/// The shares of the task partitions owned.
pub(crate) type Shares = BTreeMap<TopicPartition, Share>;

/// The reader, while it fits what is owned.
#[derive(Default)]
pub(crate) struct Follower {
    reader: Option<Box<dyn Reader>>,
}

impl Follower {
    /// Forgets the reader: what is owned has changed.
    pub fn forget(&mut self) {
        self.reader = None;
    }

    /// Makes the reader, if there is none, and settles where shares without a committed offset begin.
    pub async fn follow(
        &mut self,
        log: &Arc<dyn Log>,
        topics: &Topics,
        shares: &mut Shares,
    ) -> Result<(), Error> {
        if self.reader.is_some() || shares.is_empty() {
            return Ok(());
        }
        let places: Vec<(TopicPartition, Start)> = shares
            .iter()
            .map(|(tasks, share)| {
                let at = TopicPartition::new(Arc::clone(&topics.closings), tasks.partition);
                (at, if share.is_following { Start::At(share.counts.closings) } else { Start::End })
            })
            .collect();
        let mut reader = log.reader(&places).await?;
        if shares.values().any(|share| !share.is_following) {
            let ends = reader.ends().await?;
            for (share, end) in shares.values_mut().zip(ends).filter(|(share, _)| !share.is_following) {
                share.counts.closings = end;
                share.is_following = true;
            }
        }
        self.reader = Some(reader);
        Ok(())
    }

    /// The next closings, after at most `wait`; waits for ever while nothing is followed.
    pub async fn read(&mut self, wait: Duration) -> Result<Vec<Record>, topics_log::Error> {
        match &mut self.reader {
            Some(reader) => reader.read(READ_MAX, wait).await,
            None if wait.is_zero() => Ok(Vec::new()),
            None => std::future::pending().await,
        }
    }
}

/// Counts closings. What is none becomes a dead letter, which the next transaction takes along with the
/// offset behind it; until then nothing behind it is counted.
pub(crate) fn count(
    parts: &Parts,
    settings: &Settings,
    topics: &Topics,
    shares: &mut Shares,
    records: Vec<Record>,
) -> Result<(), Error> {
    for record in records {
        let tasks = TopicPartition::new(Arc::clone(&topics.tasks), record.topic_partition.partition);
        let Some(share) = shares.get_mut(&tasks) else { continue };
        // Counted already, written before anything was taken here, or to be read again.
        if record.offset < share.counts.closings || share.letter.is_some() {
            continue;
        }
        match read(parts, &tasks, &record) {
            Ok(()) => {
                share.counts.closed += 1;
                metrics::counter!(names::CLOSINGS).increment(1);
            }
            Err(message) => {
                let reason = DeadReason::new(
                    "no-closing",
                    message,
                    "write closings only as a task's outcome is written",
                );
                share.letter = Some(letter(parts, settings, topics, &record, &reason)?);
            }
        }
        share.counts.closings = record.offset + 1;
    }
    Ok(())
}

/// Whether a record closes a task of this partition.
fn read(parts: &Parts, tasks: &TopicPartition, record: &Record) -> Result<(), String> {
    let closing: Closing = parts.codec.decode(&record.value).map_err(|error| error.to_string())?;
    if *closing.topic != *tasks.topic || closing.partition != tasks.partition {
        return Err(format!(
            "it closes a task of {}/{} among those of {tasks}",
            closing.topic, closing.partition
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
