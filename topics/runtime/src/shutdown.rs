//! How long a loop goes on after it was told to stop. What waits for others is left at once
//! (`CancellationToken::run_until_cancelled`); what is half done may be done, within a bound.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Waits until the shutdown was asked for this long ago. What is still under way then is left where it
/// is: the next owner finds it as after a kill.
pub async fn overdue(shutdown: &CancellationToken, by: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(by).await;
}
