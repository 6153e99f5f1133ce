//! What was paid for: calls by prompt, as a provider would bill them.
//!
//! A call is paid for once its answer is begun, whoever is still there to hear it; errors are not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most prompts that are told apart, so that a long demonstration does not fill the memory; calls with
/// further ones are counted all the same.
pub const PROMPTS_MAX: usize = 1_000_000;

/// Calls paid for, in all and by a hash of the prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// In all.
    pub calls: u64,
    /// By the prompt's hash.
    pub by_prompt: BTreeMap<String, u64>,
}

impl Paid {
    /// Counts one.
    pub fn count(&mut self, prompt_hash: String) {
        self.calls += 1;
        if self.by_prompt.len() < PROMPTS_MAX || self.by_prompt.contains_key(&prompt_hash) {
            *self.by_prompt.entry(prompt_hash).or_default() += 1;
        }
    }

    /// Calls beyond the first of each prompt: what was paid again.
    #[must_use]
    pub fn again(&self) -> u64 {
        self.by_prompt.values().map(|count| count.saturating_sub(1)).sum()
    }
}
