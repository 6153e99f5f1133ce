//! Named events: the metrics of this crate, so that a dashboard and the code agree.

/// Counter: spans that a collector has taken.
pub const SPANS_EXPORTED: &str = "tributary_otlp_spans_exported_total";
/// Counter: spans that were dropped, by `reason`: `queue-full` (they came faster than the collector took them),
/// `collector` (it could not be reached, or failed, as often as is tried), `rejected` (it said so), `closed`
/// (the process ended first).
pub const SPANS_DROPPED: &str = "tributary_otlp_spans_dropped_total";
