//! The tool gateway: one list of steps, read from top to bottom in [`ToolGateway::serve`] and in `flight`.
//!
//! ```text
//! trace           a span with the call's names; the caller's context goes on in the answer's headers
//! journal         what was answered once is reported again, and not called for again
//! deadline        (by the loop: see below)
//! allowed         a tool answers only who may use it, whatever a text says; its arguments are checked
//! budget          (a tool call charges nothing for now: budgets count calls of models)
//! single-flight   a call that is delivered twice is made once
//! bulkhead        each tool has so many places; who waits for one holds back no other tool
//! attempt, intent written down before anything leaves
//! ownership       checked last, before what costs
//! time-out, retry bounded; never of a tool that acts at most once
//! tool            the `Tool` seam
//! bound           what is too long, or not what was declared, is a typed failure
//! journal         the answer, then the attempt's row goes, then it is reported
//! ```
//! When a request's deadline passes, the loop drops it wherever it is in that list, or does not begin it,
//! and [`ToolGateway::expire`] says what is reported: what the journal holds, else a failure, journaled.
//!
//! # What it promises
//! Each call gets the bytes that the journal holds under its id, however often it is delivered. A tool that
//! is idempotent or keyed is called once, and once more at most for each crash between the call and the
//! journal; such attempts are counted unknown. A tool that acts at most once is called at most once, by
//! whatever owners in whatever order: the intent is inserted only if there is none, by the one who then
//! calls, and outlives every request that could come again. Who finds an intent without an answer waits as
//! long as that call may last, since its owner may be alive, and then says that the outcome is unknown.
//!
//! A cancellation drops the call and nothing else. Its attempt's row stays until it expires: the request
//! may be read again before its cancellation is, and an intent must be found then.

mod asked;
mod bulkhead;
mod flight;
mod settings;
mod verdict;

use std::sync::Arc;

use agents_journal::{Ended, Flights, Journal, Keeping, Reporter, Rows, Verdict, Voice, attempts};
use async_trait::async_trait;
use schemas_codec::Codec;
use schemas_records::tool::ToolRequest;
use schemas_records::{Envelope, Trace};
use topics_runtime::Error;
use topics_runtime::gateway::{Answered, Gateway, Request};
use topics_state::KeyedStore;
use tracing::Instrument;
use tracing::field::{Empty, display};

use self::asked::Asked;
use self::bulkhead::Bulkheads;
use self::flight::Flight;
use crate::names;
use crate::tool::{Effects, Tool};
use crate::toolbox::Toolbox;

pub use self::asked::ARGUMENTS_BYTES_MAX;
pub use self::settings::{PLACES, Settings};

/// Those deliveries of one call that wait for its answer.
type Passengers = agents_journal::Passengers<ToolRequest>;

/// What the gateway works with.
#[derive(Clone)]
pub struct Parts {
    /// Where the journal, the attempts and the intents stand.
    pub store: Arc<dyn KeyedStore>,
    /// The tools, and who may use which.
    pub toolbox: Toolbox,
    /// Bytes and records.
    pub codec: Codec,
}

/// Answers requests for tools. See the module's own words.
pub struct ToolGateway {
    toolbox: Toolbox,
    journal: Arc<Journal>,
    flights: Arc<Flights<ToolRequest>>,
    bulkheads: Arc<Bulkheads>,
    rows: Rows,
    reporter: Reporter,
    settings: Settings,
}

impl ToolGateway {
    /// A gateway over its parts.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let keeping = Keeping {
            prefix: format!("{}.tools", settings.namespace),
            life: settings.journal_life,
            pause: settings.store_pause,
        };
        let rows = Rows::new(parts.store, parts.codec.clone(), &keeping);
        let reporter = Reporter::new(parts.codec, voice(&settings));
        Self {
            bulkheads: Arc::new(Bulkheads::of(&parts.toolbox)),
            toolbox: parts.toolbox,
            journal: Arc::new(Journal::new(rows.clone(), reporter.clone(), names::UNKNOWN_ATTEMPTS)),
            flights: Arc::new(Flights::new(names::SHARED)),
            rows,
            reporter,
            settings,
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
        let tool = match self.toolbox.find(&asked.reply_to.address, &asked.request.tool) {
            Ok(tool) => tool.declaration(),
            Err(failure) => return self.reporter.refuse(asked, failure),
        };
        let is_intent = tool.effects == Effects::AtMostOnce;
        let row = if is_intent {
            attempts::find_intent(&self.rows, asked).await?
        } else {
            attempts::find(&self.rows, asked).await?
        };
        let sent = row.as_ref().map_or(0, |row| row.attempts);
        let verdict = Verdict::failed(verdict::expired(tool, sent), row.as_ref(), 0);
        let entry = self.journal.entry(&verdict, asked)?;
        if self.flights.is_open(asked) {
            // Delivered twice, and the other is still there: it writes the journal, or expires as this did.
            return self.reporter.report(asked, &entry);
        }
        // Journaled, because after a restart the request may come again before the time is known.
        let entry = self.journal.insert(asked.call, entry).await?;
        if row.is_some() && !is_intent && !self.flights.is_open(asked) {
            // Tried once: the row expires by itself.
            if let Err(error) = self.rows.remove_attempt(&asked.key).await {
                tracing::debug!(call = %asked.call, %error, "the attempt of a late call stays until it expires");
            }
        }
        self.reporter.report(asked, &entry)
    }

    /// The way of one request.
    async fn serve(&self, asked: Asked) -> Result<Answered, Error> {
        if let Some(entry) = self.journal.find(asked.call).await? {
            metrics::counter!(names::JOURNAL_HITS).increment(1);
            return self.reporter.report(&asked, &entry);
        }
        let tool = match self.toolbox.find(&asked.reply_to.address, &asked.request.tool) {
            Ok(tool) => Arc::clone(tool),
            Err(failure) => return self.reporter.refuse(&asked, failure),
        };
        let (arguments, codec) = (&asked.request.arguments, self.reporter.codec());
        if let Err(failure) = verdict::check_arguments(arguments, tool.declaration(), codec) {
            return self.reporter.refuse(&asked, failure);
        }
        let call = asked.call;
        let asked = Arc::new(asked);
        let fly = |passengers| self.flight(tool).fly(Arc::clone(&asked), passengers);
        match self.flights.join(&asked, fly).await {
            Ok(entries) => match entries.get(&call) {
                Some(entry) => self.reporter.report(&asked, entry),
                // Unreachable: all who wait for a flight here wait for the same call.
                None => Ok(Answered::default()),
            },
            Err(Ended::Disowned) => Ok(Answered::default()),
            Err(Ended::Failed(error)) => Err(error),
        }
    }

    fn flight(&self, tool: Arc<dyn Tool>) -> Flight {
        Flight {
            rows: self.rows.clone(),
            journal: Arc::clone(&self.journal),
            bulkheads: Arc::clone(&self.bulkheads),
            reporter: self.reporter.clone(),
            settings: self.settings.clone(),
            tool,
        }
    }
}

#[async_trait]
impl Gateway for ToolGateway {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        let span = span(&request.envelope);
        let serve = async {
            match asked::read(request, &self.reporter)? {
                Ok(asked) => {
                    let (span, tool) = (tracing::Span::current(), asked.request.tool.as_str());
                    span.record("otel.name", display(format_args!("execute_tool {tool}")));
                    span.record("gen_ai.tool.name", tool);
                    self.serve(asked).await
                }
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
}

/// The span of one request, with the call's names: a part of the loop's, which the answer carries on.
fn span(envelope: &Envelope) -> tracing::Span {
    let incoming = envelope.traceparent.as_deref().and_then(Trace::parse);
    tracing::info_span!(
        "tool_call",
        otel.kind = "internal",
        otel.name = "execute_tool",
        task = %envelope.task,
        path = envelope.path.as_str(),
        call = envelope.call.map(display),
        tenant = envelope.limits.tenant,
        parent = incoming.map(|trace| display(trace.span)),
        traceparent = incoming.map(|trace| display(trace.next(trace.span.within("execute_tool")))),
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = Empty,
        "error.type" = Empty,
        counts = Empty,
    )
}

/// How the gateway speaks.
fn voice(settings: &Settings) -> Voice {
    Voice {
        version: settings.version.clone(),
        request: "a tool request",
        attempted: "call a tool",
        failed: "tool-failed",
        failures: names::FAILURES,
    }
}

#[cfg(test)]
mod tests;
