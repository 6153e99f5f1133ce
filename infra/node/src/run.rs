//! Running a node: its roles side by side, until one cannot go on or a shutdown is asked for.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_runtime::Remedy;
use topics_runtime::worker::Watchdog;
use topics_state::StateStore;

use crate::desk::Board;
use crate::outside;
use crate::roles::{Ground, Node};

/// Why a node could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("configuration: {message}")]
    Config {
        /// What was found and what is allowed.
        message: String,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] topics_catalog::Error),
    /// A schema that cannot be used.
    #[error(transparent)]
    Schema(#[from] schemas_codec::Error),
    /// The schema registry could not be used, or refuses a schema.
    #[error(transparent)]
    Registry(#[from] schemas_registry::Error),
    /// The log could not be reached or used.
    #[error(transparent)]
    Log(#[from] topics_log::Error),
    /// The store could not be opened or used.
    #[error("{0}")]
    Store(topics_state::Error),
    /// Telemetry could not start.
    #[error(transparent)]
    Telemetry(#[from] infra_telemetry::Error),
    /// A door could not be opened.
    #[error("{0}")]
    Outside(String),
    /// A role ended with an error.
    #[error("{role} stopped: {error}")]
    Role {
        /// Which.
        role: String,
        /// Why.
        error: topics_runtime::Error,
    },
    /// A role panicked: a bug.
    #[error("{role} panicked; please report this with the lines above")]
    Panicked {
        /// What is known of it.
        role: String,
    },
}

impl Error {
    /// From the store's own error.
    #[must_use]
    pub fn from_store(error: topics_state::Error) -> Self {
        Self::Store(error)
    }

    /// Whether the same may go well later, though nobody mends anything: a server that is not there yet.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Log(error) => error.remedy == topics_log::Remedy::Retry,
            Self::Store(error) => error.remedy == topics_state::Remedy::Retry,
            _ => false,
        }
    }
}

/// How often the watchdog looks at a step.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// Runs every role of a node until `shutdown` is cancelled and all have drained.
///
/// # Errors
/// The first error of a role; the others are drained before it is returned.
pub async fn run(node: &Node, shutdown: CancellationToken) -> Result<(), Error> {
    if let Some(address) = node.settings.metrics {
        infra_telemetry::serve_metrics(address)?;
    }
    let ground = node.ground().await?;
    let board = Board::default();
    // Closed last: whoever asks why a node does not drain is answered.
    let closing = CancellationToken::new();
    let outside = outside::open(node, &board, &closing).await?;
    let mut running = JoinSet::new();
    for name in node.role_names()? {
        running.spawn(keep_running(node.clone(), name, ground.clone(), board.clone(), shutdown.clone()));
    }
    let mut first = Ok(());
    let mut drained_by = None;
    while let Some(ended) = next(&mut running, &shutdown, &mut drained_by).await {
        let error = match ended {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(error) => Error::Panicked { role: error.to_string() },
        };
        tracing::error!(%error, "the node stops");
        shutdown.cancel();
        if first.is_ok() {
            first = Err(error);
        }
    }
    closing.cancel();
    outside.closed().await;
    first
}

/// How long roles may drain: longer than a gateway lets its calls end, shorter than an operator waits.
/// What is not done by then is found by the next owner as after a kill.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// The next role that ends; `None` when all have, or when they do not within [`DRAIN_MAX`] of the shutdown: all of
/// them together, not each. `drained_by` is that moment, once it is known.
async fn next<T: 'static>(
    running: &mut JoinSet<T>,
    shutdown: &CancellationToken,
    drained_by: &mut Option<Instant>,
) -> Option<Result<T, JoinError>> {
    if drained_by.is_none() {
        tokio::select! {
            biased;
            ended = running.join_next() => return ended,
            () = shutdown.cancelled() => {}
        }
    }
    let until = *drained_by.get_or_insert_with(|| Instant::now() + DRAIN_MAX);
    tokio::time::timeout_at(until, running.join_next()).await.unwrap_or_else(|_| {
        tracing::warn!(
            "some roles did not drain within {DRAIN_MAX:?}; their work is taken over as after a kill"
        );
        None
    })
}

/// The pause before a role that gave up is started again: a broker that is away is not asked faster.
const ROLE_PAUSE: Duration = Duration::from_secs(1);

/// Runs one role, and starts it again when it gave up on something that passes.
async fn keep_running(
    node: Node,
    name: String,
    ground: Ground,
    board: Board,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    loop {
        let role = node.role(&name, &ground, &shutdown)?;
        board.runs(&name);
        for watchdog in role.watchdogs {
            guard(watchdog, Arc::clone(&node.doors.states));
        }
        let Err(error) = role.run.await else {
            board.ended(&name);
            return Ok(());
        };
        if shutdown.is_cancelled() {
            tracing::warn!(role = %name, %error, "did not drain");
            return Ok(());
        }
        if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) {
            return Err(Error::Role { role: name, error });
        }
        tracing::warn!(role = %name, %error, "starting again");
        board.gave_up(&name, error.to_string());
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(ROLE_PAUSE) => {}
        }
    }
}

/// Watches the steps of one role from a thread of its own, since a step that never returns holds its
/// own. Ends the process without ceremony: nothing that waits for the step can be asked to leave.
fn guard(watchdog: Arc<Watchdog>, store: Arc<dyn StateStore>) {
    let runtime = tokio::runtime::Handle::current();
    let alive = Arc::downgrade(&watchdog);
    drop(watchdog);
    let watch = move || {
        while let Some(watchdog) = alive.upgrade() {
            if let Some(death) = runtime.block_on(watchdog.watch(&*store)) {
                if !tracing::enabled!(tracing::Level::ERROR) {
                    // Whoever wants no log lines must still learn why the process is gone.
                    let said = format!(
                        "tributary: a step of {} at offset {} does not return",
                        death.slot, death.offset
                    );
                    let _ = writeln!(std::io::stderr(), "{said}; the process ends");
                }
                tracing::error!(slot = %death.slot, offset = death.offset, after = ?death.after,
                    "a step does not return; the process ends, and its record is a dead letter after some deaths");
                std::process::abort();
            }
            drop(watchdog);
            std::thread::park_timeout(WATCH_EVERY);
        }
    };
    // Without a thread the node runs on, unwatched: a step that never returns then shows as lag.
    if let Err(error) = std::thread::Builder::new().name("tributary-watchdog".into()).spawn(watch) {
        tracing::warn!(%error, "could not start the watchdog");
    }
}

#[cfg(test)]
mod tests;
