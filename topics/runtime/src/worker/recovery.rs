//! What the worker does when a batch, a takeover or a poll did not go well.
//!
//! There is one way back from everything: end the open transaction, drop what the caches hold, and take
//! the partitions over again as if they were new: register, ask, read on from the committed offsets.
//! Outputs are made again by the same pure steps.

use topics_log::{Consumer, Transactor};

use super::{Settings, Worker};
use crate::error::{Error, Remedy};
use crate::names;

/// How often making the transactor again is tried before the worker gives up: with the pause doubling
/// to two seconds that is about a minute of a broker's absence per round; the node starts the worker
/// again after it.
const ATTEMPTS_MAX: u32 = 40;

/// Longest pause between two attempts.
const PAUSE_MAX: std::time::Duration = std::time::Duration::from_secs(2);

/// The worker's transactor. Making it ends whatever an earlier one of its name left open.
pub(super) async fn transactor(
    consumer: &mut dyn Consumer,
    settings: &Settings,
) -> Result<Box<dyn Transactor>, Error> {
    let name = format!("{}.{}", settings.group.id, settings.group.instance);
    let mut pause = settings.retry_pause;
    for attempt in 1.. {
        match consumer.transactor(&name).await {
            Ok(transactor) => return Ok(transactor),
            Err(error) => {
                let error = Error::from(error);
                if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) || attempt >= ATTEMPTS_MAX {
                    return Err(error);
                }
                tracing::warn!(handler = %settings.name, %error, "trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
    Err(Error::new(Remedy::Stop, format!("make transactor {name}"), "no attempt is allowed"))
}

impl Worker {
    /// Goes back to what is known: ends the open transaction and gives every ownership up, to be taken
    /// again under a new epoch by the next round of the loop.
    ///
    /// # Errors
    /// The error itself, if the worker cannot go on.
    pub(super) async fn recover(&mut self, error: Error) -> Result<(), Error> {
        if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) {
            return Err(error);
        }
        tracing::warn!(handler = %self.settings.name, %error, remedy = ?error.remedy, "recovering");
        let labels = [
            ("handler", self.settings.name.clone()),
            ("remedy", format!("{:?}", error.remedy).to_lowercase()),
        ];
        metrics::counter!(names::RECOVERIES, &labels).increment(1);
        tokio::time::sleep(self.settings.retry_pause).await;

        // An unknown outcome is settled by whoever takes the transactor's name next: nothing may be
        // asked before that. The same when aborting fails.
        let must_remake =
            error.remedy == Remedy::Unknown || (self.is_open && self.transactor.abort().await.is_err());
        if must_remake {
            self.transactor = transactor(&mut *self.consumer, &self.settings).await?;
        }
        self.is_open = false;
        self.batch_records = (self.batch_records / 2).max(1);

        // Caches go with their ownerships: they may hold states that never came to be.
        for (_, owned) in std::mem::take(&mut self.owned) {
            let topic_partition = owned.assignment.topic_partition.clone();
            self.forget(&topic_partition);
            if owned.assignment.token.is_alive() {
                self.unstarted.push(owned.assignment);
            }
        }
        Ok(())
    }
}
