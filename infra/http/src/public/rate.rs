//! How often one token may come: a bucket that fills steadily, and holds a burst.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// One token's bucket.
pub(super) struct Rate {
    per_second: f64,
    most: f64,
    level: Mutex<Level>,
}

struct Level {
    left: f64,
    at: Instant,
}

impl Rate {
    /// A full bucket.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let most = f64::from(burst.max(1));
        let level = Mutex::new(Level { left: most, at: Instant::now() });
        Self { per_second: f64::from(per_minute.max(1)) / 60.0, most, level }
    }

    /// Takes one request out; or says after how many seconds there is one.
    pub fn take(&self) -> Result<(), u64> {
        // Two numbers, set together: a panic elsewhere leaves nothing half done.
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let filled = now.duration_since(level.at).as_secs_f64() * self.per_second;
        level.left = (level.left + filled).min(self.most);
        level.at = now;
        if level.left >= 1.0 {
            level.left -= 1.0;
            return Ok(());
        }
        let seconds = ((1.0 - level.left) / self.per_second).ceil();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 60")]
        Err((seconds as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    //! A burst is taken, then one at a time.

    use std::time::Duration;

    use super::Rate;

    /// What is left comes back with time, and never more than the burst.
    #[tokio::test(start_paused = true)]
    async fn fills_again() {
        let rate = Rate::new(60, 2);
        assert_eq!([rate.take(), rate.take(), rate.take()], [Ok(()), Ok(()), Err(1)]);
        tokio::time::advance(Duration::from_millis(1_001)).await;
        assert_eq!([rate.take(), rate.take()], [Ok(()), Err(1)]);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!([rate.take(), rate.take(), rate.take()], [Ok(()), Ok(()), Err(1)]);
        let slow = Rate::new(1, 1);
        assert_eq!([slow.take(), slow.take()], [Ok(()), Err(60)]);
    }
}
