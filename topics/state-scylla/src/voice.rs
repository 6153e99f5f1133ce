//! Says that the cluster is away, once, and once that it is back: a store has many callers, each of which finds
//! that out for itself, and an operator needs to read it one time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use topics_state::{Error, Remedy};

/// What was last heard of the cluster.
#[derive(Debug)]
pub(crate) struct Voice(Mutex<Heard>);

#[derive(Debug)]
struct Heard {
    /// When it last answered.
    answered: Instant,
    /// Whether it was said that it is away.
    is_away: bool,
}

impl Voice {
    /// Begins with an answer: the one that a connection was made by.
    pub fn new() -> Self {
        Self(Mutex::new(Heard { answered: Instant::now(), is_away: false }))
    }

    /// It answered. Returns whether that is news.
    pub fn answered(&self) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.answered = Instant::now();
        let is_news = std::mem::take(&mut heard.is_away);
        if is_news {
            tracing::warn!("the CQL cluster answers again");
        }
        is_news
    }

    /// A call has used up its patience. Returns whether that is news: it is none if others were answered in that
    /// time, or if it was said before.
    pub fn gave_up(&self, error: &Error, patience: Duration) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if error.remedy != Remedy::Retry || heard.is_away || heard.answered.elapsed() < patience {
            return false;
        }
        heard.is_away = true;
        tracing::warn!(%error, "the CQL cluster is away; what needs it waits");
        true
    }
}

#[cfg(test)]
mod tests {
    //! What is news.

    use std::time::Duration;

    use topics_state::{Error, Remedy};

    use super::Voice;

    /// Shows that an absence and its end are said once each, however many callers meet it, and that neither a call
    /// among others that are answered nor an error that waiting does not mend is an absence.
    #[tokio::test(start_paused = true)]
    async fn is_said_once() {
        let (voice, patience) = (Voice::new(), Duration::from_secs(4));
        let error = |remedy| Error::new(remedy, "try", "cause");
        assert!(!voice.gave_up(&error(Remedy::Retry), patience), "it has just answered");
        for _ in 0..2 {
            tokio::time::sleep(patience).await; // virtual clock
            assert!(!voice.gave_up(&error(Remedy::Stop), patience));
            assert!(voice.gave_up(&error(Remedy::Retry), patience));
            assert!(!voice.gave_up(&error(Remedy::Retry), patience), "said already");
            assert!(voice.answered() && !voice.answered());
            assert!(!voice.gave_up(&error(Remedy::Retry), patience), "a late one");
        }
    }
}
