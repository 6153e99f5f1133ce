//! The life of a request, in one file: poll, admit, answer or expire, report, commit the watermark.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::stream::FuturesUnordered;
use schemas_codec::Codec;
use schemas_records::{CallId, Envelope, Kind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_guard::{Guard, stands};
use topics_log::{Assignment, Consumer, Group, Log, OffsetCommit, Polled, Record, Start, TopicPartition};

use super::log_time::LogTime;
use super::queue::Queue;
use super::report::Reporter;
use super::watermark::Watermark;
use super::{Gateway, Request};
use crate::dead_letters::DeadReason;
use crate::error::{Error, Remedy};
use crate::names;
use crate::probe::{Moment, Probe};
use crate::shutdown::overdue;

/// What a gateway's loop is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The gateway's short name, for logs and metrics.
    pub name: String,
    /// Its consumer group and instance.
    pub group: Group,
    /// The topic it reads.
    pub topic: String,
    /// Where dead letters go.
    pub dead_letters: String,
    /// What is noted with each commit: names the store that holds the journal. An owner that finds
    /// another note refuses.
    pub note: String,
    /// Most requests in flight at once.
    pub in_flight_max: usize,
    /// Most requests read ahead and waiting. Together with `in_flight_max` this bounds what a restart
    /// reads again.
    pub waiting_max: usize,
    /// From so many bytes of waiting requests on, no more are read: prompts may be half a megabyte each.
    pub waiting_bytes_max: usize,
    /// How often the watermark is committed: a restart reads at most this much time again.
    pub commit_every: Duration,
    /// How long a polite shutdown waits for what is in flight. Below the session time-out's multiple
    /// that operators wait for; what is not done by then comes again elsewhere.
    pub drain_max: Duration,
    /// The pause before a request whose store was out of reach is tried again.
    pub retry_pause: Duration,
}

impl Settings {
    /// The starting values: 64 in flight (one CQL node's worth of journal writes), 1,024 waiting (a
    /// restart reads at most a thousand requests again) or 64 MiB of them, commits five times a second.
    #[must_use]
    pub fn new(name: &str, group: Group, topic: String, dead_letters: String, note: String) -> Self {
        Self {
            name: name.to_owned(),
            group,
            topic,
            dead_letters,
            note,
            in_flight_max: 64,
            waiting_max: 1024,
            waiting_bytes_max: 64 * 1024 * 1024,
            commit_every: Duration::from_millis(200),
            drain_max: Duration::from_secs(10),
            retry_pause: Duration::from_millis(200),
        }
    }
}

/// What a gateway's loop works with.
#[derive(Clone)]
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The gateway itself.
    pub gateway: Arc<dyn Gateway>,
    /// Bytes and records.
    pub codec: Codec,
    /// Who is told of moments.
    pub probe: Arc<dyn Probe>,
}

/// How many times `waiting_max` of requests a partition may have in hand above its watermark.
const AHEAD_MAX: usize = 8;

/// Most requests past their deadline that are in flight beside the others: as many journal writes at once
/// as [`Settings::new`] allows for answers.
const EXPIRING_MAX: usize = 64;

/// How long one poll waits: short enough that the watermark is committed on time.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// Runs a gateway until `shutdown`, then drains it.
///
/// # Errors
/// `Fenced` or `Stop`, when the loop cannot go on. Passing trouble is retried and logged.
pub async fn run(parts: Parts, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let joining = async {
        let consumer = parts.log.join(settings.group.clone(), &[settings.topic.as_str()]).await?;
        Ok::<_, Error>((consumer, parts.log.publisher().await?.into()))
    };
    let Some(joined) = shutdown.run_until_cancelled(joining).await else { return Ok(()) };
    let (consumer, publisher) = joined?;
    let (settings, log_time) = (Arc::new(settings), Arc::<LogTime>::default());
    let this = Loop {
        reporter: Reporter {
            parts: parts.clone(),
            settings: Arc::clone(&settings),
            publisher,
            log_time: Arc::clone(&log_time),
        },
        parts,
        settings,
        log_time,
        owned: BTreeMap::new(),
        serial: 0,
        queue: Queue::default(),
        in_flight: FuturesUnordered::new(),
        running: BTreeMap::new(),
        to_commit: BTreeMap::new(),
        unstarted: Vec::new(),
    };
    this.run(consumer, shutdown).await
}

/// One ownership of one partition.
struct Owned {
    assignment: Assignment,
    serial: u64,
    watermark: Watermark,
}

/// A request that has ended, well or not.
struct Done {
    topic_partition: TopicPartition,
    offset: i64,
    serial: u64,
    result: Result<(), Error>,
}

struct Loop {
    parts: Parts,
    settings: Arc<Settings>,
    reporter: Reporter,
    log_time: Arc<LogTime>,
    owned: BTreeMap<TopicPartition, Owned>,
    /// Counts ownerships, so that what ends late is not taken for a later ownership's.
    serial: u64,
    queue: Queue,
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The handles of what is in flight, to abort what is cancelled: by place and ownership, since a place
    /// that left and came back may be in flight twice.
    running: BTreeMap<(TopicPartition, i64, u64), (Option<CallId>, AbortHandle)>,
    to_commit: BTreeMap<TopicPartition, i64>,
    /// Assigned, and not read from yet.
    unstarted: Vec<Assignment>,
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
            self.admit();
            let room = self.room();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(done) = self.in_flight.next() => self.finish(done)?,
                polled = consumer.poll(room, POLL_WAIT) => tokio::select! {
                    biased;
                    taken = self.take(polled) => taken?,
                    // What is left of it lies above the watermark, and comes again.
                    () = overdue(&shutdown, drain_max) => break,
                },
            }
            if Instant::now() >= commit_at {
                self.commit(&mut *consumer).await?;
                commit_at = Instant::now() + self.settings.commit_every;
            }
        }
        self.drain(&mut *consumer).await?;
        consumer.close().await;
        Ok(())
    }

    /// Puts waiting requests in flight while there is room; and what is past its deadline, in places of its
    /// own: it waits for no provider, and shall not wait behind those that do.
    fn admit(&mut self) {
        let in_flight_max = self.settings.in_flight_max;
        while self.in_flight.len() < in_flight_max + EXPIRING_MAX
            && self.queue.next_deadline().is_some_and(|deadline| self.log_time.is_past(deadline))
            && let Some(request) = self.queue.pop_next_deadline()
        {
            self.launch(request);
        }
        while self.in_flight.len() < in_flight_max
            && let Some(request) = self.queue.pop()
        {
            self.launch(request);
        }
        metrics::gauge!(names::GATEWAY_WAITING, "gateway" => self.settings.name.clone())
            .set(count(self.queue.len()));
        metrics::gauge!(names::GATEWAY_IN_FLIGHT, "gateway" => self.settings.name.clone())
            .set(count(self.in_flight.len()));
    }

    /// Puts a request in flight, if its partition is still ours.
    fn launch(&mut self, request: Request) {
        let (topic_partition, offset) = (request.record.topic_partition.clone(), request.record.offset);
        let Some(serial) = self.owned.get(&topic_partition).map(|owned| owned.serial) else { return };
        let (handle, registration) = AbortHandle::new_pair();
        let place = (topic_partition.clone(), offset, serial);
        self.running.insert(place, (request.envelope.call, handle));
        let work = Abortable::new(self.reporter.clone().answer(request), registration);
        self.in_flight.push(Box::pin(async move {
            // An aborted request was cancelled: it is done.
            let result = work.await.unwrap_or(Ok(()));
            Done { topic_partition, offset, serial, result }
        }));
    }

    /// A request has ended: the watermark may move.
    fn finish(&mut self, done: Done) -> Result<(), Error> {
        self.running.remove(&(done.topic_partition.clone(), done.offset, done.serial));
        done.result?;
        metrics::counter!(names::GATEWAY_ANSWERED, "gateway" => self.settings.name.clone()).increment(1);
        self.pass(&done.topic_partition, done.offset, done.serial);
        Ok(())
    }

    /// Counts an offset as done, if this ownership still stands.
    fn pass(&mut self, topic_partition: &TopicPartition, offset: i64, serial: u64) {
        let Some(owned) = self.owned.get_mut(topic_partition) else {
            return;
        };
        if owned.serial != serial {
            return;
        }
        if let Some(next) = owned.watermark.finish(offset) {
            self.to_commit.insert(topic_partition.clone(), next);
        }
    }

    async fn take(&mut self, polled: Result<Polled, topics_log::Error>) -> Result<(), Error> {
        match polled {
            Ok(Polled::Records(records)) => self.read(records).await,
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
            Err(error) => self.bear(error.into()).await,
        }
    }

    /// How many requests may be read: none while too many or too large ones wait, or while too many are done behind one
    /// that is not, since a restart would read them all again.
    fn room(&self) -> usize {
        let ahead = self.owned.values().map(|owned| owned.watermark.len()).max().unwrap_or(0);
        if ahead >= AHEAD_MAX * self.settings.waiting_max
            || (self.queue.bytes() >= self.settings.waiting_bytes_max && stands(Guard::WaitingBound))
        {
            return 0;
        }
        self.settings.waiting_max.saturating_sub(self.queue.len())
    }

    /// Reads where the last owner's watermark stood, once its note fits: one attempt a round, so that
    /// rebalances are heard of meanwhile.
    async fn assume(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        self.unstarted.retain(|assignment| assignment.token.is_alive());
        if self.unstarted.is_empty() {
            return Ok(());
        }
        let assignments = self.unstarted.clone();
        let committed = match consumer.committed(&assignments).await {
            Ok(committed) => committed,
            Err(error) => {
                tokio::time::sleep(self.settings.retry_pause).await;
                return self.bear(error.into()).await;
            }
        };
        let mut starts = Vec::new();
        for (assignment, committed) in assignments.into_iter().zip(committed) {
            let start = match committed {
                None => Start::Beginning,
                Some(committed) if committed.metadata == self.settings.note => Start::At(committed.offset),
                Some(committed) => {
                    return Err(Error::new(
                        Remedy::Stop,
                        format!(
                            "take over {} of group {}",
                            assignment.topic_partition, self.settings.group.id
                        ),
                        format!(
                            "its last owner kept its journal in another store ({:?}, this one is {:?}); start this node \
                             with that store, or give the group's offsets up",
                            committed.metadata, self.settings.note
                        ),
                    ));
                }
            };
            self.serial += 1;
            let owned = Owned {
                assignment: assignment.clone(),
                serial: self.serial,
                watermark: Watermark::default(),
            };
            self.owned.insert(assignment.topic_partition.clone(), owned);
            starts.push((assignment, start));
        }
        match consumer.read_from(&starts).await {
            Ok(()) => {
                self.unstarted.clear();
                Ok(())
            }
            // What is still ours then is begun by the next round, after a poll.
            Err(error) => self.bear(error.into()).await,
        }
    }

    /// Forgets a partition: what waits is dropped, what is in flight ends and is reported, uncommitted.
    fn forget(&mut self, partition: &TopicPartition) {
        self.owned.remove(partition);
        self.to_commit.remove(partition);
        self.queue.forget(partition);
    }

    async fn read(&mut self, records: Vec<Record>) -> Result<(), Error> {
        self.log_time.read(&records);
        for record in records {
            let Some(owned) = self.owned.get_mut(&record.topic_partition) else {
                continue;
            };
            owned.watermark.begin(record.offset);
            let (token, serial) = (owned.assignment.token.clone(), owned.serial);
            let (partition, offset) = (record.topic_partition.clone(), record.offset);
            match Envelope::read(&record.headers) {
                Ok(envelope) if envelope.kind == Kind::Input => {
                    self.queue.push(Request { envelope, record, token });
                }
                Ok(envelope) if envelope.kind == Kind::Cancellation => {
                    self.cancel(&envelope).await?;
                    self.pass(&partition, offset, serial);
                }
                Ok(envelope) => {
                    let kind = envelope.kind.as_str();
                    let reason = DeadReason::new(
                        "wrong-kind",
                        format!(
                            "a gateway takes records of kind input or cancellation, this is of kind {kind}"
                        ),
                        "send it to an agent's inbox",
                    );
                    self.bury(&record, &reason).await?;
                    self.pass(&partition, offset, serial);
                }
                Err(message) => {
                    let reason =
                        DeadReason::new("bad-headers", message, "write the headers an agent's call has");
                    self.bury(&record, &reason).await?;
                    self.pass(&partition, offset, serial);
                }
            }
        }
        Ok(())
    }

    /// Takes a cancelled call out, wherever it is.
    async fn cancel(&mut self, envelope: &Envelope) -> Result<(), Error> {
        let Some(call) = envelope.call else { return Ok(()) };
        if !stands(Guard::CancelledTakenOut) {
            return Ok(());
        }
        for request in self.queue.cancel(call) {
            let place = &request.record.topic_partition;
            let serial = self.owned.get(place).map_or(0, |owned| owned.serial);
            self.pass(&place.clone(), request.record.offset, serial);
        }
        for (running, handle) in self.running.values() {
            if *running == Some(call) {
                handle.abort();
            }
        }
        metrics::counter!(names::GATEWAY_CANCELLED, "gateway" => self.settings.name.clone()).increment(1);
        let gateway = Arc::clone(&self.parts.gateway);
        let mut cancelled = gateway.cancelled(envelope);
        loop {
            tokio::select! {
                biased;
                done = &mut cancelled => return done,
                // Both want places at the same store, and what has one must be able to leave it.
                Some(done) = self.in_flight.next(), if stands(Guard::CancellingLetsGo) => self.finish(done)?,
            }
        }
    }

    /// Publishes a dead letter; the watermark passes only once it is acknowledged.
    async fn bury(&mut self, record: &Record, reason: &DeadReason) -> Result<(), Error> {
        self.reporter.bury(record, reason).await
    }

    async fn commit(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        let offsets: Vec<OffsetCommit> = std::mem::take(&mut self.to_commit)
            .into_iter()
            .filter_map(|(partition, next)| {
                let assignment = self.owned.get(&partition)?.assignment.clone();
                Some(OffsetCommit { assignment, next, metadata: self.settings.note.clone() })
            })
            .collect();
        if offsets.is_empty() {
            return Ok(());
        }
        let Err(error) = consumer.commit(&offsets).await else { return Ok(()) };
        // What is still ours when the next poll has told what is not, is committed then.
        for offset in offsets {
            self.to_commit.entry(offset.assignment.topic_partition).or_insert(offset.next);
        }
        if error.remedy == topics_log::Remedy::Lost { Ok(()) } else { self.bear(error.into()).await }
    }

    /// Waits for what is in flight, within the bound, and commits.
    async fn drain(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        let until = Instant::now() + self.settings.drain_max;
        while !self.in_flight.is_empty() && stands(Guard::ShutdownDrains) {
            match tokio::time::timeout_at(until, self.in_flight.next()).await {
                Ok(Some(done)) => self.finish(done)?,
                Ok(None) | Err(_) => break,
            }
        }
        self.commit(consumer).await
    }

    /// Passing trouble: said, waited out, tried again by the caller. Anything else ends the loop.
    async fn bear(&mut self, error: Error) -> Result<(), Error> {
        match error.remedy {
            Remedy::Retry | Remedy::Abort | Remedy::Unknown => {
                if error.remedy == Remedy::Retry {
                    // Whoever is away says so itself: the log and the store, once for all roles.
                    tracing::info!(gateway = %self.settings.name, %error, "trying again");
                } else {
                    tracing::warn!(gateway = %self.settings.name, %error, "trying again");
                }
                tokio::time::sleep(self.settings.retry_pause).await;
                Ok(())
            }
            Remedy::Lost => Ok(()),
            Remedy::Fenced | Remedy::Stop => Err(error),
        }
    }
}

/// A count as a gauge takes it.
#[allow(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
