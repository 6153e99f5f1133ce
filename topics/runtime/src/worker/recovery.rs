//! What the worker does when a batch, a takeover or a poll did not go well.
//!
//! There is one way back from everything: end the open transaction, drop what the caches hold, and take
//! the partitions over again as if they were new: register, ask, read on from the committed offsets.
//! Outputs are made again by the same pure steps.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use topics_guard::{Guard, stands};
use topics_log::{Consumer, Polled, Transactor};

use super::{Settings, Worker};
use crate::error::{Error, Remedy};
use crate::names;

/// How often making the transactor again is tried before the worker gives up: with the pause doubling
/// to two seconds that is about a minute of a broker's absence per round; the node starts the worker
/// again after it.
const ATTEMPTS_MAX: u32 = 40;

/// Longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The worker's first transactor. Making it ends whatever an earlier one of its name left open.
pub(super) async fn transactor(
    consumer: &mut dyn Consumer,
    settings: &Settings,
) -> Result<Box<dyn Transactor>, Error> {
    let mut patience = Patience { attempts: 0, pause: settings.retry_pause };
    loop {
        match consumer.transactor(&name(settings)).await {
            Ok(transactor) => return Ok(transactor),
            Err(error) => patience.again(settings, error.into()).await?,
        }
    }
}

/// The transactor's name: the same for every life of this instance.
fn name(settings: &Settings) -> String {
    format!("{}.{}", settings.group.id, settings.group.instance)
}

/// How long a transactor is tried to be made.
struct Patience {
    attempts: u32,
    pause: Duration,
}

impl Patience {
    /// Waits before the next attempt, or gives up.
    async fn again(&mut self, settings: &Settings, error: Error) -> Result<(), Error> {
        self.attempts += 1;
        if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) || self.attempts >= ATTEMPTS_MAX {
            return Err(error);
        }
        tracing::warn!(handler = %settings.name, %error, "trying again");
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

impl Worker {
    /// Goes back to what is known: ends the open transaction and gives every ownership up, to be taken
    /// again under a new epoch by the next round of the loop. Told to stop it goes nowhere: whoever takes
    /// the transactor's name next ends what is open.
    ///
    /// # Errors
    /// The error itself, if the worker cannot go on, or why its transaction cannot be ended.
    pub(super) async fn recover(&mut self, error: Error, shutdown: &CancellationToken) -> Result<(), Error> {
        if matches!(error.remedy, Remedy::Fenced | Remedy::Stop) {
            return Err(error);
        }
        if error.remedy == Remedy::Retry {
            // Whoever is away, and may be for long: the log and the store say so themselves, once for all roles.
            tracing::info!(handler = %self.settings.name, %error, "recovering");
        } else {
            tracing::warn!(handler = %self.settings.name, %error, remedy = ?error.remedy, "recovering");
        }
        let labels = [
            ("handler", self.settings.name.clone()),
            ("remedy", format!("{:?}", error.remedy).to_lowercase()),
        ];
        metrics::counter!(names::RECOVERIES, &labels).increment(1);
        tokio::time::sleep(self.settings.retry_pause).await;

        if !self.abort(error.remedy).await? {
            match shutdown.run_until_cancelled(self.remake()).await {
                Some(remade) => remade?,
                None => return Ok(()),
            }
        }
        self.is_open = false;
        self.batch_records = (self.batch_records / 2).max(1);

        if !stands(Guard::AbortGivesUp) {
            return Ok(());
        }
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

    /// Ends the open transaction, if there is one whose outcome is known. Returns whether nothing is left
    /// open: if something may be, whoever takes the transactor's name next ends it, and nothing may be
    /// asked before that.
    ///
    /// # Errors
    /// `Fenced`: somebody else has the name, and shall keep it.
    async fn abort(&mut self, remedy: Remedy) -> Result<bool, Error> {
        if remedy == Remedy::Unknown {
            return Ok(false);
        }
        if !self.is_open {
            return Ok(true);
        }
        match self.transactor.abort().await {
            Ok(()) => Ok(true),
            Err(error) if error.remedy == topics_log::Remedy::Fenced => Err(error.into()),
            Err(error) => {
                tracing::debug!(handler = %self.settings.name, %error, "making the transactor again");
                Ok(false)
            }
        }
    }

    /// Makes the transactor again.
    async fn remake(&mut self) -> Result<(), Error> {
        let mut patience = Patience { attempts: 0, pause: self.settings.retry_pause };
        loop {
            match self.take_name_again().await {
                Ok(transactor) => {
                    self.transactor = transactor;
                    return Ok(());
                }
                Err(error) => patience.again(&self.settings, error).await?,
            }
        }
    }

    /// Taking the name fences off whoever has it. An instance that stood still for so long that it was
    /// replaced must not do that to its successor, so it first hears what has become of its membership.
    async fn take_name_again(&mut self) -> Result<Box<dyn Transactor>, Error> {
        while stands(Guard::HearsBeforeName) {
            match self.consumer.poll(0, self.settings.poll_wait).await? {
                Polled::Records(_) => break,
                change => self.follow(change).await,
            }
        }
        Ok(self.consumer.transactor(&name(&self.settings)).await?)
    }
}
