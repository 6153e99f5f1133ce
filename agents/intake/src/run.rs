//! The life of a task record, in one file: assigned, polled, checked, produced, committed with its offset.
//!
//! Everything is done in turn by one task. What is in memory is what was polled and not committed, and
//! what the closings say; both can be dropped at any time and read again.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_log::{Assignment, Consumer, Polled, Start, TopicPartition, Transactor};
use topics_runtime::{Error, Moment, Remedy, overdue};

use crate::closings::{self, Follower, Shares};
use crate::counts::Counts;
use crate::names;
use crate::records::Topics;
use crate::settings::{Parts, Settings};
use crate::share::Share;
use crate::transaction::{BATCH_MAX, Batch, say};

/// How long one poll waits while there is nothing to do.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// Runs intake until `shutdown`.
///
/// # Errors
/// `Fenced` or `Stop`, when the loop cannot go on. Passing trouble is retried and logged.
pub async fn run(parts: Parts, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let topics = Topics::of(&parts.directory, &settings.entry)?;
    let subscription = [&*topics.tasks];
    let joining = parts.log.join(settings.group.clone(), &subscription);
    let Some(consumer) = shutdown.run_until_cancelled(joining).await else { return Ok(()) };
    let consumer = consumer?;
    let share = settings.open_max / u64::try_from(topics.partitions).unwrap_or(1).max(1);
    let this = Intake {
        share_max: share.max(1),
        settle_at: Instant::now() + settings.settle_every,
        parts,
        settings,
        topics,
        consumer,
        transactor: None,
        unread: Vec::new(),
        shares: Shares::new(),
        follower: Follower::default(),
    };
    this.run(shutdown).await
}

struct Intake {
    parts: Parts,
    settings: Settings,
    topics: Topics,
    consumer: Box<dyn Consumer>,
    /// None at the start, and after a commit whose outcome is unknown.
    transactor: Option<Box<dyn Transactor>>,
    /// Assigned, and to be begun, or begun again, from what is committed.
    unread: Vec<Assignment>,
    shares: Shares,
    follower: Follower,
    /// Most open tasks of one partition.
    share_max: u64,
    /// When closings are committed next without a task.
    settle_at: Instant,
}

impl Intake {
    async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        let drain_max = self.settings.drain_max;
        while !shutdown.is_cancelled() {
            let turned = tokio::select! {
                biased;
                turned = self.turn(&shutdown) => turned,
                // Its transaction is ended by whoever takes its name next.
                () = overdue(&shutdown, drain_max) => {
                    self.consumer.close().await;
                    return Ok(());
                }
            };
            match turned {
                Ok(()) => {}
                Err(error) if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) => return Err(error),
                Err(error) => {
                    tracing::warn!(gateway = %self.settings.name, %error, "trying again");
                    tokio::time::sleep(self.settings.retry_pause).await;
                }
            }
        }
        if self.is_ready() {
            // What does not end in time is aborted by the next owner, and counted again.
            let _ = tokio::time::timeout(self.settings.drain_max, self.commit(true)).await;
        }
        self.consumer.close().await;
        Ok(())
    }

    /// One bounded round. After an error everything is as it was, or will be read back; the poll comes
    /// first, because it tells what is no longer ours.
    async fn turn(&mut self, shutdown: &CancellationToken) -> Result<(), Error> {
        // Taking the transactor's name again fences off whoever has it: an instance that was replaced while
        // it stood still first hears all that there is to hear of its membership.
        let is_remaking = self.transactor.is_none() && !self.shares.is_empty();
        let wait = if is_remaking { POLL_WAIT } else { Duration::ZERO };
        // Awaited to its end, so that a log that takes its time gets it.
        let polled = self.consumer.poll(self.poll_max(), wait).await?;
        let has_polled = self.take(polled).await;
        if is_remaking && has_polled {
            return Ok(());
        }
        let Some(ready) = shutdown.run_until_cancelled(self.make_ready()).await else { return Ok(()) };
        ready?;
        let settles = Instant::now() >= self.settle_at;
        // Only when it matters: a task that there is room for does not wait for the closings' reader.
        if settles || self.shares.values().any(|share| share.room() == 0) {
            self.count_closings().await?;
        }
        let has_committed = self.commit(settles).await?;
        self.steer().await?;
        if has_polled || has_committed {
            return Ok(());
        }
        let room = self.poll_max();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(()),
            polled = self.consumer.poll(room, POLL_WAIT) => {
                self.take(polled?).await;
                Ok(())
            }
            closings = self.follower.read(POLL_WAIT), if self.may_count() => self.count(closings?),
        }
    }

    /// Makes what is missing: the transactor, the shares of what was assigned, the reader of closings.
    async fn make_ready(&mut self) -> Result<(), Error> {
        if self.transactor.is_none() {
            self.transactor = Some(self.consumer.transactor(&self.settings.transactor()).await?);
            // It ended the earlier one's transaction, one way or the other: what is committed is read back.
            self.unread.extend(self.shares.values().map(|share| share.assignment.clone()));
        }
        if !self.unread.is_empty() {
            self.assume().await?;
            self.unread.clear();
        }
        self.follower.follow(&self.parts.log, &self.topics, &mut self.shares).await
    }

    /// Whether what is in memory is what is committed, and what came after.
    fn is_ready(&self) -> bool {
        self.transactor.is_some() && self.unread.is_empty()
    }

    async fn count_closings(&mut self) -> Result<(), Error> {
        if !self.may_count() {
            return Ok(());
        }
        let records = self.follower.read(Duration::ZERO).await?;
        self.count(records)
    }

    /// Whether closings may be counted: a dead letter is taken along before there can be another.
    fn may_count(&self) -> bool {
        self.shares.values().all(|share| share.letter.is_none())
    }

    fn count(&mut self, records: Vec<topics_log::Record>) -> Result<(), Error> {
        closings::count(&self.parts, &self.settings, &self.topics, &mut self.shares, records)?;
        if !self.may_count() {
            // What was read behind the bad one is read again.
            self.follower.forget();
        }
        Ok(())
    }

    /// Decides about what waits and commits it. Returns whether there was anything.
    async fn commit(&mut self, settles: bool) -> Result<bool, Error> {
        if settles {
            self.settle_at = Instant::now() + self.settings.settle_every;
        }
        let mut batch = Batch::decide(&self.parts, &self.settings, &self.topics, &self.shares, settles)?;
        let Some(transactor) = self.transactor.as_mut().filter(|_| !batch.is_empty()) else {
            return Ok(false);
        };
        self.parts.probe.at(&self.settings.name, Moment::Stepped).await;
        match batch.execute(&self.parts, &self.settings, &self.shares, &mut **transactor).await {
            Ok(()) => {
                batch.done(&self.settings, &mut self.shares);
                for (partition, share) in &self.shares {
                    say_open(partition, share.counts.open(), share.waiting_len());
                }
                Ok(true)
            }
            Err(error) => Err(self.give_up(error).await),
        }
    }

    /// Ends a transaction that failed. What it was to do is decided again, unless somebody else has the
    /// transactor's name: that is what comes back then.
    async fn give_up(&mut self, error: Error) -> Error {
        let Some(transactor) = self.transactor.as_mut() else { return error };
        if error.remedy != Remedy::Unknown {
            match transactor.abort().await {
                Ok(()) => return error,
                Err(told) if told.remedy == topics_log::Remedy::Fenced => return told.into(),
                Err(_) => {}
            }
        }
        self.transactor = None;
        error
    }

    /// Parks partitions without room and sends those back that have it again.
    async fn steer(&mut self) -> Result<(), Error> {
        let is_polled = self.shares.values().any(Share::is_hungry);
        let turns: Vec<(Assignment, Start)> = self
            .shares
            .values()
            .filter_map(|share| Some((share.assignment.clone(), share.turn(is_polled)?)))
            .collect();
        if turns.is_empty() {
            return Ok(());
        }
        self.consumer.read_from(&turns).await?;
        for (assignment, to) in turns {
            if let Some(share) = self.shares.get_mut(&assignment.topic_partition) {
                share.turned(to);
            }
        }
        Ok(())
    }

    /// How many records to poll: what there is room for. None are polled while all is full, which still
    /// serves rebalances.
    fn poll_max(&self) -> usize {
        if !self.is_ready() {
            return 0;
        }
        let hungry = self.shares.values().filter(|share| share.is_hungry());
        let room = hungry.fold(0_u64, |room, share| room.saturating_add(share.room()));
        usize::try_from(room).unwrap_or(BATCH_MAX).min(BATCH_MAX)
    }

    /// Takes what a poll brought. Returns whether it brought anything.
    async fn take(&mut self, polled: Polled) -> bool {
        match polled {
            Polled::Records(records) if records.is_empty() => return false,
            Polled::Records(records) => {
                self.parts.probe.at(&self.settings.name, Moment::Polled).await;
                for record in records {
                    if let Some(share) = self.shares.get_mut(&record.topic_partition) {
                        share.receive(record);
                    }
                }
            }
            Polled::Assigned(assignments) => {
                self.parts.probe.at(&self.settings.name, Moment::Assigned).await;
                let is_anew = |unread: &Assignment| {
                    assignments.iter().any(|assignment| assignment.topic_partition == unread.topic_partition)
                };
                self.unread.retain(|unread| !is_anew(unread));
                self.unread.extend(assignments);
            }
            Polled::Revoked(assignments) => {
                for Assignment { topic_partition, .. } in &assignments {
                    self.shares.remove(topic_partition);
                    self.unread.retain(|unread| unread.topic_partition != *topic_partition);
                    say_open(topic_partition, 0, 0);
                }
                self.follower.forget();
                self.parts.probe.at(&self.settings.name, Moment::Revoked).await;
            }
        }
        true
    }

    /// Goes on where what is committed ends, and forgets everything else about the partitions to be read.
    async fn assume(&mut self) -> Result<(), Error> {
        let committed = self.consumer.committed(&self.unread).await?;
        let (mut starts, mut shares) = (Vec::new(), Vec::new());
        for (assignment, committed) in self.unread.iter().zip(committed) {
            let committed = match committed {
                None => None,
                Some(committed) => {
                    Some((committed.offset, self.read_counts(assignment, &committed.metadata)?))
                }
            };
            starts
                .push((assignment.clone(), committed.map_or(Start::Beginning, |(next, _)| Start::At(next))));
            shares.push(Share::new(assignment.clone(), committed, self.share_max));
        }
        self.consumer.read_from(&starts).await?;
        for share in shares {
            let committed = share.committed;
            if let Some(before) = self.shares.insert(share.assignment.topic_partition.clone(), share) {
                say(before.committed, committed);
            }
        }
        self.follower.forget();
        Ok(())
    }

    fn read_counts(&self, assignment: &Assignment, metadata: &str) -> Result<Counts, Error> {
        Counts::read(metadata).map_err(|cause| {
            let (at, group) = (&assignment.topic_partition, &self.settings.group.id);
            Error::new(Remedy::Stop, format!("take over {at} of group {group}"), cause)
        })
    }
}

/// Says how many tasks of a partition are open and how many wait for room.
fn say_open(partition: &TopicPartition, open: u64, waiting: usize) {
    let label = partition.partition.to_string();
    metrics::gauge!(names::OPEN, "partition" => label.clone()).set(number(open));
    metrics::gauge!(names::WAITING, "partition" => label).set(number(waiting as u64));
}

/// A count as a gauge takes it.
#[allow(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
