//! One topic, read from its oldest record to where it ended when that was asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use topics_log::{Error, Log, Reader, Record, Remedy, Start, TopicDescription, TopicPartition};

/// Records read at once: some megabytes, read in some milliseconds.
const READ_MAX: usize = 500;

/// How long one read waits for what is known to be there.
const READ_WAIT: Duration = Duration::from_millis(200);

/// After so long a silence a partition of which nothing came has nothing: all that it had was deleted.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// After so long a silence what should come does not: the log is out of order, or far away.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause before the log is asked again for what it refused for now.
const PAUSE: Duration = Duration::from_millis(100);

/// A topic's reader, and how far it is.
pub(super) struct Track {
    topic: String,
    reader: Box<dyn Reader>,
    /// In the order in which the reader has them.
    spans: Vec<Span>,
    /// For how long nothing came.
    silent: Duration,
}

/// A stretch of one partition.
struct Span {
    at: TopicPartition,
    next: i64,
    until: i64,
    has_begun: bool,
}

/// All partitions of a topic.
pub(super) fn partitions(topic: &TopicDescription) -> Vec<TopicPartition> {
    let name: Arc<str> = topic.name.as_str().into();
    (0..topic.partitions).map(|number| TopicPartition::new(Arc::clone(&name), number)).collect()
}

impl Track {
    /// A track of these partitions of one topic, up to their ends, or up to these offsets if those come first.
    pub async fn open(
        log: &dyn Log,
        of: &[TopicPartition],
        until: Option<&BTreeMap<TopicPartition, i64>>,
    ) -> Result<Self, Error> {
        let from: Vec<_> = of.iter().map(|at| (at.clone(), Start::Beginning)).collect();
        let topic = of.first().map(|at| at.topic.to_string()).unwrap_or_default();
        let span = |at: &TopicPartition| Span { at: at.clone(), next: 0, until: 0, has_begun: false };
        let spans = of.iter().map(span).collect();
        let mut track = Self { topic, reader: log.reader(&from).await?, spans, silent: Duration::ZERO };
        track.look_again().await?;
        for span in &mut track.spans {
            if let Some(until) = until {
                span.until = span.until.min(until.get(&span.at).copied().unwrap_or(0));
            }
        }
        Ok(track)
    }

    /// Looks where the partitions end now.
    pub async fn look_again(&mut self) -> Result<(), Error> {
        let mut waited = Duration::ZERO;
        let ends = loop {
            match self.reader.ends().await {
                Err(error) if error.remedy == Remedy::Retry && waited < PATIENCE => waited += PAUSE,
                ends => break ends?,
            }
            tokio::time::sleep(PAUSE).await;
        };
        for (span, end) in self.spans.iter_mut().zip(ends) {
            span.until = end;
        }
        Ok(())
    }

    /// Whether all was read.
    pub fn is_over(&self) -> bool {
        self.spans.iter().all(|span| span.next >= span.until)
    }

    /// Whether this record lies within what is to be read.
    pub fn holds(&self, record: &Record) -> bool {
        let span = self.spans.iter().find(|span| span.at == record.topic_partition);
        span.is_some_and(|span| record.offset < span.until)
    }

    /// The next records, perhaps some behind the end too; each with whether it is its partition's first.
    pub async fn read(&mut self) -> Result<Vec<(Record, bool)>, Error> {
        let records = match self.reader.read(READ_MAX, READ_WAIT).await {
            Err(error) if error.remedy == Remedy::Retry && self.silent < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
                Vec::new()
            }
            read => read?,
        };
        if records.is_empty() {
            self.silent += READ_WAIT;
            if self.silent >= SILENCE_MAX {
                let unbegun = self.spans.iter_mut().filter(|span| !span.has_begun);
                unbegun.for_each(|span| span.next = span.until);
            }
            if self.silent >= PATIENCE && !self.is_over() {
                let cause = format!("nothing came for {PATIENCE:?}, and it is not read to its end");
                return Err(Error::new(Remedy::Stop, format!("read {}", self.topic), cause));
            }
            return Ok(Vec::new());
        }
        self.silent = Duration::ZERO;
        Ok(records.into_iter().map(|record| self.pass(record)).collect())
    }

    fn pass(&mut self, record: Record) -> (Record, bool) {
        let mut is_first = false;
        if let Some(span) = self.spans.iter_mut().find(|span| span.at == record.topic_partition) {
            is_first = !span.has_begun;
            (span.next, span.has_begun) = (record.offset + 1, true);
        }
        (record, is_first)
    }
}

/// The record at one place, if it is there.
pub(super) async fn one(log: &dyn Log, at: &TopicPartition, offset: i64) -> Result<Option<Record>, Error> {
    let mut reader = log.reader(&[(at.clone(), Start::At(offset))]).await?;
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        if let Some(record) = reader.read(1, READ_WAIT).await?.into_iter().next() {
            return Ok((record.offset == offset).then_some(record));
        }
        waited += READ_WAIT;
    }
    Ok(None)
}
