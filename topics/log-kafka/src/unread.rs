//! What readers of committed records would find in stretches of partitions: how many records, and how old the
//! first is. Offsets alone do not tell: every transaction leaves a marker, and what was aborted counts too.
//!
//! A stretch is read to a bound; behind it its length is all that is known. It joins no group and commits nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::BorrowedMessage;
use topics_log::{Error, Timestamp, TopicPartition};

use crate::connection::KafkaLog;
use crate::desk::{Asker, Desk};
use crate::errors;
use crate::logging::{Named, Voice};
use crate::offsets;
use crate::settings::Settings;

/// Most records read of a stretch: more are estimated. A team of ten groups with twelve partitions that are all
/// behind so costs some thousand records a look, and that of a busy partition some tens of milliseconds.
const RECORDS_MAX: u64 = 500;

/// Most bytes read of a stretch, for the same reason: models' answers may have a megabyte each.
const BYTES_MAX: usize = 512 * 1024;

/// How much a broker sends of a partition at once (a record that is larger is sent whole): what is read in vain
/// behind a bound.
const FETCH_BYTES: usize = 64 * 1024;

/// How long a look may take: what is not found by then is not known.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// How long one wait for records lasts before the look sees whether its asker has gone.
const SLICE: Duration = Duration::from_millis(20);

/// A stretch of one partition that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The partition; of each at most one stretch.
    pub at: TopicPartition,
    /// Its first offset.
    pub from: i64,
    /// The offset behind it.
    pub to: i64,
}

/// What was found in a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Records that were read.
    pub records: u64,
    /// When the first of them was appended (or made, by the topic's configuration).
    pub oldest: Option<Timestamp>,
    /// Up to which offset was read: that behind the stretch if all of it was.
    pub read_to: i64,
}

impl KafkaLog {
    /// Looks at stretches; what is found of each, in their order.
    ///
    /// # Errors
    /// `Stop` if a topic may not be read; `Retry` for passing trouble with all of them.
    pub async fn look_at(&self, stretches: &[Stretch]) -> Result<Vec<Found>, Error> {
        if stretches.iter().all(|stretch| stretch.from >= stretch.to) {
            let empty = |stretch: &Stretch| Found { read_to: stretch.to, ..Found::default() };
            return Ok(stretches.iter().map(empty).collect());
        }
        let (settings, stretches) = (self.settings().clone(), stretches.to_vec());
        let desk = Desk::open("kafka-look", move || client(&settings)).await?;
        desk.ask("look at what is unread", move |client, asker| look(client, &stretches, asker)).await
    }
}

fn client(settings: &Settings) -> Result<BaseConsumer<Named>, Error> {
    settings
        .reader(true)
        .set("fetch.message.max.bytes", FETCH_BYTES.to_string())
        .create_with_context(Named(Voice::new(format!("{} look", settings.client_id))))
        .map_err(|error| errors::of("make a reader", &error))
}

/// One topic after the other: the end of a partition is told by its number alone.
fn look(client: &BaseConsumer<Named>, stretches: &[Stretch], asker: &Asker<'_>) -> Result<Vec<Found>, Error> {
    let deadline = Instant::now() + LOOK_MAX;
    let mut all = vec![Found::default(); stretches.len()];
    let mut topics: BTreeMap<&str, Pass<'_>> = BTreeMap::new();
    for (index, stretch) in stretches.iter().enumerate() {
        all[index].read_to = stretch.from.min(stretch.to);
        if stretch.from < stretch.to {
            let pass = topics.entry(&stretch.at.topic).or_default();
            pass.insert(stretch.at.partition, Looking { index, stretch, bytes: 0 });
        }
    }
    for pass in topics.into_values() {
        read_topic(client, pass, &mut all, deadline, asker)
            .map_err(|error| errors::of("look at what is unread", &error))?;
    }
    Ok(all)
}

/// The stretches of one topic that are not done, by partition.
type Pass<'a> = BTreeMap<i32, Looking<'a>>;

/// A stretch that is being read.
struct Looking<'a> {
    /// Its place among all.
    index: usize,
    stretch: &'a Stretch,
    bytes: usize,
}

fn read_topic(
    client: &BaseConsumer<Named>,
    mut pass: Pass<'_>,
    all: &mut [Found],
    deadline: Instant,
    asker: &Asker<'_>,
) -> Result<(), KafkaError> {
    let places: Vec<(&TopicPartition, i64)> =
        pass.values().map(|looking| (&looking.stretch.at, looking.stretch.from)).collect();
    client.assign(&offsets::places(places.iter())?)?;
    while !pass.is_empty() && Instant::now() < deadline && !asker.is_gone() {
        let done = match client.poll(SLICE) {
            Some(Ok(message)) => see(&message, &mut pass, all),
            // Nothing of the stretch lies behind: its end was there before.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                let looking = pass.remove(&partition);
                looking.inspect(|looking| all[looking.index].read_to = looking.stretch.to)
            }
            Some(Err(error)) if is_denied(&error) => return Err(error),
            // A broker that is away, records that went meanwhile: what is found elsewhere counts.
            Some(Err(error)) => {
                tracing::debug!(target: "kafka", "look: {error}");
                None
            }
            None => None,
        };
        if let Some(Looking { stretch: Stretch { at, .. }, .. }) = done {
            let mut list = TopicPartitionList::with_capacity(1);
            list.add_partition(&at.topic, at.partition);
            client.incremental_unassign(&list)?;
        }
    }
    client.unassign()
}

/// Takes note of a record; what is done by it.
fn see<'a>(message: &BorrowedMessage<'_>, pass: &mut Pass<'a>, all: &mut [Found]) -> Option<Looking<'a>> {
    let looking = pass.get_mut(&message.partition())?;
    let (found, to, offset) = (&mut all[looking.index], looking.stretch.to, message.offset());
    if offset < found.read_to {
        return None;
    }
    if offset < to {
        found.records += 1;
        found.oldest = found.oldest.or(message.timestamp().to_millis().map(Timestamp));
        looking.bytes += message.payload_len() + message.key_len();
    }
    found.read_to = (offset + 1).min(to);
    let is_done = found.read_to == to || found.records >= RECORDS_MAX || looking.bytes >= BYTES_MAX;
    is_done.then(|| pass.remove(&message.partition())).flatten()
}

fn is_denied(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed)
    )
}
