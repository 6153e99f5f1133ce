//! Patience of a command with a log that says "nothing happened, the same again after a pause": a topic
//! that was made a moment ago, a broker that is being restarted. Every other remedy ends the command.

use std::time::Duration;

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
