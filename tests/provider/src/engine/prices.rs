//! Prices, and the one rule of rounding.
//!
//! A price is a whole number of micro-units (a millionth of the currency) for a million tokens. A call costs
//! the sum of its parts, rounded **once, per call, half up** to a whole micro-unit: (sum + 500,000) div
//! 1,000,000. In the batch lane it is half of the sum that is rounded, in the same way.

use serde::{Deserialize, Serialize};

/// What a million tokens cost, in micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// Of a prompt, where not cached.
    pub input: u64,
    /// Of a prompt, where cached.
    pub cached: u64,
    /// Of an answer.
    pub output: u64,
}

impl Default for Price {
    /// 0.15, 0.075 and 0.60 for a million tokens.
    fn default() -> Self {
        Self { input: 150_000, cached: 75_000, output: 600_000 }
    }
}

/// Which way a call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// At once, at the full price.
    Live,
    /// Within the batch, at half of it.
    Batch,
}

/// Tokens that were used, as they are billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Of the prompt, all.
    pub input_tokens: u64,
    /// Of these, cached.
    pub cached_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
}

impl Price {
    /// What a call costs, in micro-units.
    #[must_use]
    pub fn cost(&self, lane: Lane, used: Used) -> u64 {
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let cached = used.cached_tokens.min(used.input_tokens);
        let parts = [
            part(used.input_tokens - cached, self.input),
            part(cached, self.cached),
            part(used.output_tokens, self.output),
        ];
        let sum = parts.into_iter().fold(0, u128::saturating_add);
        let unit = match lane {
            Lane::Live => 1_000_000,
            Lane::Batch => 2_000_000,
        };
        u64::try_from(sum.saturating_add(unit / 2) / unit).unwrap_or(u64::MAX)
    }
}
