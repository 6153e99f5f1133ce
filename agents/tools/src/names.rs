//! Named events: every metric of this crate, so that a dashboard and the code agree.
//!
//! Log lines stand where they happen: `warn!` for what is tried again, `debug!` for what ended early.

/// Counter: calls made of a tool, by `tool` and `outcome` (`ok`, `refused`, `transient`, `failed`).
pub const ATTEMPTS: &str = "tributary_tool_attempts_total";
/// Counter: attempts of an earlier owner whose outcome nobody knows, met at a takeover.
pub const UNKNOWN_ATTEMPTS: &str = "tributary_tool_unknown_attempts_total";
/// Counter: requests answered from the journal, without calling again.
pub const JOURNAL_HITS: &str = "tributary_tool_journal_hits_total";
/// Counter: requests that met themselves under way, being delivered twice.
pub const SHARED: &str = "tributary_tool_shared_total";
/// Counter: calls that ended with a failure, by `code`.
pub const FAILURES: &str = "tributary_tool_failures_total";
/// Histogram: seconds from making a call to its end, by `tool` and `outcome`.
pub const ATTEMPT_SECONDS: &str = "tributary_tool_attempt_seconds";
/// Histogram: seconds for which a call waited for one of its tool's places, by `tool`.
pub const WAIT_SECONDS: &str = "tributary_tool_wait_seconds";
