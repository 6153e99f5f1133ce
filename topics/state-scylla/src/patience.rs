//! Asking again while nodes are away, slow or overloaded.
//!
//! The driver retries what it knows to be safe, on other nodes and at once. That does not bridge a
//! restart of the only replica, nor a write that failed for a reason the server keeps to itself; this
//! does, with pauses, for as long as the settings say.

use std::time::Duration;

use tokio::time::Instant;
use topics_state::{Error, Remedy};

/// The first pause; each later one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// The longest pause: a node that has come back is noticed within it.
const PAUSE_MAX: Duration = Duration::from_millis(320);

/// Pauses between attempts, up to a deadline.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    /// Begins now.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now() + time, pause: PAUSE_MIN }
    }

    /// Waits before the next attempt, or hands the error back.
    ///
    /// # Errors
    /// The error itself, if it says `Stop` or time is up.
    pub async fn again(&mut self, error: Error) -> Result<(), Error> {
        if error.remedy != Remedy::Retry || Instant::now() + self.pause >= self.until {
            return Err(error);
        }
        tracing::debug!(%error, "trying again");
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Patience ends, and is not spent on what does not change.

    use std::time::Duration;

    use tokio::time::Instant;
    use topics_state::{Error, Remedy};

    use super::Patience;

    /// Shows how often is asked, and how long, for each remedy.
    #[tokio::test(start_paused = true)]
    async fn bounded() {
        let time = Duration::from_secs(4);
        for (remedy, asked) in [(Remedy::Retry, 10..20), (Remedy::Stop, 1..2), (Remedy::Lost, 1..2)] {
            let (began, mut count) = (Instant::now(), 1);
            let mut patience = Patience::of(time);
            while patience.again(Error::new(remedy, "try", "cause")).await.is_ok() {
                count += 1;
            }
            assert!(asked.contains(&count), "{remedy:?}: asked {count} times");
            assert!(began.elapsed() <= time, "{remedy:?}: {:?}", began.elapsed());
        }
    }
}
