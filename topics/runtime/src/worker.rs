//! The worker: the life of a batch, from the poll to the commit. [`Worker::batch`] is the function to
//! read first.
//!
//! One worker serves one generation of one agent type's inbox in one process: it is one member of that
//! generation's group, with one transactional producer. It knows nothing of what it moves.

mod batch;
mod cache;
mod moving;
mod ownership;
mod pruning;
mod recovery;
mod settings;
mod watchdog;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas_codec::Codec;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_guard::{Guard, stands};
use topics_log::{
    Assignment, Clock, Consumer, Log, NewRecord, OffsetCommit, Polled, Record, TopicPartition, Transactor,
};
use topics_state::{Epoch, StateStore};

use crate::error::{Error, Remedy};
use crate::handler::Handler;
use crate::names;
use crate::probe::{Moment, Probe};
use crate::shutdown::overdue;
use batch::Stepped;
use ownership::Owned;
use pruning::Pruning;

pub use moving::{draining_record, has_moved, names_next};
pub use settings::Settings;
pub use watchdog::{Death, Watchdog};

/// What a worker works with.
#[derive(Clone)]
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Agents' state.
    pub store: Arc<dyn StateStore>,
    /// What records mean.
    pub handler: Arc<dyn Handler>,
    /// Bytes and records, for dead letters.
    pub codec: Codec,
    /// What time it is, for metrics only.
    pub clock: Arc<dyn Clock>,
    /// Who is told of moments.
    pub probe: Arc<dyn Probe>,
    /// Who ends the process if a step never returns; `None` where nothing can be ended (simulation).
    pub watchdog: Option<Arc<Watchdog>>,
}

/// Runs a worker until `shutdown`.
///
/// # Errors
/// `Fenced` or `Stop`, when it cannot go on. Everything else is recovered from and logged.
pub async fn run(parts: Parts, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    match shutdown.run_until_cancelled(Worker::join(parts, settings)).await {
        None => Ok(()),
        Some(joined) => joined?.run(shutdown).await,
    }
}

pub(crate) struct Worker {
    parts: Parts,
    settings: Settings,
    /// Noted with every commit: names the store.
    note: String,
    consumer: Box<dyn Consumer>,
    transactor: Box<dyn Transactor>,
    /// Whether a transaction is open.
    is_open: bool,
    /// Assigned, and not taken over yet: for the first time, or again after something went wrong.
    unstarted: Vec<Assignment>,
    owned: BTreeMap<TopicPartition, Owned>,
    /// The epochs this process took last, to tell its own ownerships from a predecessor that died.
    last_epochs: BTreeMap<TopicPartition, Epoch>,
    /// Where a step was marked whose mark this process has not taken back.
    marked: BTreeSet<TopicPartition>,
    pruning: Pruning,
    /// How many records a batch may have now: halved after trouble, since a batch that does not fit into
    /// a transaction's time must not be tried unchanged for ever; doubled after each commit.
    batch_records: usize,
    /// Whether the last write of state took long: then the transaction is not opened before it.
    is_store_slow: bool,
    /// Until when it is not looked again whether the generation before has told all it must; `None` once it has,
    /// or if there is none.
    waits_for_before: Option<Instant>,
}

impl Worker {
    async fn join(parts: Parts, settings: Settings) -> Result<Self, Error> {
        let mut consumer = parts.log.join(settings.group.clone(), &[settings.topic.as_str()]).await?;
        let note = format!("store={}", parts.store.identity().await?);
        let transactor = recovery::transactor(&mut *consumer, &settings).await?;
        Ok(Self {
            pruning: Pruning::new(&settings),
            batch_records: settings.batch_records_max,
            waits_for_before: settings.before.is_some().then(Instant::now),
            parts,
            settings,
            note,
            consumer,
            transactor,
            unstarted: Vec::new(),
            owned: BTreeMap::new(),
            last_epochs: BTreeMap::new(),
            marked: BTreeSet::new(),
            is_open: false,
            is_store_slow: false,
        })
    }

    async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        // Told to stop, the turn in hand is ended, for no longer than a transaction may be open.
        let bound = self.settings.transaction_age_max;
        while !shutdown.is_cancelled() {
            tokio::select! {
                biased;
                turned = self.turn(&shutdown) => turned?,
                () = overdue(&shutdown, bound) => {
                    tracing::warn!(handler = %self.settings.name, "left in the middle of its work");
                }
            }
        }
        self.leave().await;
        Ok(())
    }

    /// One round: what was assigned is taken over, what a poll brings is dealt with, and what goes wrong
    /// is recovered from.
    async fn turn(&mut self, shutdown: &CancellationToken) -> Result<(), Error> {
        if let Err(error) = self.assume().await {
            self.recover(error, shutdown).await?;
        }
        let is_waiting = self.unstarted.is_empty() || self.waits_for_before.is_some();
        let wait = if is_waiting { self.settings.poll_wait } else { self.settings.retry_pause };
        let max = self.records_max();
        let polled = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            polled = self.consumer.poll(max, wait) => polled,
        };
        let result = match polled {
            Ok(Polled::Records(records)) if records.is_empty() => self.prune().await,
            Ok(Polled::Records(records)) => self.batch(records).await,
            Ok(change) => {
                self.follow(change).await;
                Ok(())
            }
            Err(error) if error.remedy == topics_log::Remedy::Retry => {
                tracing::warn!(handler = %self.settings.name, %error, "trying again");
                tokio::time::sleep(self.settings.retry_pause).await;
                Ok(())
            }
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) => self.recover(error, shutdown).await,
        }
    }

    /// Follows a change of the assignment: what comes is taken over by the next turn, what goes is
    /// forgotten.
    async fn follow(&mut self, change: Polled) {
        match change {
            Polled::Records(_) => {}
            Polled::Assigned(assignments) => {
                for assignment in assignments {
                    // Whatever was known of it was known under another token.
                    if stands(Guard::CacheDiesWithToken) {
                        self.forget(&assignment.topic_partition);
                    }
                    self.unstarted.push(assignment);
                }
                self.moment(Moment::Assigned).await;
            }
            Polled::Revoked(assignments) => {
                for assignment in assignments.iter().filter(|_| stands(Guard::CacheDiesWithToken)) {
                    self.forget(&assignment.topic_partition);
                }
                self.moment(Moment::Revoked).await;
            }
        }
    }

    /// The life of a batch: load, step, save and produce, send offsets, commit.
    ///
    /// Nothing outside this process changes before the step of the last record has returned; nothing of
    /// it counts before the commit. Rows are acknowledged before the end of the transaction is asked for,
    /// since the next owner reads them once it sees the offsets.
    async fn batch(&mut self, records: Vec<Record>) -> Result<(), Error> {
        let began = Instant::now();
        self.moment(Moment::Polled).await;
        let mut batch = self.load(records).await?;
        let mut stepped = self.step(&mut batch).await?;
        self.moment(Moment::Stepped).await;
        if !stands(Guard::CommittedPrunes) {
            stepped.keys.iter().for_each(|key| self.pruning.note(key));
            self.prune().await?;
        }

        let mut outputs = std::mem::take(&mut stepped.outputs);
        self.settings.group.sign(&mut outputs);
        self.save_and_produce(&stepped, outputs).await?;

        if !stands(Guard::OffsetsWithOutputs) {
            self.commit().await?;
            self.begin().await?;
        }
        let offsets = self.offsets(&stepped);
        self.transactor.send_offsets(&offsets).await?;
        self.moment(Moment::OffsetsSent).await;
        self.commit().await?;
        self.moment(Moment::Committed).await;

        let draining = std::mem::take(&mut stepped.draining);
        self.settle(stepped, began);
        self.note_draining(draining).await?;
        if self.pruning.is_due() { self.prune().await } else { Ok(()) }
    }

    /// Writes every row and produces every output, in parallel while the store is quick. An open
    /// transaction holds every `read_committed` reader of its partitions, so a slow store is waited for
    /// before one is opened, and a transaction that has grown too old is given up.
    async fn save_and_produce(&mut self, stepped: &Stepped, outputs: Vec<NewRecord>) -> Result<(), Error> {
        let bound = self.settings.transaction_age_max;
        if self.is_store_slow {
            self.save(stepped).await?;
            self.moment(Moment::Saved).await;
            let producing = async {
                self.begin().await?;
                self.transactor.produce(outputs).await?;
                self.moment(Moment::Produced).await;
                Ok(())
            };
            let produced = tokio::time::timeout(bound, producing).await;
            return produced.unwrap_or_else(|_| Err(self.too_old()));
        }
        self.begin().await?;
        let (parts, settings) = (&self.parts, &self.settings);
        let (owned, transactor) = (&self.owned, &mut self.transactor);
        let saving = async {
            let began = Instant::now();
            batch::save(parts, settings, stepped, owned).await?;
            parts.probe.at(&settings.name, Moment::Saved).await;
            Ok::<_, Error>(began.elapsed())
        };
        let producing = async {
            transactor.produce(outputs).await?;
            parts.probe.at(&settings.name, Moment::Produced).await;
            Ok::<_, Error>(())
        };
        let both = async { tokio::try_join!(saving, producing) };
        let Ok(both) = tokio::time::timeout(bound, both).await else {
            self.is_store_slow = true;
            return Err(self.too_old());
        };
        let (took, ()) = both?;
        self.is_store_slow = took > self.settings.eager_write_max;
        Ok(())
    }

    /// The open transaction has held its readers for too long.
    fn too_old(&self) -> Error {
        Error::new(
            Remedy::Abort,
            format!("write state and outputs of {} in one transaction", self.settings.name),
            format!(
                "it was open for {:?}; the store or the broker is slow",
                self.settings.transaction_age_max
            ),
        )
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.is_open = true;
        Ok(self.transactor.begin().await?)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let ended = self.transactor.commit().await;
        if ended.as_ref().is_err_and(|error| error.remedy == topics_log::Remedy::Unknown)
            && !stands(Guard::UnknownResolved)
        {
            self.is_open = false;
            return Ok(());
        }
        ended?;
        self.is_open = false;
        Ok(())
    }

    /// Saves before a transaction is opened, and looks whether the store has recovered.
    async fn save(&mut self, stepped: &Stepped) -> Result<(), Error> {
        let began = Instant::now();
        batch::save(&self.parts, &self.settings, stepped, &self.owned).await?;
        self.is_store_slow = began.elapsed() > self.settings.eager_write_max;
        Ok(())
    }

    fn offsets(&self, stepped: &Stepped) -> Vec<OffsetCommit> {
        let mut offsets = Vec::new();
        for (topic_partition, next) in &stepped.next {
            if let Some(owned) = self.owned.get(topic_partition) {
                let assignment = owned.assignment.clone();
                offsets.push(OffsetCommit { assignment, next: *next, metadata: self.note.clone() });
            }
        }
        offsets
    }

    /// The batch is committed: what was stepped becomes what is known.
    fn settle(&mut self, stepped: Stepped, began: Instant) {
        self.batch_records = (self.batch_records * 2).min(self.settings.batch_records_max);
        let name = self.settings.name.clone();
        metrics::counter!(names::COMMITS, "handler" => name.clone()).increment(1);
        metrics::counter!(names::STEPS, "handler" => name.clone()).increment(stepped.records);
        metrics::histogram!(names::BATCH_SECONDS, "handler" => name.clone())
            .record(began.elapsed().as_secs_f64());
        metrics::gauge!(names::LAG_AGE_SECONDS, "handler" => name.clone())
            .set(self.parts.clock.now().since(stepped.newest).as_secs_f64());
        for (code, count) in &stepped.dead {
            metrics::counter!(names::DEAD_LETTERS, "handler" => name.clone(), "code" => *code)
                .increment(*count);
        }
        for (note, count) in &stepped.notes {
            metrics::counter!(names::NOTES, "handler" => name.clone(), "note" => *note).increment(*count);
        }
        for span in &stepped.spans {
            span.record("counts", true);
        }
        for (topic_partition, next) in &stepped.next {
            if let Some(owned) = self.owned.get_mut(topic_partition) {
                owned.advance(*next);
            }
        }
        for key in stepped.keys {
            if let Some(owned) = self.owned.get_mut(&key.topic_partition) {
                self.pruning.note(&key);
                // What came and went with one record is not asked for again, but for duplicates. And what is
                // not known here is looked for in the generation before, each time.
                let is_asked_again = self.settings.before.is_some() && key.is_absent();
                if !key.is_fleeting() && !is_asked_again {
                    owned.cache.insert(key.key, key.version);
                }
            }
        }
    }

    async fn prune(&mut self) -> Result<(), Error> {
        self.pruning.run(&self.parts, &self.settings, &self.owned).await
    }

    async fn moment(&mut self, moment: Moment) {
        self.parts.probe.at(&self.settings.name, moment).await;
    }
}
