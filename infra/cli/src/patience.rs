//! Patience of a command with a log that says "nothing happened, the same again after a pause": a topic
//! that was made a moment ago, a broker that is being restarted. Every other remedy ends the command. And of a
//! node that is started before its servers are.

use std::sync::Arc;
use std::time::Duration;

use agents_model::Model;
use infra_node::{Config, Doors};
use tokio::time::Instant;
use topics_log::{Error, Reader, Record, Remedy};

/// How long a call is made again: longer than a broker takes to come back, shorter than anybody looks at a
/// prompt that says nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause before it is.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes a call until it is not refused for the moment, or patience ends.
///
/// # Errors
/// The log's own: the last one, if it is a passing one.
pub(crate) async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let until = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Err(error) if error.remedy == Remedy::Retry && Instant::now() < until => {
                tracing::info!(%error, "trying again");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Reads on, however long the broker is away: whoever waits for results can end the wait himself, and the
/// log's own lines say that no broker can be reached.
///
/// # Errors
/// The log's own, but for passing ones.
pub(crate) async fn read(reader: &mut dyn Reader, max: usize, wait: Duration) -> Result<Vec<Record>, Error> {
    match reader.read(max, wait).await {
        Err(error) if error.remedy == Remedy::Retry => {
            tracing::info!(%error, "trying again");
            tokio::time::sleep(PAUSE).await;
            Ok(Vec::new())
        }
        done => done,
    }
}

/// How long a service waits for a schema registry that is not there yet: until somebody ends it.
pub(crate) const FOR_A_SERVICE: Duration = Duration::MAX;

/// The pauses between two attempts to open a service's doors: each attempt waits ten seconds by itself.
const OPEN_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Opens the doors of a node that serves: it waits for servers that are not there yet, for as long as nobody
/// ends it, and says so once.
///
/// # Errors
/// Whatever waiting does not mend: a wrong address that answers, a password, a keyspace.
pub(crate) async fn open(config: &Config, model: Arc<dyn Model>) -> Result<Doors, infra_node::Error> {
    let mut pause = OPEN_PAUSES.0;
    loop {
        match infra_node::open_with(config, Arc::clone(&model), None).await {
            Err(error) if error.may_pass() => {
                if pause == OPEN_PAUSES.0 {
                    tracing::warn!(%error, "waiting for it");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(OPEN_PAUSES.1);
            }
            done => return done,
        }
    }
}
