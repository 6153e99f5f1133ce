//! A scripted, OpenAI-compatible server: what the HTTP model is tested against, and what the demonstrations
//! call when they count who was paid twice.
//!
//! It answers with the scripted model's words, so that the same prompt always gets the same answer; it
//! counts what it was paid for by prompt; and by a script it fails in every way a provider can. It does not
//! model a provider's speed, quotas or prices.
//!
//! ```text
//! POST /v1/chat/completions   as OpenAI has it, plain or streamed
//! GET  /paid                  {"calls": 3, "by_prompt": {"8f3c...": 2, "a21b...": 1}}
//! POST /script                [{"match": "Mining", "times": 2, "fault": {"kind": "garbage"}}]
//! ```

pub mod answers;
pub mod chat;
pub mod paid;
pub mod script;
pub mod server;

pub use paid::Paid;
pub use script::{Fault, Rule};
pub use server::{Provider, Settings, serve};
