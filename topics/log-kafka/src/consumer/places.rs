//! Where a member's partitions are read: what was committed, and beginning or moving there.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use topics_log::{Assignment, Committed, Error, Remedy, Start, TopicPartition};

use super::worker::Worker;
use crate::desk::Asker;
use crate::errors;
use crate::native;
use crate::offsets;
use crate::records::offset_of;

/// How much longer than the longest transaction a committed offset is waited for: the coordinator looks
/// for transactions that are too old every few seconds.
pub(crate) const SETTLE_MARGIN: Duration = Duration::from_secs(10);

/// How long to wait for one answer before looking whether the membership still stands.
const SETTLE_SLICE: Duration = Duration::from_secs(2);

/// How long to wait before asking again for what is not there yet.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a move may take: librdkafka makes it by itself, without a broker.
const MOVE_BOUND: Duration = Duration::from_secs(2);

impl Worker {
    /// Reads committed offsets once no open transaction holds them.
    pub(crate) fn committed(
        &mut self,
        of: &[TopicPartition],
        bound: Duration,
        attempted: String,
        asker: &Asker<'_>,
    ) -> Result<Vec<Option<Committed>>, Error> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + bound;
        loop {
            self.must_be_member(&attempted)?;
            let left = deadline.saturating_duration_since(Instant::now());
            let failed = match self.committed_now(of, left.min(SETTLE_SLICE)) {
                Ok(offsets) => return Ok(offsets),
                Err(code) => code,
            };
            // A transaction that holds an offset ends soon, or is ended by the coordinator.
            if errors::remedy(failed) != Remedy::Retry || asker.is_gone() {
                return Err(errors::of_code(attempted, failed));
            }
            if left.is_zero() {
                return Err(self.still_held(of, bound, attempted, failed));
            }
            thread::park_timeout(PAUSE);
        }
    }

    /// Why offsets could not be read within a bound that is longer than any transaction: because no broker
    /// answers; or, if one does, most likely because a transaction holds them that was never ended. librdkafka
    /// tells a coordinator that is away and offsets that are held in one word.
    fn still_held(&self, of: &[TopicPartition], bound: Duration, attempted: String, failed: Code) -> Error {
        let topic = of.first().map(|partition| &*partition.topic);
        if self.client.fetch_metadata(topic, SETTLE_SLICE).is_err() {
            return errors::of_code(attempted, failed);
        }
        let cause = format!(
            "they are not stable after {} s, longer than a transaction of this runtime may be open, though \
             brokers answer: if the group's coordinator is up, one that sent offsets of this group was never \
             ended; look for it in __consumer_offsets with `kafka-transactions.sh find-hanging` and end it \
             with `abort`",
            bound.as_secs()
        );
        Error::new(Remedy::Retry, attempted, cause)
    }

    fn committed_now(&self, of: &[TopicPartition], bound: Duration) -> Result<Vec<Option<Committed>>, Code> {
        let code = |error: KafkaError| error.rdkafka_error_code().unwrap_or(Code::Fail);
        let mut asked = TopicPartitionList::with_capacity(of.len());
        for partition in of {
            asked.add_partition(&partition.topic, partition.partition);
        }
        let list = self.client.committed_offsets(asked, bound).map_err(code)?;
        let notes = native::notes(&list);
        let mut offsets = Vec::with_capacity(of.len());
        for (element, metadata) in list.elements().iter().zip(notes) {
            element.error().map_err(code)?;
            offsets.push(match element.offset() {
                rdkafka::Offset::Offset(offset) => Some(Committed { offset, metadata }),
                _ => None,
            });
        }
        Ok(offsets)
    }

    /// Begins to read partitions, or moves where they are read. Those that went meanwhile are passed
    /// over: the next poll says so.
    pub(crate) fn read_from(&mut self, at: &[(Assignment, Start)], attempted: &str) -> Result<(), Error> {
        let failed = |error: KafkaError| errors::of(attempted, &error);
        let (mut begin, mut move_to) = (Vec::new(), Vec::new());
        // Partitions come and go only while this thread polls, so what is alive now is owned below.
        for (assignment, start) in at.iter().filter(|(assignment, _)| assignment.token.is_alive()) {
            let partition = &assignment.topic_partition;
            let place = (partition, offset_of(&self.client, partition, *start).map_err(failed)?);
            match self.ownership.hold().is_started(partition) {
                Some(true) => move_to.push(place),
                Some(false) => begin.push(place),
                None => {}
            }
        }
        if !begin.is_empty() {
            self.flow();
            let list = offsets::places(begin.iter()).map_err(failed)?;
            // rdkafka hands out the name of the error only; a dead client says more when it is polled.
            let refused = |error: KafkaError| Error::new(Remedy::Retry, attempted, error.to_string());
            self.client.incremental_assign(&list).map_err(refused)?;
            // A partition that went while it was paused comes back paused.
            self.client.resume(&list).map_err(failed)?;
            self.ownership.hold().start(begin.iter().map(|(partition, _)| *partition));
        }
        if !move_to.is_empty() {
            self.seek(offsets::places(move_to.iter()).map_err(failed)?, attempted)?;
        }
        for (partition, offset) in begin.iter().chain(&move_to) {
            self.progress.start(partition, *offset);
        }
        let moved: Vec<&TopicPartition> = move_to.iter().map(|(partition, _)| *partition).collect();
        self.arrivals.forget(&moved);
        Ok(())
    }

    /// Moves partitions that are read already. Taking them off and on again would be simpler, but
    /// librdkafka would take that for the answer to a revocation it has not told us of yet.
    fn seek(&self, mut list: TopicPartitionList, attempted: &str) -> Result<(), Error> {
        let deadline = Instant::now() + MOVE_BOUND;
        loop {
            let done = self.client.seek_partitions(list.clone(), MOVE_BOUND);
            let done = done.map_err(|error| Error::new(Remedy::Retry, attempted, error.to_string()))?;
            let failed = done.elements().iter().find_map(|element| {
                let error = element.error().err()?;
                Some(format!("{}/{}: {error}", element.topic(), element.partition()))
            });
            let Some(cause) = failed else { return Ok(()) };
            // A partition that was only just begun is not there yet; one that was lost never will be.
            if Instant::now() >= deadline {
                return Err(Error::new(Remedy::Retry, attempted, cause));
            }
            list = without_errors(&done);
            thread::park_timeout(PAUSE);
        }
    }
}

/// The same places once more.
fn without_errors(list: &TopicPartitionList) -> TopicPartitionList {
    let mut again = TopicPartitionList::with_capacity(list.count());
    for element in list.elements() {
        let added = again.add_partition_offset(element.topic(), element.partition(), element.offset());
        debug_assert!(added.is_ok(), "an offset that was sought is an offset");
    }
    again
}
