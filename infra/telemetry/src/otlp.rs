//! Spans to a collector: OTLP over HTTP, in the protocol's JSON form.
//!
//! ```text
//! a span ends ─► keeper (in the thread that ended it) ─► queue, bounded ─► exporter (its own thread) ─► collector
//!                                    └ full: dropped and counted
//! ```
//! A collector that is away, slow or broken costs a step nothing: whoever ends a span puts it into a queue that
//! has room, or drops it. All else happens in one thread with a runtime of its own.
//!
//! # Which spans
//! Those with the fields `traceparent` and `counts`, whoever makes them, at whatever level. `traceparent` is the
//! span's own place in its trace, ids included, and `parent` the span it came of: both come from records, so
//! that one task is one trace through all processes. A span is exported when it ends, if `counts` was set and
//! its trace is sampled. No id is made here, and none goes back: that is why this is not OpenTelemetry's SDK,
//! whose tracer draws them. `otel.name` and `otel.kind` name it; other fields become attributes, those without
//! a dot under `tributary.`; `error.type` makes it a failed one.
//!
//! A collector is told of a span at least once: a call that was answered and not committed when its process was
//! killed is served again, from the journal, under the same id.

mod exporter;
mod json;
mod keeper;
mod span;

use std::time::Duration;

use tokio::sync::mpsc;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::Error;

pub use self::exporter::Exporter;

/// Spans that wait for the exporter, at a kilobyte or two each: two seconds of a busy node (a task of the bundled
/// team has some forty), and not ten megabytes. What comes on top is dropped.
pub const QUEUE_SPANS_MAX: usize = 4_096;

/// Spans in one request: half a megabyte, well below what collectors take (the usual bound is 4 MB or more).
const BATCH_SPANS_MAX: usize = 512;

/// How long the first span of a request waits for others: a person does not notice, a collector does.
const BATCH_WAIT: Duration = Duration::from_millis(500);

/// How long a collector may take for one request; the usual value of OpenTelemetry's own exporters is 10 s, with
/// the queue filling meanwhile.
const POST_TIME_MAX: Duration = Duration::from_secs(5);

/// How often a request is sent that fails in a way which may pass. With the pauses some seconds: a collector's
/// restart is outlived, an hour without one fills no memory.
const TRIES_MAX: u32 = 4;

/// The pause after the first failure; it doubles.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// How long [`Exporter::close`] may hold up the end of the process.
pub const FLUSH_TIME_MAX: Duration = Duration::from_secs(2);

/// Most of a collector's answer that is read: it says how many spans it did not take, and why.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where spans go, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The collector.
    pub endpoint: Endpoint,
    /// `service.namespace`: the node's namespace.
    pub namespace: String,
    /// `service.instance.id`: the node's name in it.
    pub instance: String,
}

/// A collector's base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Reads a base URL such as `http://127.0.0.1:4318`, with or without `/v1/traces`.
    ///
    /// # Errors
    /// A sentence that says what was found and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no collector's URL, use for example http://127.0.0.1:4318");
        let url = reqwest::Url::parse(text).map_err(|error| format!("{}: {error}", wrong()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(format!("{}, without a user and without a query", wrong()));
        }
        let base = url.as_str().trim_end_matches('/').trim_end_matches("/v1/traces");
        Ok(Self(base.trim_end_matches('/').to_owned()))
    }

    fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

/// A layer that keeps spans, and the exporter that sends them.
pub(crate) fn begin<S>(settings: Settings) -> Result<(impl Layer<S>, Exporter), Error>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let (sender, queue) = mpsc::channel(QUEUE_SPANS_MAX);
    let exporter = Exporter::begin(settings, queue)?;
    Ok((keeper::layer(sender), exporter))
}

#[cfg(test)]
mod tests;
