//! One batch: decided first, then done in one transaction. What was decided is data until the commit is
//! known; if it does not happen, nothing has changed here and it is decided again.

use topics_log::{NewRecord, OffsetCommit, Record, TopicPartition, Transactor};
use topics_runtime::{DeadReason, Error, Moment};
use tracing::field::Empty;

use crate::check::{Checks, Refusal, origin_of};
use crate::closings::Shares;
use crate::counts::Counts;
use crate::limits::{given, trace};
use crate::names;
use crate::records::{Topics, input, letter, refused};
use crate::settings::{Parts, Settings};
use crate::share::Share;

/// Most task records in one transaction: at a few milliseconds a transaction that is tens of thousands a
/// second, and a task is not held up by many others.
pub(crate) const BATCH_MAX: usize = 128;

/// Bytes of output after which a transaction is full: what the log takes in some milliseconds.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What is to be committed for one partition.
struct Passing {
    partition: TopicPartition,
    /// How many of the waiting records have an outcome.
    taken: usize,
    /// None while no task was ever taken or refused there: then only a dead letter passes, and no offset.
    next: Option<i64>,
    counts: Counts,
}

/// What is to be done in one transaction.
#[derive(Default)]
pub(crate) struct Batch {
    records: Vec<NewRecord>,
    bytes: usize,
    task_records: usize,
    passing: Vec<Passing>,
    refusals: Vec<(TopicPartition, i64, Box<Refusal>)>,
    /// One a record; they count once this is committed.
    spans: Vec<tracing::Span>,
}

impl Batch {
    /// Decides about the records that wait, as far as there is room. `settles` says whether closings are
    /// to be committed also where no task is.
    pub fn decide(
        parts: &Parts,
        settings: &Settings,
        topics: &Topics,
        shares: &Shares,
        settles: bool,
    ) -> Result<Self, Error> {
        let mut batch = Self::default();
        for (partition, share) in shares {
            let mut passing =
                Passing { partition: partition.clone(), taken: 0, next: share.next, counts: share.counts };
            batch.take(parts, settings, topics, share, &mut passing)?;
            let has_moved = share.counts.closings != share.committed.closings;
            let settles = share.next.is_some() && has_moved && settles;
            if passing.taken > 0 || settles || share.letter.is_some() {
                batch.records.extend(share.letter.clone());
                batch.passing.push(passing);
            }
        }
        Ok(batch)
    }

    fn take(
        &mut self,
        parts: &Parts,
        settings: &Settings,
        topics: &Topics,
        share: &Share,
        passing: &mut Passing,
    ) -> Result<(), Error> {
        let checks = Checks {
            codec: &parts.codec,
            input: &settings.input,
            rules: &settings.rules,
            team: &parts.check,
        };
        let mut room = share.room();
        for record in share.waiting() {
            if room == 0 || self.is_full() {
                break;
            }
            let span = span(settings, record);
            match checks.check(record) {
                Ok(task) => {
                    span.record("task", tracing::field::display(&task.id));
                    self.push(input(parts, settings, record, task)?);
                    passing.counts.accepted += 1;
                    room -= 1;
                }
                Err(refusal) => {
                    span.record("error.type", refusal.code);
                    self.push(refused(parts, settings, record, &refusal)?);
                    self.push(letter(parts, settings, topics, record, &reason(&refusal))?);
                    self.refusals.push((record.topic_partition.clone(), record.offset, refusal));
                    passing.counts.refused += 1;
                }
            }
            passing.taken += 1;
            passing.next = Some(record.offset + 1);
            self.task_records += 1;
            self.spans.push(span);
        }
        Ok(())
    }

    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.passing.is_empty()
    }

    fn is_full(&self) -> bool {
        self.task_records >= BATCH_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn push(&mut self, record: NewRecord) {
        self.bytes += record.size_bytes();
        self.records.push(record);
    }

    /// Does it: outputs and offsets, all or none.
    pub async fn execute(
        &mut self,
        parts: &Parts,
        settings: &Settings,
        shares: &Shares,
        transactor: &mut dyn Transactor,
    ) -> Result<(), Error> {
        let offset = |passing: &Passing| {
            let assignment = shares.get(&passing.partition)?.assignment.clone();
            Some(OffsetCommit { assignment, next: passing.next?, metadata: passing.counts.to_string() })
        };
        let offsets: Vec<OffsetCommit> = self.passing.iter().filter_map(offset).collect();
        settings.group.sign(&mut self.records);
        transactor.begin().await?;
        transactor.produce(std::mem::take(&mut self.records)).await?;
        parts.probe.at(&settings.name, Moment::Produced).await;
        transactor.send_offsets(&offsets).await?;
        parts.probe.at(&settings.name, Moment::OffsetsSent).await;
        transactor.commit().await?;
        parts.probe.at(&settings.name, Moment::Committed).await;
        Ok(())
    }

    /// It is known to be committed.
    pub fn done(self, settings: &Settings, shares: &mut Shares) {
        for span in &self.spans {
            span.record("counts", true);
        }
        for (partition, offset, refusal) in &self.refusals {
            tracing::warn!(gateway = %settings.name, %partition, offset, code = refusal.code,
                message = %refusal.message, "task refused");
            metrics::counter!(topics_runtime::names::DEAD_LETTERS, "handler" => settings.name.clone(),
                "code" => refusal.code)
            .increment(1);
        }
        for Passing { partition, taken, next, counts } in self.passing {
            let Some(share) = shares.get_mut(&partition) else { continue };
            say(share.committed, counts);
            share.pass(taken, next, counts);
        }
    }
}

/// The span of one task record, from its check to its commit: what intake's records hand on.
fn span(settings: &Settings, record: &Record) -> tracing::Span {
    tracing::trace_span!(
        "intake",
        otel.kind = "consumer",
        otel.name = %settings.name,
        task = Empty,
        tenant = settings.rules.tenant,
        parent = given(&record.headers).map(|given| tracing::field::display(given.span)),
        traceparent = trace(&record.headers, &origin_of(record)).map(tracing::field::display),
        "error.type" = Empty,
        counts = Empty,
    )
}

/// Counts for the metrics what was committed between two states of a partition's counts.
pub(crate) fn say(before: Counts, after: Counts) {
    let taken = after.accepted.saturating_sub(before.accepted);
    let refused = after.refused.saturating_sub(before.refused);
    metrics::counter!(names::TAKEN).increment(taken);
    metrics::counter!(names::REFUSED).increment(refused);
    metrics::counter!(names::RECEIVED).increment(taken + refused);
}

/// The dead letter's reason: the same as the producer is told.
fn reason(refusal: &Refusal) -> DeadReason {
    DeadReason::new(refusal.code, refusal.message.clone(), refusal.remedy.clone())
}
