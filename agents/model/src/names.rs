//! Named events: every metric of this crate, so that a dashboard and the code agree.
//!
//! Log lines stand where they happen: `warn!` for what is tried again, `debug!` for what ended early.

/// Counter: requests sent to a model, by `outcome` (`ok`, `rate-limited`, `transient`, `refused`,
/// `bad-answer`).
pub const ATTEMPTS: &str = "tributary_model_attempts_total";
/// Counter: attempts of an earlier owner whose outcome nobody knows, met at a takeover.
pub const UNKNOWN_ATTEMPTS: &str = "tributary_model_unknown_attempts_total";
/// Counter: requests answered from the journal, without asking again.
pub const JOURNAL_HITS: &str = "tributary_model_journal_hits_total";
/// Counter: requests that joined another's flight.
pub const SHARED: &str = "tributary_model_shared_total";
/// Counter: flights that were aborted because nobody waited any more.
pub const ABORTED: &str = "tributary_model_aborted_total";
/// Counter: calls that ended with a failure, by `code`.
pub const FAILURES: &str = "tributary_model_failures_total";
/// Counter: tokens of answered flights, by `direction` (`input`, `output`).
pub const TOKENS: &str = "tributary_model_tokens_total";
/// Histogram: seconds from sending an attempt to its end, by `outcome`.
pub const ATTEMPT_SECONDS: &str = "tributary_model_attempt_seconds";
/// Histogram: seconds for which a model asked everybody to pause.
pub const PAUSE_SECONDS: &str = "tributary_model_pause_seconds";
