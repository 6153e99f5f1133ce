//! The knowledge gateway: one list of steps, read from top to bottom in [`KnowledgeGateway::serve`].
//!
//! ```text
//! trace       a span with the call's names; the caller's context goes on in the answer's headers
//! allowed     a base answers only who may read it
//! budget      (a query charges nothing for now: budgets count calls of models)
//! search      in memory, within the bounds of the base
//! report      the passages, or a typed failure
//! ```
//! What other gateways have besides is missing on purpose. There is no *journal* and no *attempt*: nothing
//! is paid, nothing is changed, and equal bases give equal answers, so a query that is read again is asked
//! again. (After a restart with other texts its answer may be another; the first that reaches the asker
//! counts, as always.) There is no *bulkhead*, no *retry* and no *time-out*: a query waits for nothing, and
//! takes milliseconds on the thread that it is on. For the same reasons a query whose deadline has passed is
//! answered like any other: that costs less than to say why not.

use std::time::Instant;

use agents_journal::{Asked, Identity, Reporter, Voice, asked};
use async_trait::async_trait;
use schemas_codec::Codec;
use schemas_records::tool::KnowledgeQuery;
use schemas_records::{Envelope, Failure, FailureCode, Trace};
use topics_catalog::NAME_BYTES_MAX;
use topics_runtime::gateway::{Answered, Gateway, Request};
use topics_runtime::{Error, Remedy};
use tracing::Instrument;
use tracing::field::{Empty, display};

use crate::base::QueryError;
use crate::library::Library;
use crate::names;

/// What the gateway is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What made the answers, for their `agent-version` header.
    pub version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { version: concat!("knowledge-gateway/", env!("CARGO_PKG_VERSION")).to_owned() }
    }
}

/// What the gateway works with.
#[derive(Clone)]
pub struct Parts {
    /// The bases, and who may read which.
    pub library: Library,
    /// Bytes and records.
    pub codec: Codec,
}

/// Answers queries. See the module's own words.
pub struct KnowledgeGateway {
    library: Library,
    reporter: Reporter,
}

impl KnowledgeGateway {
    /// A gateway over its parts.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let voice = Voice {
            version: settings.version,
            request: "a knowledge query",
            attempted: "ask knowledge",
            failed: "knowledge-failed",
            failures: names::FAILURES,
        };
        Self { library: parts.library, reporter: Reporter::new(parts.codec, voice) }
    }

    /// The way of one query.
    fn serve(&self, asked: &Asked<KnowledgeQuery>) -> Result<Answered, Error> {
        let query = &asked.request;
        let base = match self.library.find(&asked.reply_to.address, &query.base) {
            Ok(base) => base,
            Err(failure) => return self.reporter.refuse(asked, failure),
        };
        let begin = Instant::now();
        let passages = match base.ask(query) {
            Ok(passages) => passages,
            Err(error) => return self.reporter.refuse(asked, failure(base.name(), &error)),
        };
        let outcome = if passages.passages.is_empty() { "nothing" } else { "found" };
        metrics::counter!(names::QUERIES, "base" => query.base.clone(), "outcome" => outcome).increment(1);
        metrics::histogram!(names::QUERY_SECONDS, "base" => query.base.clone())
            .record(begin.elapsed().as_secs_f64());
        let value = self.reporter.codec().encode(&passages).map_err(|error| {
            Error::new(Remedy::Stop, format!("write the answer of call {}", asked.call), error.to_string())
        })?;
        Ok(self.reporter.answer(&asked.reply_to, &asked.envelope, value))
    }

    async fn handle(&self, request: Request) -> Result<Answered, Error> {
        let span = span(&request.envelope);
        let handle = async {
            let identify = |_: &KnowledgeQuery, _: &str, call: schemas_records::CallId| Identity {
                hash: call.to_string(),
                key: call.key(),
            };
            match asked::read(request, &self.reporter, check, identify)? {
                Ok(asked) => {
                    let (span, base) = (tracing::Span::current(), asked.request.base.as_str());
                    span.record("otel.name", display(format_args!("retrieval {base}")));
                    span.record("gen_ai.data_source.id", base);
                    self.serve(&asked)
                }
                Err(answered) => Ok(answered),
            }
        };
        let answered = handle.instrument(span.clone()).await?;
        span.record("counts", true);
        Ok(answered)
    }
}

#[async_trait]
impl Gateway for KnowledgeGateway {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        self.handle(request).await
    }

    async fn expired(&self, request: Request) -> Result<Answered, Error> {
        self.handle(request).await
    }
}

/// What the library and the base need not see.
fn check(query: &KnowledgeQuery) -> Result<(), String> {
    let bytes = query.base.len();
    if bytes > NAME_BYTES_MAX {
        return Err(format!("the base's name has {bytes} bytes, at most {NAME_BYTES_MAX} are allowed"));
    }
    Ok(())
}

fn failure(base: &str, error: &QueryError) -> Failure {
    let (code, remedy) = match error {
        QueryError::Query(_) => (FailureCode::BadInput, "change the query"),
        QueryError::Index(_) => (FailureCode::ToolFailed, "report this with the query: it is a bug"),
    };
    Failure::new(code, format!("ask knowledge {base:?}: {error}"), remedy)
}

/// The span of one query, with the call's names: a part of the loop's, which the answer carries on.
fn span(envelope: &Envelope) -> tracing::Span {
    let incoming = envelope.traceparent.as_deref().and_then(Trace::parse);
    tracing::info_span!(
        "knowledge_query",
        otel.kind = "internal",
        otel.name = "retrieval",
        task = %envelope.task,
        path = envelope.path.as_str(),
        call = envelope.call.map(display),
        tenant = envelope.limits.tenant,
        parent = incoming.map(|trace| display(trace.span)),
        traceparent = incoming.map(|trace| display(trace.next(trace.span.within("retrieval")))),
        gen_ai.operation.name = "retrieval",
        gen_ai.data_source.id = Empty,
        "error.type" = Empty,
        counts = Empty,
    )
}

#[cfg(test)]
mod tests;
