//! Reads partitions without a group.
//!
//! librdkafka reads assigned partitions only as part of a consumer with a group's name; that group is
//! never joined and nothing is committed to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use topics_log::{Error, Reader, Record, Remedy, Room, Start, TopicPartition};

use crate::arrivals::Arrivals;
use crate::desk::{Asker, Desk};
use crate::errors;
use crate::logging::{Named, Voice};
use crate::offsets;
use crate::progress::Progress;
use crate::records::{BOUNDS_BOUND, Topics, offset_of};
use crate::settings::Settings;

/// How long one wait for records lasts before the read looks whether its asker has gone.
const SLICE: Duration = Duration::from_millis(20);

/// How far before the end the last record is looked for first: a transaction leaves one marker behind
/// its records, so the last record of a healthy partition is within reach. Each further look goes
/// further back by [`LOOK_BACK_FACTOR`].
const LOOK_BACK: i64 = 8;

/// How much further back each look goes than the one before: a partition with a billion offsets of aborted
/// records at its end takes nine looks.
const LOOK_BACK_FACTOR: i64 = 16;

/// A reader.
pub(crate) struct KafkaReader {
    desk: Desk<Worker>,
    arrivals: Arc<Arrivals>,
}

impl KafkaReader {
    /// Begins to read. Partitions that do not exist are an error.
    pub(crate) async fn open(settings: &Settings, from: &[(TopicPartition, Start)]) -> Result<Self, Error> {
        let arrivals = Arc::new(Arrivals::default());
        let make = {
            let (settings, from, arrivals) = (settings.clone(), from.to_vec(), Arc::clone(&arrivals));
            move || Worker::open(settings, &from, arrivals)
        };
        Ok(Self { desk: Desk::open("kafka-reader", make).await?, arrivals })
    }
}

#[async_trait]
impl Reader for KafkaReader {
    async fn read(&mut self, max: usize, wait: Duration) -> Result<Vec<Record>, Error> {
        // What a read that was abandoned brought lies here already.
        let records = self.arrivals.take_records(max);
        if !records.is_empty() {
            return Ok(records);
        }
        self.desk.ask("read", move |worker, asker| worker.fill(max, wait, asker)).await?;
        Ok(self.arrivals.take_records(max))
    }

    async fn ends(&mut self) -> Result<Vec<i64>, Error> {
        self.desk.ask("ask where partitions end", |worker, _| worker.ends()).await
    }
}

/// The consumer's side of the desk.
struct Worker {
    settings: Settings,
    client: BaseConsumer<Named>,
    partitions: Vec<TopicPartition>,
    arrivals: Arc<Arrivals>,
    topics: Topics,
    progress: Progress,
    /// A second client that looks for the last record of a partition; made when first needed.
    scout: Option<BaseConsumer<Named>>,
}

impl Worker {
    fn open(
        settings: Settings,
        from: &[(TopicPartition, Start)],
        arrivals: Arc<Arrivals>,
    ) -> Result<Self, Error> {
        let client = client(&settings, false)?;
        for (partition, _) in from {
            must_exist(&client, partition, settings.connect_timeout)?;
        }
        let failed = |error: KafkaError| errors::of("begin to read", &error);
        let mut progress = Progress::default();
        let mut places = Vec::with_capacity(from.len());
        for (partition, start) in from {
            let offset = offset_of(&client, partition, *start).map_err(failed)?;
            progress.start(partition, offset);
            places.push((partition, offset));
        }
        client.assign(&offsets::places(places.iter()).map_err(failed)?).map_err(failed)?;
        let partitions = from.iter().map(|(partition, _)| partition.clone()).collect();
        let topics = Topics::default();
        Ok(Self { settings, client, partitions, arrivals, topics, progress, scout: None })
    }

    /// Waits for records and takes what lies ready, as far as there is [`Room`] for it.
    fn fill(&mut self, max: usize, wait: Duration, asker: &Asker<'_>) -> Result<(), Error> {
        if !self.arrivals.is_empty() {
            // A read that was abandoned brought something after this one had looked.
            return Ok(());
        }
        let deadline = Instant::now() + wait;
        let (mut records, mut room) = (Vec::new(), Room::for_records(max));
        let mut outcome = Ok(());
        while room.left() > 0 {
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
                Some(Err(error)) => {
                    outcome = self.sort_out(&error);
                    if outcome.is_err() {
                        break;
                    }
                }
                None if !records.is_empty() || left.is_zero() || asker.is_gone() => break,
                None => {}
            }
        }
        self.arrivals.put(records);
        outcome
    }

    fn sort_out(&self, error: &KafkaError) -> Result<(), Error> {
        match error.rdkafka_error_code() {
            Some(code) if code == Code::AllBrokersDown || errors::remedy(code) == Remedy::Stop => {
                Err(errors::of("read", error))
            }
            _ => {
                tracing::debug!(target: "kafka", "reader: waiting out: {error}");
                Ok(())
            }
        }
    }

    /// For each partition the offset behind its last visible record; 0 if there is none.
    fn ends(&mut self) -> Result<Vec<i64>, Error> {
        let partitions = self.partitions.clone();
        partitions.iter().map(|partition| self.end(partition)).collect()
    }

    /// A broker only says where the stable part of a partition ends. Behind its last record there may
    /// be markers of transactions and aborted records, which no reader ever sees: whoever waited to
    /// have read up to that offset would wait for ever. So the last record is looked for.
    fn end(&mut self, partition: &TopicPartition) -> Result<i64, Error> {
        let attempted = format!("ask where {partition} ends");
        let (low, stable) = self
            .client
            .fetch_watermarks(&partition.topic, partition.partition, BOUNDS_BOUND)
            .map_err(|error| errors::of(&attempted, &error))?;
        let read_to = self.progress.read_to(partition).unwrap_or(0);
        let mut back = LOOK_BACK;
        let mut look_from = stable;
        while look_from > low.max(read_to) {
            let upper = look_from;
            look_from = (stable - back).max(low).max(read_to);
            if let Some(last) = self.last_record(partition, look_from, upper, &attempted)? {
                return Ok(last + 1);
            }
            back = back.saturating_mul(LOOK_BACK_FACTOR);
        }
        Ok(read_to)
    }

    /// The offset of the last visible record from `from` on, if there is one below `upper`.
    fn last_record(
        &mut self,
        partition: &TopicPartition,
        from: i64,
        upper: i64,
        attempted: &str,
    ) -> Result<Option<i64>, Error> {
        let failed = |error: KafkaError| errors::of(attempted, &error);
        let scout = match self.scout.take() {
            Some(scout) => scout,
            None => client(&self.settings, true)?,
        };
        let place = [(partition, from)];
        scout.assign(&offsets::places(place.iter()).map_err(failed)?).map_err(failed)?;
        let deadline = Instant::now() + BOUNDS_BOUND;
        let mut last = None;
        loop {
            match scout.poll(SLICE) {
                // What comes from `upper` on is younger than the question.
                Some(Ok(message)) if message.offset() >= upper => break,
                Some(Ok(message)) => last = Some(message.offset()),
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                Some(Err(error)) => self.sort_out(&error)?,
                None if Instant::now() >= deadline => {
                    return Err(Error::new(Remedy::Retry, attempted, "the broker does not answer"));
                }
                None => {}
            }
        }
        scout.unassign().map_err(failed)?;
        self.scout = Some(scout);
        Ok(last)
    }
}

fn client(settings: &Settings, tell_ends: bool) -> Result<BaseConsumer<Named>, Error> {
    settings
        .reader(tell_ends)
        .create_with_context(Named(Voice::new(format!("{} reader", settings.client_id))))
        .map_err(|error| errors::of("make a reader", &error))
}

/// librdkafka waits for a partition that does not exist; whoever named it wants to know.
fn must_exist(
    client: &BaseConsumer<Named>,
    partition: &TopicPartition,
    bound: Duration,
) -> Result<(), Error> {
    let attempted = format!("read {partition}");
    let metadata = client
        .fetch_metadata(Some(&partition.topic), bound)
        .map_err(|error| errors::of(&attempted, &error))?;
    let topic = metadata.topics().first();
    if let Some(code) = topic.and_then(|topic| topic.error()) {
        return Err(errors::of_code(attempted, code.into()));
    }
    let exists =
        topic.is_some_and(|topic| topic.partitions().iter().any(|one| one.id() == partition.partition));
    if exists { Ok(()) } else { Err(errors::of_code(attempted, Code::UnknownPartition)) }
}
