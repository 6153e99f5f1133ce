//! What became of the records a producer sent.
//!
//! Delivery reports come on the producer's polling thread. A transaction only needs to know that all
//! arrived, so its reports are counted; a publisher wants to know where each record went.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::{ClientContext, Message};
use tokio::sync::oneshot;
use topics_log::{Appended, Timestamp};

use crate::logging::Voice;

/// Counts deliveries and wakes the thread that waits for the last one.
pub(crate) struct Counting {
    voice: Voice,
    outstanding: AtomicUsize,
    first_error: Mutex<Option<(Code, String)>>,
    waiter: OnceLock<Thread>,
}

impl Counting {
    /// For the producer of this name, whose waiting thread is the current one.
    pub(crate) fn new(name: String) -> Self {
        let waiter = OnceLock::from(std::thread::current());
        Self {
            voice: Voice::new(name),
            outstanding: AtomicUsize::new(0),
            first_error: Mutex::new(None),
            waiter,
        }
    }

    /// Notes that one more record is about to be sent.
    pub(crate) fn sending(&self) {
        self.outstanding.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes that back: the record was not accepted.
    pub(crate) fn not_sent(&self) {
        self.outstanding.fetch_sub(1, Ordering::AcqRel);
    }

    /// How many records are neither delivered nor failed.
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::Acquire)
    }

    /// The first failed delivery since this was last asked.
    pub(crate) fn take_error(&self) -> Option<(Code, String)> {
        self.first_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Counting {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.voice.line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.voice.event(&error, reason);
    }
}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let mut first = self.first_error.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none() {
                let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
                *first = Some((code, format!("a record for {}: {error}", message.topic())));
            }
        }
        if self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(waiter) = self.waiter.get()
        {
            waiter.unpark();
        }
    }
}

/// The records of one call of `publish`.
pub(crate) struct Batch {
    state: Mutex<BatchState>,
}

struct BatchState {
    outstanding: usize,
    appended: Vec<Option<Appended>>,
    first_error: Option<(Code, String)>,
    done: Option<oneshot::Sender<()>>,
}

/// What came of a batch: where its records went, in order, or the first failure.
pub(crate) type BatchOutcome = Result<Vec<Appended>, (Code, String)>;

impl Batch {
    /// A batch of `count` records, and what tells that the last is settled.
    pub(crate) fn new(count: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, is_done) = oneshot::channel();
        let state = BatchState {
            outstanding: count,
            appended: vec![None; count],
            first_error: None,
            done: Some(done),
        };
        (Arc::new(Self { state: Mutex::new(state) }), is_done)
    }

    /// Settles the record at `index`.
    pub(crate) fn settle(&self, index: usize, outcome: Result<Appended, (Code, String)>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(appended) => state.appended[index] = Some(appended),
            Err(error) => {
                state.first_error.get_or_insert(error);
            }
        }
        state.outstanding -= 1;
        if state.outstanding == 0
            && let Some(done) = state.done.take()
        {
            // The publisher may have gone; then nobody asks.
            let _ = done.send(());
        }
    }

    /// What came of it, once it is done.
    pub(crate) fn outcome(&self) -> BatchOutcome {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.first_error.take() {
            return Err(error);
        }
        Ok(state.appended.drain(..).flatten().collect())
    }
}

/// Names a record in its batch; librdkafka carries it.
pub(crate) struct Ticket {
    /// The batch.
    pub batch: Arc<Batch>,
    /// Which of its records.
    pub index: usize,
}

/// Tells each batch where its records went.
pub(crate) struct Placing(pub Voice);

impl ClientContext for Placing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.event(&error, reason);
    }
}

impl ProducerContext for Placing {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let outcome = match result {
            Ok(message) => Ok(Appended {
                partition: message.partition(),
                offset: message.offset(),
                timestamp: Timestamp(message.timestamp().to_millis().unwrap_or(0)),
            }),
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
                Err((code, format!("a record for {}: {error}", message.topic())))
            }
        };
        ticket.batch.settle(ticket.index, outcome);
    }
}

#[cfg(test)]
mod tests;
