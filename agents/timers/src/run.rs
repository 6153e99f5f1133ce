//! The life of a timer, in one file: assigned, polled, kept as a row, fired, deleted, committed.
//!
//! Everything is done in turn by one task: no step is begun while another's write is under way. Each step
//! is bounded, and may be done again: where one fails, it is left for a pause and made again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_log::{Assignment, Consumer, OffsetCommit, Polled, Publisher, Record, Start, TopicPartition};
use topics_runtime::{BrokerClock, Error, Moment, Remedy, overdue};

use crate::agenda::Agenda;
use crate::mark::{self, Minute};
use crate::names;
use crate::settings::{Parts, Settings};

/// How long one poll waits: short enough that offsets are committed on time.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// How much longer than asked for a poll may take before it is given up for timers that are due.
const POLL_GRACE: Duration = Duration::from_millis(20);

/// Most records read and not yet kept: a few chunks, so that the log is read while rows are written.
const BACKLOG_MAX: usize = 256;

/// Minutes that may be passed before they are committed without any other reason: a new owner reads them
/// one by one, and an idle partition shall cost one commit in ten minutes.
const UNCOMMITTED_MINUTES_MAX: Minute = 10;

/// Runs the timer gateway until `shutdown`.
///
/// # Errors
/// `Fenced` or `Stop`, when the loop cannot go on. Passing trouble is retried and logged.
pub async fn run(parts: Parts, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let joining = async {
        let consumer = parts.log.join(settings.group.clone(), &[settings.topic.as_str()]).await?;
        Ok::<_, Error>((consumer, parts.log.publisher().await?))
    };
    let Some(joined) = shutdown.run_until_cancelled(joining).await else { return Ok(()) };
    let (consumer, publisher) = joined?;
    let this = Loop {
        parts,
        settings,
        publisher,
        clock: BrokerClock::default(),
        owned: BTreeMap::new(),
        backlog: VecDeque::new(),
        unstarted: Vec::new(),
        log_pause: None,
        store_pause: None,
    };
    this.run(consumer, shutdown).await
}

/// One ownership of one partition.
pub(crate) struct Owned {
    pub(crate) assignment: Assignment,
    pub(crate) agenda: Agenda,
    /// The offset of the next request; none before the first.
    pub(crate) next: Option<i64>,
    /// Whether requests were kept since the last commit.
    pub(crate) is_moved: bool,
    /// The minute in the last commit.
    committed: Option<Minute>,
}

pub(crate) struct Loop {
    pub(crate) parts: Parts,
    pub(crate) settings: Settings,
    pub(crate) publisher: Box<dyn Publisher>,
    pub(crate) clock: BrokerClock,
    /// Assigned, and not read from yet.
    unstarted: Vec<Assignment>,
    pub(crate) owned: BTreeMap<TopicPartition, Owned>,
    /// Read and not yet kept.
    pub(crate) backlog: VecDeque<Record>,
    /// Until when the log is left alone, after it refused something.
    log_pause: Option<Instant>,
    /// The same for the store.
    store_pause: Option<Instant>,
}

/// What a step needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Log,
    Store,
}

impl Loop {
    async fn run(
        mut self,
        mut consumer: Box<dyn Consumer>,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let mut commit_at = Instant::now() + self.settings.commit_every;
        let drain_max = self.settings.drain_max;
        while let Some(assumed) = shutdown.run_until_cancelled(self.assume(&mut *consumer)).await {
            assumed?;
            let is_busy = tokio::select! {
                biased;
                is_busy = self.round(&mut *consumer, &mut commit_at) => is_busy?,
                () = overdue(&shutdown, drain_max) => {
                    consumer.close().await;
                    return Ok(());
                }
            };
            let wait = if is_busy { Duration::ZERO } else { self.patience() };
            let room = BACKLOG_MAX.saturating_sub(self.backlog.len());
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                polled = consumer.poll(room, wait), if self.log_pause.is_none() => {
                    self.take(polled).await?;
                }
                () = tokio::time::sleep(wait + POLL_GRACE) => {}
            }
        }
        // What does not end in time is done again by the next owner.
        let _ = tokio::time::timeout(self.settings.drain_max, self.drain(&mut *consumer)).await;
        consumer.close().await;
        Ok(())
    }

    /// One round, with its commit if that is due. Returns whether there is more to do at once.
    async fn round(&mut self, consumer: &mut dyn Consumer, commit_at: &mut Instant) -> Result<bool, Error> {
        let is_busy = self.turn().await?;
        if Instant::now() >= *commit_at {
            let done = self.commit(consumer).await;
            self.bear(Door::Log, done.map(|()| false))?;
            *commit_at = Instant::now() + self.settings.commit_every;
        }
        Ok(is_busy)
    }

    /// One bounded round of everything but the consumer. Returns whether there is more to do at once.
    async fn turn(&mut self) -> Result<bool, Error> {
        let now = Instant::now();
        self.log_pause = self.log_pause.filter(|until| *until > now);
        self.store_pause = self.store_pause.filter(|until| *until > now);
        let mut is_busy = false;
        if self.log_pause.is_none() {
            let asked = self.ask_the_time().await;
            self.bear(Door::Log, asked.map(|()| false))?;
            let fired = self.fire().await;
            is_busy |= self.bear(Door::Log, fired)?;
        }
        if self.store_pause.is_none() {
            let stored = self.store_turn().await;
            is_busy |= self.bear(Door::Store, stored)?;
        }
        metrics::gauge!(names::HELD).set(count(self.owned.values().map(|owned| owned.agenda.held()).sum()));
        Ok(is_busy)
    }

    /// The steps that need the store.
    async fn store_turn(&mut self) -> Result<bool, Error> {
        self.delete().await?;
        let keeps = self.keep().await?;
        let passes = self.pass().await?;
        let reads = self.read_ahead().await?;
        Ok(keeps | passes | reads)
    }

    /// How long there is nothing to do unless something comes.
    fn patience(&self) -> Duration {
        if self.log_pause.is_none() && self.needs_the_time().is_some() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let due = self.owned.values().filter_map(|owned| owned.agenda.next_due()).min();
        let due = due.and_then(|due| self.clock.instant_of(due)).filter(|_| self.log_pause.is_none());
        let pauses = self.log_pause.into_iter().chain(self.store_pause);
        let wake = due.into_iter().chain(pauses).min();
        wake.map_or(POLL_WAIT, |wake| wake.saturating_duration_since(now).min(POLL_WAIT))
    }

    async fn take(&mut self, polled: Result<Polled, topics_log::Error>) -> Result<(), Error> {
        match polled {
            Ok(Polled::Records(records)) => {
                if !records.is_empty() {
                    self.parts.probe.at(&self.settings.name, Moment::Polled).await;
                }
                self.backlog.extend(records);
                Ok(())
            }
            Ok(Polled::Assigned(assignments)) => {
                self.unstarted.extend(assignments);
                self.parts.probe.at(&self.settings.name, Moment::Assigned).await;
                Ok(())
            }
            Ok(Polled::Revoked(assignments)) => {
                for assignment in &assignments {
                    self.forget(&assignment.topic_partition);
                }
                self.parts.probe.at(&self.settings.name, Moment::Revoked).await;
                Ok(())
            }
            Err(error) => self.bear(Door::Log, Err(error.into())).map(drop),
        }
    }

    /// Goes on where the last owner stood, once its mark fits: one attempt a round, so that rebalances are
    /// heard of meanwhile.
    async fn assume(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        self.unstarted.retain(|assignment| assignment.token.is_alive());
        if self.unstarted.is_empty() {
            return Ok(());
        }
        let assignments = self.unstarted.clone();
        let committed = match consumer.committed(&assignments).await {
            Ok(committed) => committed,
            Err(error) => return self.wait_out(error.into()).await,
        };
        let mut starts = Vec::new();
        for (assignment, committed) in assignments.into_iter().zip(committed) {
            let fired_through = match &committed {
                None => None,
                Some(committed) => {
                    Some(mark::read(&self.settings.note, &committed.metadata).map_err(|cause| {
                        let (at, group) = (&assignment.topic_partition, &self.settings.group.id);
                        Error::new(Remedy::Stop, format!("take over {at} of group {group}"), cause)
                    })?)
                }
            };
            self.forget(&assignment.topic_partition);
            let next = committed.map(|committed| committed.offset);
            let owned = Owned {
                assignment: assignment.clone(),
                agenda: Agenda::new(fired_through, self.settings.held_max),
                next,
                is_moved: false,
                committed: fired_through,
            };
            self.owned.insert(assignment.topic_partition.clone(), owned);
            starts.push((assignment, next.map_or(Start::Beginning, Start::At)));
        }
        if let Err(error) = consumer.read_from(&starts).await {
            return self.wait_out(error.into()).await;
        }
        self.unstarted.clear();
        Ok(())
    }

    /// Drops all that is known of a partition. Nothing is under way: every step is awaited to its end.
    fn forget(&mut self, partition: &TopicPartition) {
        self.owned.remove(partition);
        self.backlog.retain(|record| record.topic_partition != *partition);
    }

    /// Commits offsets and marks where something has moved.
    async fn commit(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        let mut offsets = Vec::new();
        for owned in self.owned.values() {
            let (Some(next), Some(fired_through)) = (owned.next, owned.agenda.fired_through()) else {
                continue;
            };
            let passed = owned.committed.map_or(0, |committed| fired_through - committed);
            if owned.is_moved || passed >= UNCOMMITTED_MINUTES_MAX {
                let metadata = mark::write(&self.settings.note, fired_through);
                offsets.push(OffsetCommit { assignment: owned.assignment.clone(), next, metadata });
            }
        }
        if offsets.is_empty() {
            return Ok(());
        }
        match consumer.commit(&offsets).await {
            Ok(()) => {}
            // The next poll tells what was revoked; until then the offsets are simply not moved.
            Err(error) if error.remedy == topics_log::Remedy::Lost => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.parts.probe.at(&self.settings.name, Moment::Committed).await;
        for offset in offsets {
            if let Some(owned) = self.owned.get_mut(&offset.assignment.topic_partition) {
                owned.is_moved = false;
                owned.committed = owned.agenda.fired_through();
            }
        }
        Ok(())
    }

    /// Deletes the rows of what has fired, and commits.
    async fn drain(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        self.delete().await?;
        self.commit(consumer).await
    }

    /// Passing trouble: said, and the door left alone for a pause. Anything else ends the loop.
    fn bear(&mut self, door: Door, done: Result<bool, Error>) -> Result<bool, Error> {
        let error = match done {
            Ok(is_busy) => return Ok(is_busy),
            Err(error) => error,
        };
        match error.remedy {
            Remedy::Retry | Remedy::Abort | Remedy::Unknown | Remedy::Lost => {
                if error.remedy == Remedy::Retry {
                    // Whoever is away says so itself: the log and the store, once for all roles.
                    tracing::info!(gateway = %self.settings.name, %error, "trying again");
                } else {
                    tracing::warn!(gateway = %self.settings.name, %error, "trying again");
                }
                let until = Some(Instant::now() + self.settings.retry_pause);
                match door {
                    Door::Log => self.log_pause = until,
                    Door::Store => self.store_pause = until,
                }
                Ok(false)
            }
            Remedy::Fenced | Remedy::Stop => Err(error),
        }
    }

    /// Passing trouble with what everything else waits for.
    async fn wait_out(&mut self, error: Error) -> Result<(), Error> {
        self.bear(Door::Log, Err(error))?;
        tokio::time::sleep(self.settings.retry_pause).await;
        Ok(())
    }
}

/// A count as a gauge takes it.
#[allow(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
