//! What a node says of itself: log lines and metrics. The exporters' only door.
//!
//! Trace context does not live here: it rides in every record's headers, and span ids are hashes of
//! positions, so that a task's path can be read from the log itself.

mod screen;

use std::io::IsTerminal;
use std::net::SocketAddr;

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::EnvFilter;

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
}

/// Writes log lines to standard error, as `filter` says. A second call in one process changes nothing.
///
/// # Errors
/// [`Error::Filter`].
pub fn log_to_stderr(filter: &str) -> Result<(), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|error| Error::Filter { filter: filter.to_owned(), cause: error.to_string() })?;
    // Colours are for people: in a file they are noise.
    let lines = tracing_subscriber::fmt().with_ansi(std::io::stderr().is_terminal());
    // Fails only if a subscriber stands already, which then goes on.
    let _ = lines.with_env_filter(parsed).with_writer(|| screen::Above).try_init();
    Ok(())
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
