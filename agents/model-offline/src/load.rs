//! From the file to a network and its tokenizer, ready to be used by every worker.

use std::fmt::Display;
use std::path::Path;
use std::time::Instant;

use crate::gguf::Gguf;
use crate::llama::Llama;
use crate::tokenizer::Tokenizer;
use crate::weights::{self, SMOLLM2};

/// Weights that no model can be made of.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// They are not there, or not these.
    #[error(transparent)]
    Weights(#[from] weights::Error),
    /// A part of them is not what it must be. The bytes are the right ones, so this is a bug.
    #[error("load the offline model: {part} of its weights: {problem}; please report this")]
    Part {
        /// Which part.
        part: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl LoadError {
    pub(crate) fn part(part: &str, problem: &dyn Display) -> Self {
        Self::Part { part: part.to_owned(), problem: problem.to_string() }
    }
}

/// What all workers share.
pub(crate) struct Loaded {
    pub(crate) llama: Llama,
    pub(crate) tokenizer: Tokenizer,
}

impl Loaded {
    /// Checks the file's hash and reads it: about two seconds and 150 MB of memory.
    pub(crate) fn read(path: &Path) -> Result<Self, LoadError> {
        let began = Instant::now();
        weights::check(path, &SMOLLM2)?;
        let mut gguf = Gguf::open(path)?;
        let loaded = Self { tokenizer: Tokenizer::read(&gguf)?, llama: Llama::read(&mut gguf)? };
        tracing::info!(seconds = began.elapsed().as_secs_f64(), "the offline model is loaded");
        Ok(loaded)
    }
}
