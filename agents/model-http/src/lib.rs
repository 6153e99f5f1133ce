//! A model behind HTTP: any server that speaks OpenAI's chat completions.
//!
//! One request, one answer: it retries nothing and follows no redirect, it bounds time and size, and says
//! what went wrong by what is to be done. It does not know calls, budgets or journals; those are the
//! gateway's.

mod after;
mod assembly;
mod client;
mod events;
mod key;
mod reading;
mod refusal;
mod settings;
mod wire;

pub use client::HttpModel;
pub use key::{ApiKey, KeySource};
pub use reading::{Recorded, read_recorded};
pub use settings::{BuildError, Settings};
