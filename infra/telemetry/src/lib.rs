//! What a node says of itself: log lines, metrics and spans. The exporters' only door.
//!
//! Trace context does not live here: it rides in every record's headers, and span ids are hashes of
//! positions, so that a task's path can be read from the log itself. Whether spans are exported changes no
//! record. [`otlp`] says how they are.

pub mod names;
pub mod otlp;

mod screen;

use std::io::IsTerminal;
use std::net::SocketAddr;

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer};

pub use otlp::Exporter;

pub use self::screen::{draw, say, undraw};

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log filter cannot be read.
    #[error(
        "could not read the log filter {filter:?}: {cause} (use for example `info` or `warn,topics_runtime=debug`)"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The metrics port cannot be opened.
    #[error(
        "could not serve metrics on {address}: {cause} (another node may use the port; 0 takes a free one)"
    )]
    Metrics {
        /// Where.
        address: SocketAddr,
        /// What came back.
        cause: String,
    },
    /// Spans cannot be exported.
    #[error("could not begin to export spans to {endpoint}: {cause} (leave `otlp` out to go on without)")]
    Otlp {
        /// Where to.
        endpoint: String,
        /// What came back.
        cause: String,
    },
}

/// Writes log lines to standard error, as `filter` says, and exports spans if `otlp` says where to. A second call
/// in one process changes nothing.
///
/// The exporter is to be closed before the process ends: what it has not sent by then is lost.
///
/// # Errors
/// [`Error::Filter`], [`Error::Otlp`].
pub fn start(filter: &str, otlp: Option<otlp::Settings>) -> Result<Option<Exporter>, Error> {
    let (dispatch, exporter) = dispatch(filter, otlp)?;
    // Fails only if a subscriber stands already, which then goes on.
    let is_first = tracing::dispatcher::set_global_default(dispatch).is_ok();
    Ok(exporter.filter(|_| is_first))
}

/// The same for whoever wants it for a stretch of the program only.
///
/// # Errors
/// As [`start`].
pub fn dispatch(filter: &str, otlp: Option<otlp::Settings>) -> Result<(Dispatch, Option<Exporter>), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|error| Error::Filter { filter: filter.to_owned(), cause: error.to_string() })?;
    // Colours are for people: in a file they are noise.
    let lines = tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal());
    // Each has its own filter: what is logged is one question, what is exported another.
    let lines = lines.with_writer(|| screen::Above).with_filter(parsed);
    let (spans, exporter) = otlp.map(otlp::begin).transpose()?.unzip();
    Ok((Dispatch::new(tracing_subscriber::registry().with(lines).with(spans)), exporter))
}

/// Serves metrics for Prometheus at `http://ADDRESS/metrics`. Must be called inside a tokio runtime.
///
/// # Errors
/// [`Error::Metrics`].
pub fn serve_metrics(address: SocketAddr) -> Result<(), Error> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .install()
        .map_err(|error| Error::Metrics { address, cause: error.to_string() })
}
