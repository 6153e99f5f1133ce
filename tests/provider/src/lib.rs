//! An OpenAI-compatible server of our own: what the HTTP model and the gateway are tested and measured against,
//! and what the demonstrations call when they count who was paid twice.
//!
//! # Two ways
//! *Scripted* ([`Provider::start`]), it answers with the scripted model's words, so that the same prompt always
//! gets the same answer; it counts what it was paid for by prompt; and by a script it fails in every way a
//! provider can. It has no limits, no prices and no speed of its own.
//!
//! *Simulated* ([`Settings::simulation`], [`Provider::simulate`]), it is a provider as a gateway meets one:
//!
//! - Time. A call waits for one of a few slots, its prompt takes its prefill, each token of the answer its time,
//!   longer under load; the beginning of a prompt that is in the prefix cache costs no time, and less money.
//! - Limits, by account and model: requests, input tokens and output tokens a minute, tokens and money a day,
//!   calls at once. Each answer's headers say what is left; a 429 says when to ask again. Failed calls count.
//! - Trouble: by a script, by chance, or as a state that lasts. Refusals, pauses in each form, half and endless
//!   streams, garbage, usage and headers that lie, silence, a full queue.
//! - The bill: each attempt costs a whole number of micro-units, rounded once, half up, and the bill is their
//!   sum. What is owed for a call that fails or is left is a table in [`engine::bill`].
//! - Batches at half the price, past the limits; embeddings that are near where texts share tokens.
//!
//! # Why one can trust it
//! The [`engine`] decides all of that and is pure: time is a value that is passed in, chance is drawn by a seed
//! and names, so the same calls make the same history, and tests hold it against formulas in virtual time
//! (capacity, waiting times of a queue, refills, sums). The server around it is thin: it waits for the moments
//! that the engine planned and writes what it decided. A timer that is late makes an answer late, but moves no
//! other call's plan: a busy machine does not make the simulated one slower. Through [`Simulator`], or `/sim`, one sees
//! what the server saw and billed, to hold it against what the other side believes, and changes it as it runs.
//!
//! # What it is not
//! A model: its words say nothing. A copy of one provider's quirks: header names are OpenAI's, and where it has
//! none (`input-tokens`, `money-per-day`) they follow its form. Its tokens are a rule of its own, written down in
//! [`engine::tokens`]. In real time, which call the n-th is depends on who comes first; what befalls the n-th
//! does not.
//!
//! ```text
//! POST /v1/chat/completions   as OpenAI has it, plain or streamed
//! GET  /paid                  {"calls": 3, "by_prompt": {"8f3c...": 2, "a21b...": 1}}
//! POST /script                [{"match": "Mining", "times": 2, "fault": {"kind": "garbage"}}]
//!
//! simulated only:
//! POST /v1/embeddings, /v1/files, /v1/batches     GET /v1/models
//! GET  /sim, /sim/bill, /sim/seen
//! POST /sim                   {"health": {"kind": "sick", "status": 500, "after_ms": 20}}
//! ```
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! use tests_provider::engine::limits::Limits;
//! use tests_provider::{Provider, Simulation};
//!
//! let limits = Limits { requests_per_minute: Some(600), ..Limits::default() };
//! let (provider, simulator) = Provider::simulate(Simulation { limits, scale: 20.0, ..Simulation::default() }).await?;
//! assert!(provider.base_url().starts_with("http://127.0.0.1:"));
//! // A gateway asks it here, and is believed no more than this:
//! assert_eq!(simulator.bill().micro_units, 0);
//! # Ok(())
//! # }
//! ```

pub mod answers;
pub mod chat;
pub mod engine;
mod headers;
pub mod paid;
pub mod script;
pub mod server;
pub mod simulated;
pub mod wording;

pub use engine::Change;
pub use engine::simulation::Simulation;
pub use paid::Paid;
pub use script::{Fault, Form, Rule};
pub use server::{Provider, Settings, serve};
pub use simulated::Simulator;
