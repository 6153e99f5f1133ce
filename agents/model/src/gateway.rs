//! The model gateway: one list of steps, read from top to bottom in [`ModelGateway::serve`].
//!
//! ```text
//! trace           a span with the call's names; the caller's context goes on in the answer's headers
//! journal         what was answered once is reported again, and not asked for again
//! (exact cache)
//! budget          a call takes one out of its allotment, whatever becomes of it
//! single-flight   identical requests wait for one call
//! (tier choice, quota, congestion window, micro-batching, balancing, failover and breaker)
//! gate            a model that asked for a pause gets it from everybody
//! attempt         written down before anything leaves
//! ownership       checked last, before what costs
//! time-out, retry bounded; Retry-After is data
//! provider        the `Model` seam
//! journal         the answer under every waiting call, then the attempt's row goes, then it is reported
//! ```
//! What stands in brackets has its place there and does not exist yet.
//!
//! # What it promises
//! Each call gets the bytes that the journal holds under its id, however often it is delivered. It is paid
//! for once, and once more at most for each crash between the sending and the journal; such attempts are
//! counted unknown. Deadlines are not compared with any clock: waiting ends when the call is cancelled,
//! which drops the future, and with it the request that is under way if nobody else waits for it.

mod asked;
mod attempts;
mod budget;
mod flights;
mod gate;
mod journal;
mod report;
mod retry;
mod settings;
mod store;
mod verdict;

use std::sync::Arc;

use async_trait::async_trait;
use schemas_codec::Codec;
use schemas_records::{CallId, Envelope};
use topics_runtime::gateway::{Answered, Gateway, Request};
use topics_runtime::{Error, Remedy};
use topics_state::KeyedStore;
use tracing::Instrument;

use self::asked::Asked;
use self::attempts::Attempts;
use self::flights::{Ended, Flights, Landed, Passengers};
use self::gate::Gate;
use self::journal::Journal;
use self::report::Reporter;
use self::retry::Retry;
use self::store::Rows;
use crate::model::Model;
use crate::names;

pub use self::asked::PROMPT_BYTES_MAX;
pub use self::attempts::ModelAttempt;
pub use self::journal::{JournalEntry, JournalOutcome};
pub use self::settings::Settings;

/// What the gateway works with.
#[derive(Clone)]
pub struct Parts {
    /// Where the journal and the attempts stand.
    pub store: Arc<dyn KeyedStore>,
    /// The model.
    pub model: Arc<dyn Model>,
    /// Bytes and records.
    pub codec: Codec,
}

/// Answers requests for completions. See the module's own words.
pub struct ModelGateway {
    journal: Arc<Journal>,
    flights: Arc<Flights>,
    rows: Rows,
    retry: Arc<Retry>,
    reporter: Reporter,
}

impl ModelGateway {
    /// A gateway over its parts.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let rows = Rows::new(parts.store, parts.codec.clone(), &settings);
        let reporter = Reporter::new(parts.codec, settings.version.clone());
        Self {
            journal: Arc::new(Journal::new(rows.clone(), reporter.clone(), settings.answer_bytes_max)),
            flights: Arc::default(),
            rows,
            retry: Arc::new(Retry::new(parts.model, Gate::default(), settings)),
            reporter,
        }
    }

    /// The way of one request.
    async fn serve(&self, asked: Asked) -> Result<Answered, Error> {
        if let Some(entry) = self.journal.find(asked.call).await? {
            metrics::counter!(names::JOURNAL_HITS).increment(1);
            return self.reporter.report(&asked, &entry);
        }
        if let Err(failure) = budget::check(&asked.envelope.limits.budget) {
            return self.reporter.refuse(&asked, failure);
        }
        let call = asked.call;
        let asked = Arc::new(asked);
        let fly = |passengers| {
            let (rows, retry, journal) =
                (self.rows.clone(), Arc::clone(&self.retry), Arc::clone(&self.journal));
            fly(rows, retry, journal, Arc::clone(&asked), passengers)
        };
        match self.flights.join(&asked, fly).await {
            Ok(entries) => match entries.get(&call) {
                Some(entry) => self.reporter.report(&asked, entry),
                // Its cancellation took it off the list while its future was still there.
                None => Ok(Answered::default()),
            },
            Err(Ended::Disowned) => Ok(Answered::default()),
            Err(Ended::Failed(error)) => Err(error),
        }
    }
}

/// The way of what identical requests share, from the first of them to the journal.
async fn fly(
    rows: Rows,
    retry: Arc<Retry>,
    journal: Arc<Journal>,
    asked: Arc<Asked>,
    passengers: Passengers,
) -> Landed {
    let mut attempts = Attempts::take_over(&rows, &journal, &asked).await?;
    let heard = retry.ask(&asked.request, &mut attempts, &passengers).await?;
    journal.keep(&heard, &attempts, &passengers).await
}

#[async_trait]
impl Gateway for ModelGateway {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        let envelope = &request.envelope;
        let span = tracing::info_span!(
            "model_call",
            task = %envelope.task,
            path = envelope.path.as_str(),
            call = envelope.call.map(tracing::field::display),
            tenant = envelope.limits.tenant,
            traceparent = envelope.traceparent,
        );
        let serve = async {
            match asked::read(request, &self.reporter)? {
                Ok(asked) => self.serve(asked).await,
                Err(answered) => Ok(answered),
            }
        };
        serve.instrument(span).await
    }

    async fn cancelled(&self, envelope: &Envelope) -> Result<(), Error> {
        let Some(call) = envelope.call else { return Ok(()) };
        for key in self.flights.leave(call) {
            metrics::counter!(names::ABORTED).increment(1);
            // Tried once: the row expires by itself, and the loop that calls this must go on polling.
            if let Err(error) = self.rows.remove_attempt(&key).await {
                tracing::debug!(%call, %error, "a cancelled call's attempt stays until it expires");
            }
        }
        Ok(())
    }
}

/// A codec's error here means a broken schema or a row of a newer program: only an operator can mend it.
fn unreadable(attempted: &str, call: CallId, error: &schemas_codec::Error) -> Error {
    Error::new(Remedy::Stop, format!("{attempted} of call {call}"), error.to_string())
}

#[cfg(test)]
mod tests;
