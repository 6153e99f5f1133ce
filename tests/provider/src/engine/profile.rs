//! Profiles: how fast a server is, as figures.
//!
//! A call's time is its prefill (a base and so much for each prompt token that is not cached) and so much for
//! each token of its answer, both times a factor that grows with the slots in use. The factor is that of the
//! moment at which the call takes its slot: that keeps a call's end known from its start.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How fast a server is. Times are simulated microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// What a prefill takes before its first token.
    pub prefill_base_us: u64,
    /// What each token of the prompt adds that is not cached.
    pub prefill_token_us: u64,
    /// What each token of the answer takes.
    pub output_token_us: u64,
    /// Calls that run at once.
    pub slots: usize,
    /// Calls that wait for a slot; further ones are refused.
    pub queue_max: usize,
    /// The status of that refusal: 503 as vLLM has it, 529 as Anthropic does.
    pub full_status: u16,
    /// The factor on all times when every slot is in use; it grows with each slot from 1 for the first.
    pub load_factor: f64,
    /// Most tokens of a prompt and its answer.
    pub context_tokens: u64,
    /// Tokens of a block of the prefix cache.
    pub block_tokens: usize,
    /// Blocks that the prefix cache holds; 0 for none.
    pub cache_blocks: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Self::h100_8b()
    }
}

impl Profile {
    /// 8 billion parameters on one H100, after the published profile of llm-d-inference-sim. The cache is
    /// what 56 GB beside the weights hold at 128 KiB a token.
    #[must_use]
    pub const fn h100_8b() -> Self {
        Self {
            prefill_base_us: 30_000,
            prefill_token_us: 250,
            output_token_us: 12_000,
            slots: 64,
            queue_max: 1024,
            full_status: 503,
            load_factor: 1.0,
            context_tokens: 131_072,
            block_tokens: 16,
            cache_blocks: 27_000,
        }
    }

    /// Takes no time: for tests of limits and of the wire.
    #[must_use]
    pub const fn instant() -> Self {
        let slow = Self::h100_8b();
        Self { prefill_base_us: 0, prefill_token_us: 0, output_token_us: 0, ..slow }
    }

    /// The factor on all times when so many slots are in use, the asker's among them.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "slots are few")]
    pub fn load(&self, running: usize) -> f64 {
        let others = running.saturating_sub(1) as f64;
        1.0 + (self.load_factor - 1.0) * others / self.slots.saturating_sub(1).max(1) as f64
    }

    /// The time of a prefill without load.
    #[must_use]
    pub fn prefill(&self, uncached_tokens: u64) -> Duration {
        let tokens = self.prefill_token_us.saturating_mul(uncached_tokens);
        Duration::from_micros(self.prefill_base_us.saturating_add(tokens))
    }

    /// The time of a token of the answer without load.
    #[must_use]
    pub const fn per_token(&self) -> Duration {
        Duration::from_micros(self.output_token_us)
    }
}
