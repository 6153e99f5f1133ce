//! Reading the newest records of some partitions, within a bound in records and one in time.
//!
//! A log can be read from an offset, not from a time or backwards; so the bound is shared out among the
//! partitions, and what is older is not looked at.

use std::time::Duration;

use futures::future::{select_all, try_join_all};
use infra_http::Error;
use infra_http::told::Looked;
use tokio::time::Instant;
use topics_log::{Log, Reader, Record, Remedy, Start, TopicPartition};

use super::of_log;

/// Most records that one question looks at: read and filtered in a second or two, a day of a busy team.
pub(crate) const RECORDS_MAX: usize = 100_000;

/// How long a look may take: what takes longer is a broker that does not answer.
pub(super) const LOOK_MAX: Duration = Duration::from_secs(20);

/// Records read at once.
const READ_MAX: usize = 1_000;

/// How long one read waits for what is known to be there.
const READ_WAIT: Duration = Duration::from_millis(200);

/// The pause before the log is asked again for what it refused for now.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// One look at a log.
pub(crate) struct Look<'a> {
    log: &'a dyn Log,
    records_max: usize,
    until: Instant,
}

/// After this silence a partition of which nothing came has nothing: all that it had was deleted, and its end
/// says only where it would go on.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// Readers that stand before the newest records, and where these end.
///
/// One for each topic: a broker is asked for each partition's place and end one after the other, which takes
/// seconds if one client does it for all.
pub(crate) struct Stand {
    readers: Vec<Box<dyn Reader>>,
    /// All readers' partitions, in their order.
    spans: Vec<Span>,
    /// Whether they stand at the beginning of every partition.
    pub is_all: bool,
    heard: Instant,
    /// Which reader is served first; moves on with every read, so that a busy topic keeps no other waiting.
    turn: usize,
}

/// A stretch of one partition.
#[derive(Clone, Debug)]
struct Span {
    at: TopicPartition,
    /// The offset of the next record.
    next: i64,
    end: i64,
    /// Whether a record of it came.
    has_begun: bool,
}

impl Stand {
    /// Looks where the partitions end now.
    pub async fn look_up(&mut self) -> Result<(), topics_log::Error> {
        let ends = try_join_all(self.readers.iter_mut().map(|reader| reader.ends())).await?;
        for (span, end) in self.spans.iter_mut().zip(ends.into_iter().flatten()) {
            span.end = end;
        }
        self.heard = Instant::now();
        Ok(())
    }

    /// Whether everything was read up to those ends.
    pub fn has_read(&self) -> bool {
        self.spans.iter().all(|span| span.next >= span.end)
    }

    /// The next records, each with whether it lies before its partition's end.
    pub async fn read(&mut self, wait: Duration) -> Result<Vec<(bool, Record)>, topics_log::Error> {
        let count = self.readers.len();
        let Some(turn) = self.turn.checked_rem(count) else { return Ok(Vec::new()) };
        self.turn = turn + 1;
        let (before, from) = self.readers.split_at_mut(turn);
        let reads = from.iter_mut().chain(before).map(|reader| reader.read(READ_MAX, wait));
        // What the others were about to bring, they bring with their next read.
        let (records, ..) = select_all(reads).await;
        let records = records?;
        if !records.is_empty() {
            self.heard = Instant::now();
        } else if self.heard.elapsed() >= SILENCE_MAX {
            self.spans.iter_mut().filter(|span| !span.has_begun).for_each(|span| span.next = span.end);
        }
        Ok(records.into_iter().map(|record| (self.advance(&record), record)).collect())
    }

    fn advance(&mut self, record: &Record) -> bool {
        let Some(span) = self.spans.iter_mut().find(|span| span.at == record.topic_partition) else {
            return false;
        };
        (span.next, span.has_begun) = (record.offset + 1, true);
        record.offset < span.end
    }
}

impl<'a> Look<'a> {
    /// A look within the usual bounds.
    pub fn new(log: &'a dyn Log) -> Self {
        Self { log, records_max: RECORDS_MAX, until: Instant::now() + LOOK_MAX }
    }

    /// The same, at so many records at most.
    pub fn within(self, records_max: usize) -> Self {
        Self { records_max, ..self }
    }

    /// What `keep` makes of the newest records of these partitions, in no order but that of each partition.
    pub async fn newest<T>(
        &self,
        partitions: &[TopicPartition],
        mut keep: impl FnMut(Record) -> Option<T>,
    ) -> Result<(Vec<T>, Looked), Error> {
        let mut has_settled = false;
        loop {
            let (mut kept, mut records) = (Vec::new(), 0);
            let mut see = |record: Record| {
                records += 1;
                kept.extend(keep(record));
            };
            match self.pass(partitions, has_settled, &mut see).await {
                Ok(is_all) => return Ok((kept, Looked { records, is_all })),
                // Something was deleted since the bound was shared out; look where each partition begins.
                Err(error) if error.remedy == Remedy::Stop && !has_settled => has_settled = true,
                Err(error) => self.bear(error).await?,
            }
        }
    }

    /// The record at one place, if it is there.
    pub async fn one(&self, at: &TopicPartition, offset: i64) -> Result<Option<Record>, Error> {
        loop {
            match self.try_one(at, offset).await {
                Ok(found) => return Ok(found),
                // Outside the log: it was deleted, or never was.
                Err(error) if error.remedy == Remedy::Stop => return Ok(None),
                Err(error) => self.bear(error).await?,
            }
        }
    }

    /// Waits a moment after what passes.
    pub async fn bear(&self, error: topics_log::Error) -> Result<(), Error> {
        if error.remedy != Remedy::Retry || Instant::now() >= self.until {
            return Err(of_log(error));
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    async fn try_one(&self, at: &TopicPartition, offset: i64) -> Result<Option<Record>, topics_log::Error> {
        let mut reader = self.log.reader(&[(at.clone(), Start::At(offset))]).await?;
        let end = reader.ends().await?.first().copied().unwrap_or_default();
        while offset < end && Instant::now() < self.until {
            if let Some(record) = reader.read(1, READ_WAIT).await?.into_iter().next() {
                return Ok((record.offset == offset).then_some(record));
            }
        }
        Ok(None)
    }

    async fn pass(
        &self,
        partitions: &[TopicPartition],
        has_settled: bool,
        see: &mut impl FnMut(Record),
    ) -> Result<bool, topics_log::Error> {
        if partitions.is_empty() {
            return Ok(true);
        }
        let mut stand = self.stand(partitions, has_settled).await?;
        while !stand.has_read() {
            self.in_time()?;
            // What was appended since is left to the next look.
            let records = stand.read(READ_WAIT).await?.into_iter();
            records.filter(|(is_before, _)| *is_before).for_each(|(_, record)| see(record));
        }
        Ok(stand.is_all)
    }

    /// A reader before the newest records.
    pub async fn stand(
        &self,
        partitions: &[TopicPartition],
        has_settled: bool,
    ) -> Result<Stand, topics_log::Error> {
        let topics: Vec<&[TopicPartition]> =
            partitions.chunk_by(|one, other| one.topic == other.topic).collect();
        let ends = try_join_all(topics.iter().map(|topic| async {
            let at_end: Vec<_> = topic.iter().map(|at| (at.clone(), Start::End)).collect();
            self.log.reader(&at_end).await?.ends().await
        }));
        let ends: Vec<i64> = ends.await?.into_iter().flatten().collect();
        let share = share(&ends, i64::try_from(self.records_max).unwrap_or(i64::MAX));
        let start = |end: i64| if end <= share { Start::Beginning } else { Start::At(end - share) };
        let mut starts: Vec<(TopicPartition, Start)> =
            partitions.iter().zip(&ends).map(|(at, end)| (at.clone(), start(*end))).collect();
        if has_settled {
            self.settle(&mut starts).await?;
        }
        let topics = starts.chunk_by(|(one, _), (other, _)| one.topic == other.topic);
        let readers = try_join_all(topics.map(|topic| self.log.reader(topic))).await?;
        let is_all = starts.iter().all(|(_, start)| *start == Start::Beginning);
        let spans = starts.into_iter().map(|(at, start)| {
            let next = if let Start::At(offset) = start { offset } else { 0 };
            Span { at, next, end: next, has_begun: false }
        });
        let spans = spans.collect();
        let mut stand = Stand { readers, spans, is_all, heard: Instant::now(), turn: 0 };
        // Not the ends from before: behind the last record that can be read there may be what cannot.
        stand.look_up().await?;
        Ok(stand)
    }

    /// Lets each partition begin at its beginning whose share begins before it.
    async fn settle(&self, starts: &mut [(TopicPartition, Start)]) -> Result<(), topics_log::Error> {
        for (at, start) in starts.iter_mut().filter(|(_, start)| *start != Start::Beginning) {
            self.in_time()?;
            let probe = async {
                let mut reader = self.log.reader(&[(at.clone(), *start)]).await?;
                reader.read(1, READ_WAIT).await
            };
            match probe.await {
                Err(error) if error.remedy == Remedy::Stop => *start = Start::Beginning,
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// An error once the time is over.
    pub fn in_time(&self) -> Result<(), topics_log::Error> {
        if Instant::now() < self.until {
            return Ok(());
        }
        let cause = format!("it took longer than {} s", LOOK_MAX.as_secs());
        Err(topics_log::Error::new(Remedy::Retry, "read the newest records", cause))
    }
}

/// The largest share such that no partition reads more than it, and all together no more than `most`.
fn share(ends: &[i64], most: i64) -> i64 {
    let mut sorted = ends.to_vec();
    sorted.sort_unstable();
    let mut left = most;
    for (index, end) in sorted.iter().enumerate() {
        let partitions_left = i64::try_from(sorted.len() - index).unwrap_or(i64::MAX);
        let equal = left / partitions_left;
        if *end > equal {
            return equal;
        }
        left -= end;
    }
    i64::MAX
}

#[cfg(test)]
mod tests;
