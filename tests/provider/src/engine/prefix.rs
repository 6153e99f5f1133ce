//! The prefix cache: which beginnings of prompts are already computed, by blocks of tokens.
//!
//! A block is named by all tokens up to its end, so it only counts behind the blocks before it. The least
//! recently used goes first; of one prompt the last block. What a prefill computes can be used once it is
//! done. Answers are not kept, and the last token of a prompt is always computed, as in vLLM.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::chance;

/// The names of a prompt's whole blocks, in order, and how many tokens it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    names: Vec<u64>,
    block_tokens: usize,
    tokens: u64,
}

impl Blocks {
    /// Of a prompt's tokens; nothing is shared between different scopes.
    #[must_use]
    pub fn new(scope: u64, tokens: &[u64], block_tokens: usize) -> Self {
        let mut above = scope;
        let mut name = |block: &[u64]| {
            above = block.iter().fold(above, |above, token| chance::name(above, &token.to_le_bytes()));
            above
        };
        let block_tokens = block_tokens.max(1);
        let names = tokens.chunks_exact(block_tokens).map(&mut name).collect();
        Self { names, block_tokens, tokens: tokens.len() as u64 }
    }

    /// Of so many tokens that are neither kept nor found.
    #[must_use]
    pub const fn none(tokens: u64) -> Self {
        Self { names: Vec::new(), block_tokens: 1, tokens }
    }

    /// Tokens of the prompt.
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Blocks that may be found: those that end before the last token.
    fn findable(&self) -> &[u64] {
        let before_last = self.tokens.saturating_sub(1) / self.block_tokens as u64;
        let count = usize::try_from(before_last).unwrap_or(usize::MAX).min(self.names.len());
        &self.names[..count]
    }
}

#[derive(Debug)]
struct Kept {
    used: u64,
    from: Duration,
}

/// The cache.
#[derive(Debug)]
pub struct Prefixes {
    blocks_max: usize,
    kept: HashMap<u64, Kept>,
    /// Blocks by when they were used, the oldest first.
    order: BTreeMap<u64, u64>,
    uses: u64,
}

impl Prefixes {
    /// An empty cache for so many blocks.
    #[must_use]
    pub fn new(blocks_max: usize) -> Self {
        Self { blocks_max, kept: HashMap::new(), order: BTreeMap::new(), uses: 0 }
    }

    /// Tokens of a prompt that are computed at this moment, and need not be again.
    #[must_use]
    pub fn cached(&self, now: Duration, blocks: &Blocks) -> u64 {
        let there = |name: &&u64| self.kept.get(name).is_some_and(|kept| kept.from <= now);
        let found = blocks.findable().iter().take_while(there).count();
        (found * blocks.block_tokens) as u64
    }

    /// Keeps a prompt's blocks, to be found from a moment on.
    pub fn keep(&mut self, blocks: &Blocks, from: Duration) {
        // Backwards, so that a block is always older than those that it builds on.
        for &name in blocks.names.iter().take(self.blocks_max).rev() {
            self.uses += 1;
            let kept = self.kept.entry(name).or_insert(Kept { used: self.uses, from });
            self.order.remove(&kept.used);
            kept.used = self.uses;
            kept.from = kept.from.min(from);
            self.order.insert(self.uses, name);
        }
        while self.kept.len() > self.blocks_max {
            let Some((_, name)) = self.order.pop_first() else { return };
            self.kept.remove(&name);
        }
    }

    /// Blocks that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
