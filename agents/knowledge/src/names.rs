//! Named events: every metric of this crate, so that a dashboard and the code agree.

/// Counter: queries answered, by `base` and `outcome` (`found`, `nothing`).
pub const QUERIES: &str = "tributary_knowledge_queries_total";
/// Histogram: seconds that a query took, by `base`.
pub const QUERY_SECONDS: &str = "tributary_knowledge_query_seconds";
/// Counter: queries that ended with a failure, by `code`.
pub const FAILURES: &str = "tributary_knowledge_failures_total";
