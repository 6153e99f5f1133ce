//! Named events: every metric and log line of this crate, so that a dashboard and the code agree.
//!
//! `error!` means that something was lost or the node stops; `warn!` that something was repaired;
//! per-record lines are `trace!`.

/// Counter: records stepped, by `handler`.
pub const STEPS: &str = "tributary_steps_total";
/// Counter: batches committed, by `handler`.
pub const COMMITS: &str = "tributary_commits_total";
/// Counter: batches that were aborted or found unknown and handled again, by `handler` and `remedy`.
pub const RECOVERIES: &str = "tributary_recoveries_total";
/// Counter: dead letters, by `handler` and `code`.
pub const DEAD_LETTERS: &str = "tributary_dead_letters_total";
/// Counter: things worth counting that a handler noticed, by `handler` and `note`.
pub const NOTES: &str = "tributary_notes_total";
/// Histogram: seconds from polling a batch to its commit, by `handler`.
pub const BATCH_SECONDS: &str = "tributary_batch_seconds";
/// Gauge: seconds between the append of the last handled record and now, by `handler`.
pub const LAG_AGE_SECONDS: &str = "tributary_lag_age_seconds";
/// Gauge: requests waiting in a gateway, by `gateway`.
pub const GATEWAY_WAITING: &str = "tributary_gateway_waiting";
/// Gauge: requests in flight in a gateway, by `gateway`.
pub const GATEWAY_IN_FLIGHT: &str = "tributary_gateway_in_flight";
/// Counter: requests a gateway has answered, by `gateway`.
pub const GATEWAY_ANSWERED: &str = "tributary_gateway_answered_total";
/// Counter: requests a gateway gave up because they were cancelled, by `gateway`.
pub const GATEWAY_CANCELLED: &str = "tributary_gateway_cancelled_total";
/// Counter: requests whose deadline passed before they were answered, by `gateway`.
pub const GATEWAY_EXPIRED: &str = "tributary_gateway_expired_total";
