//! A plan: when each token of a call that runs is there. Known from the moment it takes its slot.

use std::time::Duration;

use super::prices::Used;

/// The plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it took its slot.
    pub start: Duration,
    /// How long its prompt takes.
    pub prefill: Duration,
    /// How long each token of its answer takes.
    pub per_token: Duration,
    /// Tokens that are made; of an answer that is cut, those before the cut.
    pub made: u64,
    /// What a whole answer uses.
    pub whole: Used,
}

impl Plan {
    /// When the n-th token is there, the first being 1.
    #[must_use]
    pub fn token_at(&self, place: u64) -> Duration {
        let tokens = u32::try_from(place).map_or(Duration::MAX, |place| self.per_token.saturating_mul(place));
        self.start.saturating_add(self.prefill).saturating_add(tokens)
    }

    /// When its slot is free again.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.token_at(self.made)
    }

    /// Tokens that are there.
    #[must_use]
    pub fn made_by(&self, now: Duration) -> u64 {
        let Some(writing) = now.checked_sub(self.start.saturating_add(self.prefill)) else { return 0 };
        let made = writing.as_nanos().checked_div(self.per_token.as_nanos());
        made.map_or(self.made, |made| u64::try_from(made).unwrap_or(u64::MAX).min(self.made))
    }

    /// What is used of it when so many tokens are made.
    #[must_use]
    pub const fn used(&self, output_tokens: u64) -> Used {
        Used { output_tokens, ..self.whole }
    }
}
