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
//! What stands in brackets has its place there and does not exist yet. When a request's deadline passes,
//! the loop drops it wherever it is in that list, or does not begin it, and [`ModelGateway::expire`] says
//! what is reported:
//!
//! ```text
//! journal         what was answered once is reported again
//! single-flight   a flight that others wait for goes on without it
//! journal         else the failure, charged as a call if anything was sent; then the attempt's row goes
//! ```
//!
//! # What it promises
//! Each call gets the bytes that the journal holds under its id, however often it is delivered. It is paid
//! for once, and once more at most for each crash between the sending and the journal; such attempts are
//! counted unknown. Waiting ends when the call is cancelled or its deadline has passed by the broker's
//! clock, of which the loop knows a lower bound; either drops the future, and with it the request that is
//! under way if nobody else waits for it. Right after a start on old records that bound may be far behind,
//! until the first delivery report: what is asked for ended tasks in that time is at most what the loop
//! has in flight at once.

mod asked;
mod budget;
mod gate;
mod retry;
mod settings;
mod spans;
mod verdict;

use std::sync::Arc;

use agents_journal::{
    Attempts, Ended, Flights, Journal, Keeping, Landed, Reporter, Rows, Verdict, Voice, attempts,
};
use async_trait::async_trait;
use schemas_codec::Codec;
use schemas_records::model::ModelRequest;
use schemas_records::{CallId, Envelope, Key};
use topics_runtime::Error;
use topics_runtime::gateway::{Answered, Gateway, Request};
use topics_state::KeyedStore;
use tracing::Instrument;

use self::asked::Asked;
use self::budget::charge;
use self::gate::Gate;
use self::retry::Retry;
use self::spans::span;
use crate::model::Model;
use crate::names;

pub use self::asked::PROMPT_BYTES_MAX;
pub use self::settings::Settings;
pub use agents_journal::{Attempt as ModelAttempt, JournalEntry, JournalOutcome};

/// Those who wait for one completion.
type Passengers = agents_journal::Passengers<ModelRequest>;

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
    flights: Arc<Flights<ModelRequest>>,
    rows: Rows,
    retry: Arc<Retry>,
    reporter: Reporter,
    answer_bytes_max: usize,
}

impl ModelGateway {
    /// A gateway over its parts.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let keeping = Keeping {
            prefix: settings.namespace.clone(),
            life: settings.journal_life,
            pause: settings.store_pause,
        };
        let rows = Rows::new(parts.store, parts.codec.clone(), &keeping);
        let reporter = Reporter::new(parts.codec, voice(&settings));
        Self {
            journal: Arc::new(Journal::new(rows.clone(), reporter.clone(), names::UNKNOWN_ATTEMPTS)),
            flights: Arc::new(Flights::new(names::SHARED)),
            rows,
            answer_bytes_max: settings.answer_bytes_max,
            retry: Arc::new(Retry::new(parts.model, Gate::default(), settings)),
            reporter,
        }
    }

    /// The way of one request whose deadline has passed. If it was under way, its future is gone and has
    /// left its flight.
    async fn expire(&self, asked: &Asked) -> Result<Answered, Error> {
        if let Some(entry) = self.journal.find(asked.call).await? {
            metrics::counter!(names::JOURNAL_HITS).increment(1);
            return self.reporter.report(asked, &entry);
        }
        if !asked.token.is_alive() {
            // Its next owner settles it, and may have an attempt of his own under way.
            return Ok(Answered::default());
        }
        let attempt = attempts::find(&self.rows, asked).await?;
        let sent = attempt.as_ref().map_or(0, |attempt| attempt.attempts);
        let verdict = Verdict::failed(verdict::expired(sent), attempt.as_ref(), charge(sent));
        let entry = self.journal.entry(&verdict, asked)?;
        if self.flights.is_open(asked) {
            // Not journaled: the row that goes on with the flight may bear this call's name, and counts
            // for nothing once that call is answered.
            return self.reporter.report(asked, &entry);
        }
        // Journaled, because after a restart the request may come again before the time is known.
        let entry = self.journal.insert(asked.call, entry).await?;
        if attempt.is_some() && !self.flights.is_open(asked) {
            self.drop_attempt(&asked.key, asked.call).await;
        }
        self.reporter.report(asked, &entry)
    }

    /// Removes the row of a flight that nobody waits for. Tried once: the row expires by itself.
    async fn drop_attempt(&self, key: &Key, call: CallId) {
        metrics::counter!(names::ABORTED).increment(1);
        if let Err(error) = self.rows.remove_attempt(key).await {
            tracing::debug!(%call, %error, "the attempt of a call that was given up stays until it expires");
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
        let span = spans::asked(&asked.request);
        let asked = Arc::new(asked);
        let fly = |passengers| {
            let flight = Flight {
                rows: self.rows.clone(),
                retry: Arc::clone(&self.retry),
                journal: Arc::clone(&self.journal),
                reporter: self.reporter.clone(),
                answer_bytes_max: self.answer_bytes_max,
                span,
            };
            flight.fly(Arc::clone(&asked), passengers)
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

/// What a flight works with.
struct Flight {
    rows: Rows,
    retry: Arc<Retry>,
    journal: Arc<Journal>,
    reporter: Reporter,
    answer_bytes_max: usize,
    /// The span of the request that began it: what is paid for is told there, once.
    span: tracing::Span,
}

impl Flight {
    /// The way of what identical requests share, from the first of them to the journal.
    async fn fly(self, asked: Arc<Asked>, passengers: Passengers) -> Landed {
        let mut attempts = Attempts::take_over(&self.rows, &self.journal, &asked).await?;
        let heard = self.retry.ask(&asked.request, &mut attempts, &passengers).await?;
        spans::heard(&heard, &self.span);
        let verdict = verdict::of(&heard, &attempts, self.answer_bytes_max, self.reporter.codec())?;
        self.journal.keep(&verdict, &attempts, &passengers).await
    }
}

#[async_trait]
impl Gateway for ModelGateway {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        let span = span(&request.envelope);
        let serve = async {
            match asked::read(request, &self.reporter)? {
                Ok(asked) => self.serve(asked).await,
                Err(answered) => Ok(answered),
            }
        };
        let answered = serve.instrument(span.clone()).await?;
        span.record("counts", true);
        Ok(answered)
    }

    async fn expired(&self, request: Request) -> Result<Answered, Error> {
        let span = span(&request.envelope);
        let expire = async {
            match asked::read(request, &self.reporter)? {
                Ok(asked) => self.expire(&asked).await,
                Err(answered) => Ok(answered),
            }
        };
        expire.instrument(span).await
    }

    async fn cancelled(&self, envelope: &Envelope) -> Result<(), Error> {
        let Some(call) = envelope.call else { return Ok(()) };
        for key in self.flights.leave(call) {
            self.drop_attempt(&key, call).await;
        }
        Ok(())
    }
}

/// How the gateway speaks.
fn voice(settings: &Settings) -> Voice {
    Voice {
        version: settings.version.clone(),
        request: "a model request",
        attempted: "ask a model",
        failed: "model-failed",
        failures: names::FAILURES,
    }
}

#[cfg(test)]
mod tests;
