//! Pauses between tries: fourfold, spread by the call's id, bounded.

use std::time::Duration;

use schemas_records::CallId;
use schemas_records::ids::content_hash;

/// How long to wait before something is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// The pause after the first failure; each further one is four times as long, plus up to half of it by
    /// the call's id, so that calls that failed together do not return together.
    pub first: Duration,
    /// The longest, whatever is asked for.
    pub max: Duration,
}

impl Pauses {
    /// How long to wait after so many failures, and no less than was asked for.
    #[must_use]
    pub fn after(&self, failures: u32, asked_for: Option<Duration>, call: CallId) -> Duration {
        let fourfold = 4u32.saturating_pow(failures.saturating_sub(1));
        let pause = self.first.saturating_mul(fourfold);
        // Bounded before the spread, which would overflow with a pause of centuries.
        let pause = pause.min(self.max);
        let pause = pause + pause.mul_f64(spread(call, failures) / 2.0);
        pause.max(asked_for.unwrap_or_default()).min(self.max)
    }
}

/// A number from 0 to 1 that differs from call to call and from try to try, and is the same in every run.
fn spread(call: CallId, failures: u32) -> f64 {
    let hash = content_hash(&[call.key().as_bytes(), &failures.to_be_bytes()]);
    let number = u32::from_str_radix(&hash[..8], 16).unwrap_or(0);
    f64::from(number) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
