//! A small model inside this process: no key, no server, no network once its weights are there.
//!
//! SmolLM2-135M-Instruct on candle's kernels. [`mod@fetch`] brings the weights into a cache by their pinned
//! hash, [`OfflineModel`] is the [`Model`](agents_model::Model) over them. In between, from the file to the
//! words:
//!
//! ```text
//! weights      where the file lies, and that it is the right one
//! gguf         the file's parts: sizes, words, matrices
//! matrix       weights in eight bits, and multiplying by them
//! llama        the network: tokens in, a score for each next token out
//! tokenizer    text to tokens and back
//! prompt       messages to the tokens that this model was trained on
//! sampling     scores to the next token
//! generation   one answer, token by token
//! pool         workers, and the queue before them
//! ```
//! It can word what it is given; it cannot plan, recall or count. It does not know calls, budgets or
//! journals; those are the gateway's.

pub mod fetch;
mod generation;
mod gguf;
mod llama;
mod load;
mod matrix;
mod model;
mod pool;
mod prompt;
mod sampling;
mod settings;
mod tokenizer;
pub mod weights;

pub use fetch::fetch;
pub use load::LoadError;
pub use model::{NAME, OfflineModel};
pub use settings::{ANSWER_TOKENS_MAX, CONTEXT_TOKENS_MAX, Settings};

#[cfg(test)]
mod tests;
