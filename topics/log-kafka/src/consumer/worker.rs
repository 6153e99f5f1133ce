//! The consumer's side of the desk: a member's client, how it joins, polls and is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use topics_log::{Error, Group, OffsetCommit, Remedy, Room};

use crate::arrivals::{Arrivals, Change};
use crate::desk::Asker;
use crate::errors;
use crate::logging::Voice;
use crate::native;
use crate::offsets;
use crate::ownership::{Client, Ownership};
use crate::progress::Progress;
use crate::rebalance::MemberContext;
use crate::records::Topics;
use crate::settings::Settings;

/// How long one wait for records lasts before the poll looks whether its asker has gone.
const SLICE: Duration = Duration::from_millis(20);

/// How often an owner is told that no broker can be reached: librdkafka says so with every attempt.
const DOWN_AGAIN: Duration = Duration::from_secs(1);

/// How long a commit outside transactions may take: a broker's restart.
const COMMIT_BOUND: Duration = Duration::from_secs(10);

/// A member's client and what belongs to it.
pub(crate) struct Worker {
    settings: Settings,
    group: Group,
    subscription: Vec<String>,
    pub(super) client: Arc<Client>,
    pub(super) ownership: Arc<Ownership>,
    pub(super) arrivals: Arc<Arrivals>,
    topics: Topics,
    pub(super) progress: Progress,
    condition: Condition,
    /// Whether the assigned partitions are paused, because their owner asks for no records.
    is_paused: bool,
    /// When the owner was last told that no broker answers.
    told_down: Option<Instant>,
}

/// Whether the client can still be used.
#[derive(Debug)]
enum Condition {
    Sound,
    /// librdkafka has given it up for no good reason: it is to be made again.
    Spoilt,
    /// It must not be used again, and why.
    Dead(Error),
}

/// Records that are shelved for an owner that asks for none, as long as [`Room`] for as many holds their
/// bytes: what was fetched before the pause took hold comes on top.
const SHELF_MAX: usize = 1_000;

impl Worker {
    /// Makes the client and subscribes. A topic that does not exist is an error here: librdkafka would
    /// wait for it.
    pub(crate) fn join(
        settings: Settings,
        group: Group,
        subscription: Vec<String>,
        ownership: Arc<Ownership>,
        arrivals: Arc<Arrivals>,
    ) -> Result<Self, Error> {
        let client = make(&settings, &group, &ownership, &arrivals)?;
        for topic in &subscription {
            let attempted = format!("join group {} and subscribe to {topic}", group.id);
            let metadata = client
                .fetch_metadata(Some(topic), settings.connect_timeout)
                .map_err(|error| errors::of(&attempted, &error))?;
            if let Some(code) = metadata.topics().first().and_then(|topic| topic.error()) {
                return Err(errors::of_code(attempted, code.into()));
            }
        }
        let worker = Self {
            settings,
            group,
            subscription,
            client,
            ownership,
            arrivals,
            topics: Topics::default(),
            progress: Progress::default(),
            condition: Condition::Sound,
            is_paused: false,
            told_down: None,
        };
        worker.subscribe()?;
        Ok(worker)
    }

    fn subscribe(&self) -> Result<(), Error> {
        let names: Vec<&str> = self.subscription.iter().map(String::as_str).collect();
        self.client
            .subscribe(&names)
            .map_err(|error| errors::of(format!("join group {}", self.group.id), &error))?;
        self.ownership.begin(&self.client);
        Ok(())
    }

    /// Polls until there is something to hand over, and then takes what lies ready, as far as there is
    /// [`Room`] for it. Whatever comes is put with the arrivals, so nothing is lost if the asker goes.
    pub(crate) fn fill(&mut self, max: usize, wait: Duration, asker: &Asker<'_>) -> Result<(), Error> {
        match &self.condition {
            Condition::Sound => {}
            Condition::Spoilt => self.renew()?,
            Condition::Dead(error) => return Err(error.clone()),
        }
        if max == 0 {
            self.serve(wait, asker);
            return Ok(());
        }
        self.flow();
        if !self.arrivals.is_empty() {
            // A poll that was abandoned brought something after this one had looked.
            return Ok(());
        }
        let deadline = Instant::now() + wait;
        let (mut records, mut room) = (Vec::new(), Room::for_records(max));
        while room.left() > 0 && !self.arrivals.has_changes() {
            let left = deadline.saturating_duration_since(Instant::now());
            let patience = if records.is_empty() { left.min(SLICE) } else { Duration::ZERO };
            match self.client.poll(patience) {
                Some(Ok(message)) => {
                    let record = self.topics.record(&message);
                    if self.progress.accept(&record) {
                        room.take(&record);
                        records.push(record);
                    }
                }
                Some(Err(error)) => self.sort_out(&error),
                None if self.arrivals.has_changes() => {}
                None if !records.is_empty() || left.is_zero() || asker.is_gone() => break,
                None => {}
            }
        }
        if self.arrivals.has_changes() {
            // Some of the records may be of partitions that went while they were gathered.
            let owned = self.ownership.hold();
            records.retain(|record| owned.is_started(&record.topic_partition) == Some(true));
        }
        self.arrivals.put(records);
        Ok(())
    }

    /// Polls for an owner that asks for no records and still wants to hear of rebalances. What comes
    /// meanwhile is shelved; when the shelf is full, the partitions are paused.
    fn serve(&mut self, wait: Duration, asker: &Asker<'_>) {
        let deadline = Instant::now() + wait;
        while !self.arrivals.has_changes() {
            if self.arrivals.is_full(SHELF_MAX) {
                self.pause();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.client.poll(left.min(SLICE)) {
                Some(Ok(message)) => {
                    let record = self.topics.record(&message);
                    if self.progress.accept(&record) {
                        self.arrivals.put(vec![record]);
                    }
                }
                Some(Err(error)) => self.sort_out(&error),
                None if left.is_zero() || asker.is_gone() => return,
                None => {}
            }
        }
    }

    /// Has nothing more fetched until [`Worker::flow`].
    fn pause(&mut self) {
        if !self.is_paused {
            self.is_paused = self.turn(|client, list| client.pause(list));
        }
    }

    /// Has records fetched again. Also called before partitions are assigned: librdkafka may forget to
    /// resume a partition that was paused before an assignment and resumed after it (its issue 5591).
    pub(super) fn flow(&mut self) {
        if self.is_paused {
            self.is_paused = !self.turn(|client, list| client.resume(list));
        }
    }

    /// Does something to all assigned partitions; whether it was done.
    fn turn(&self, what: impl Fn(&Client, &TopicPartitionList) -> KafkaResult<()>) -> bool {
        let done = self.client.assignment().and_then(|list| what(&self.client, &list));
        if let Err(error) = &done {
            tracing::warn!(target: "kafka", "{}: pause or resume: {error}", self.client.context().voice.name());
        }
        done.is_ok()
    }

    /// Decides about an error that came instead of a record. Passing trouble is waited out, and only
    /// told when no broker is left at all.
    fn sort_out(&mut self, error: &KafkaError) {
        let attempted = format!("poll {}", self.client.context().voice.name());
        // Only at this very event is everything known that led to it: it comes in its turn.
        let is_end = matches!(error, KafkaError::MessageConsumptionFatal(_))
            || error.rdkafka_error_code() == Some(Code::Fatal);
        if is_end && let Some((code, text)) = self.client.client().fatal_error() {
            return self.give_up(attempted, code, &text);
        }
        match error.rdkafka_error_code() {
            Some(Code::AllBrokersDown) if self.told_down.is_some_and(|told| told.elapsed() < DOWN_AGAIN) => {}
            Some(code) if code == Code::AllBrokersDown || errors::remedy(code) == Remedy::Stop => {
                if code == Code::AllBrokersDown {
                    self.told_down = Some(Instant::now());
                }
                self.arrivals.note(Change::Failed(errors::of(attempted, error)));
            }
            _ => tracing::debug!(target: "kafka", "{attempted}: waiting out: {error}"),
        }
    }

    /// librdkafka will never use this client again.
    ///
    /// A static member whose coordinator was away can be fenced off by itself. Its session ran out: then
    /// librdkafka forgets the member's id, goes on to send heartbeats without it until the partitions are
    /// let go, and takes the coordinator's answer to that for another member of this name (librdkafka
    /// #3437). Or the coordinator let it in anew and died before it could say under which id. Such a client
    /// is made again, which is what a member without that mistake would do: join anew under its name. If
    /// there is another process of this name after all, that one is fenced off instead and leaves.
    fn give_up(&mut self, attempted: String, code: Code, text: &str) {
        let gone = self.ownership.end();
        if !gone.is_empty() {
            self.arrivals.note(Change::Revoked(gone));
        }
        if code == Code::FencedInstanceId && self.client.context().was_cut_off.load(Ordering::Acquire) {
            tracing::info!(target: "kafka", "{attempted}: its coordinator was away; joining anew");
            self.condition = Condition::Spoilt;
            return;
        }
        let is_fenced = code == Code::FencedInstanceId || errors::remedy(code) == Remedy::Fenced;
        let remedy = if is_fenced { Remedy::Fenced } else { Remedy::Stop };
        let error = Error::new(remedy, attempted, errors::explained(code, text));
        self.arrivals.note(Change::Failed(error.clone()));
        self.condition = Condition::Dead(error);
    }

    /// Whether waiting for the coordinator has any sense: a member that lost its membership must poll to
    /// hear more and to get it back, and a client that librdkafka has given up does not even connect any
    /// more.
    ///
    /// # Errors
    /// `Lost`, or why the client is dead.
    pub(super) fn must_be_member(&self, attempted: &str) -> Result<(), Error> {
        if let Condition::Dead(error) = &self.condition {
            return Err(error.clone());
        }
        if let Some((_, text)) = self.client.client().fatal_error() {
            return Err(Error::new(Remedy::Lost, attempted, text));
        }
        self.ownership.hold().membership(&[], attempted).map(drop)
    }

    /// Makes a spoilt client again.
    fn renew(&mut self) -> Result<(), Error> {
        self.client = make(&self.settings, &self.group, &self.ownership, &self.arrivals)?;
        self.subscribe()?;
        self.condition = Condition::Sound;
        self.is_paused = false;
        Ok(())
    }

    /// Commits offsets outside transactions.
    pub(crate) fn commit(&mut self, offsets: &[OffsetCommit], attempted: &str) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let list = offsets::commits(offsets, attempted)?;
        let owned = self.ownership.hold();
        owned.membership(offsets, attempted)?;
        let client = self.client.client().native_ptr();
        native::commit_offsets(client, &list, COMMIT_BOUND)
            .map_err(|code| errors::of_code(attempted, code))?;
        self.client.context().was_cut_off.store(false, Ordering::Release);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Whoever still holds a token must not commit under it: the member is leaving.
        self.ownership.end();
    }
}

fn make(
    settings: &Settings,
    group: &Group,
    ownership: &Arc<Ownership>,
    arrivals: &Arc<Arrivals>,
) -> Result<Arc<Client>, Error> {
    let context = MemberContext {
        voice: Voice::new(format!("{}/{}", group.id, group.instance)),
        ownership: Arc::clone(ownership),
        arrivals: Arc::clone(arrivals),
        was_cut_off: AtomicBool::new(false),
    };
    let client = settings.consumer(group).create_with_context(context);
    client
        .map(Arc::new)
        .map_err(|error| errors::of(format!("join group {} as {}", group.id, group.instance), &error))
}
