//! The producer's side of the desk: all transactional calls of librdkafka.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use topics_log::{Error, NewRecord, OffsetCommit, Remedy};

use crate::deliveries::Counting;
use crate::errors::{self, Failure, Step};
use crate::native;
use crate::offsets::commits;
use crate::ownership::Ownership;
use crate::records::{native_headers, some};
use crate::settings::Settings;

/// How long taking the transactional name may take: the coordinator first ends what an earlier producer
/// of this name left open, and may itself have just been restarted.
const INIT_BOUND: Duration = Duration::from_secs(30);

/// How long to let librdkafka's queue of records drain before trying again to put one in.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);

/// How much longer than its time-out a transaction's deliveries are waited for: librdkafka fails them by
/// itself by then, so only a bug makes this matter.
const DELIVERY_MARGIN: Duration = Duration::from_secs(5);

/// A transactional producer and the transaction it has open.
pub(crate) struct Producer {
    client: ThreadedProducer<Counting>,
    name: String,
    ownership: Arc<Ownership>,
    timeout: Duration,
    /// When the open transaction was begun.
    begun: Option<Instant>,
    /// Why the open transaction must not be committed.
    failed: Option<String>,
}

impl Producer {
    /// Makes the client and takes the transactional name.
    pub(crate) fn open(settings: &Settings, name: String, ownership: Arc<Ownership>) -> Result<Self, Error> {
        let attempted = format!("take the transactional name {name}");
        let client: ThreadedProducer<Counting> = settings
            .transactor(&name)
            .create_with_context(Counting::new(name.clone()))
            .map_err(|error| errors::of(&attempted, &error))?;
        native::learn_brokers(client.client().native_ptr(), settings.connect_timeout)
            .map_err(|code| errors::of_code(&attempted, code))?;
        let timeout = settings.transaction_timeout;
        let producer = Self { client, name, ownership, timeout, begun: None, failed: None };
        producer.client.init_transactions(INIT_BOUND).map_err(|error| producer.error(Step::Init, &error))?;
        Ok(producer)
    }

    /// Opens a transaction.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.client.begin_transaction().map_err(|error| self.error(Step::Begin, &error))?;
        self.begun = Some(Instant::now());
        self.failed = None;
        Ok(())
    }

    /// Sends records and waits for every acknowledgement.
    pub(crate) fn produce(&mut self, records: &[NewRecord]) -> Result<(), Error> {
        let deadline = Instant::now() + self.timeout + DELIVERY_MARGIN;
        let enqueued = records.iter().try_for_each(|record| self.enqueue(record, deadline));
        // Wait also after a failure: nothing may be under way when the transaction is aborted.
        let deliveries = self.client.context();
        while deliveries.outstanding() > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let cause = format!("{} records are neither delivered nor failed", deliveries.outstanding());
                return Err(self.fail(Error::new(Remedy::Unknown, self.attempted(Step::Produce), cause)));
            }
            thread::park_timeout(left);
        }
        let failed = deliveries.take_error().or(enqueued.err());
        match failed {
            None => Ok(()),
            Some((code, text)) => Err(self.fail(self.failure(Step::Produce, code, text))),
        }
    }

    fn enqueue(&self, record: &NewRecord, deadline: Instant) -> Result<(), (Code, String)> {
        let deliveries = self.client.context();
        let mut native: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&record.topic);
        native.partition = record.partition;
        native.key = some(record.key.as_bytes());
        native.payload = some(&record.value);
        native.headers = native_headers(record);
        loop {
            deliveries.sending();
            let Err((error, unsent)) = self.client.send(native) else {
                return Ok(());
            };
            deliveries.not_sent();
            let code = error.rdkafka_error_code().unwrap_or(Code::InvalidArgument);
            if code != Code::QueueFull || Instant::now() >= deadline {
                return Err((code, format!("a record for {}: {error}", record.topic)));
            }
            native = unsent;
            thread::park_timeout(QUEUE_PAUSE);
        }
    }

    /// Adds offsets, if every one of them still is this member's.
    pub(crate) fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        self.try_send_offsets(offsets).map_err(|error| self.fail(error))
    }

    fn try_send_offsets(&self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        let attempted = self.attempted(Step::SendOffsets);
        let list = commits(offsets, &attempted)?;
        let owned = self.ownership.hold();
        let membership = owned.membership(offsets, &attempted)?;
        membership.send_offsets(self.client.client().native_ptr(), &list, self.timeout).map_err(|failure| {
            errors::of_transaction(Step::SendOffsets, attempted, &failure, self.outlived())
        })
    }

    /// Commits, unless something in the transaction failed.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        if let Some(cause) = &self.failed {
            let cause = format!("it failed before: {cause}");
            return Err(Error::new(Remedy::Abort, self.attempted(Step::Commit), cause));
        }
        let committed = native::commit_transaction(self.client.client().native_ptr(), self.timeout);
        committed.map_err(|failure| {
            errors::of_transaction(Step::Commit, self.attempted(Step::Commit), &failure, self.outlived())
        })?;
        self.begun = None;
        Ok(())
    }

    /// Aborts.
    pub(crate) fn abort(&mut self) -> Result<(), Error> {
        if self.client.context().outstanding() > 0 {
            // librdkafka may turn an abort before the first acknowledgement into a fatal error.
            let cause = "records are still under way: the next producer of this name ends the transaction";
            return Err(Error::new(Remedy::Unknown, self.attempted(Step::Abort), cause));
        }
        self.client.abort_transaction(self.timeout).map_err(|error| self.error(Step::Abort, &error))?;
        self.begun = None;
        self.failed = None;
        Ok(())
    }

    /// Notes that the open transaction must not be committed.
    fn fail(&mut self, error: Error) -> Error {
        self.failed.get_or_insert_with(|| error.cause.clone());
        error
    }

    fn attempted(&self, step: Step) -> String {
        let what = match step {
            Step::Init => "take the transactional name",
            Step::Begin => "begin a transaction of",
            Step::Produce => "produce in the transaction of",
            Step::SendOffsets => "send offsets in the transaction of",
            Step::Commit => "commit the transaction of",
            Step::Abort => "abort the transaction of",
        };
        format!("{what} {}", self.name)
    }

    /// Whether the open transaction is older than the coordinator lets it become.
    fn outlived(&self) -> bool {
        self.begun.is_some_and(|begun| begun.elapsed() >= self.timeout)
    }

    /// A failure that came with a code only: the client may know of a fatal error behind it.
    fn failure(&self, step: Step, code: Code, text: String) -> Error {
        let fatal = self.client.client().fatal_error();
        let failure = match fatal {
            Some((code, fatal)) => {
                Failure { code, fatal: true, requires_abort: false, text: format!("{text}: {fatal}") }
            }
            None => Failure { code, fatal: false, requires_abort: true, text },
        };
        errors::of_transaction(step, self.attempted(step), &failure, self.outlived())
    }

    fn error(&self, step: Step, error: &KafkaError) -> Error {
        let KafkaError::Transaction(native) = error else {
            let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
            return self.failure(step, code, error.to_string());
        };
        let failure = Failure {
            code: native.code(),
            fatal: native.is_fatal(),
            requires_abort: native.txn_requires_abort(),
            text: native.string(),
        };
        errors::of_transaction(step, self.attempted(step), &failure, self.outlived())
    }
}
