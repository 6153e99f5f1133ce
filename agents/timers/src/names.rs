//! Named events: every metric of the timer gateway. Dead letters are counted under the runtime's name,
//! with `timers` as the handler.

/// Counter: timers whose row was acknowledged; a repeated request counts again.
pub const SET: &str = "tributary_timers_set_total";
/// Counter: cancellations handled, also those that found no timer.
pub const CANCELLED: &str = "tributary_timers_cancelled_total";
/// Counter: firings acknowledged; a repeated firing counts again.
pub const FIRED: &str = "tributary_timers_fired_total";
/// Histogram: seconds from a timer's due time to the append time of its firing.
pub const LATE_SECONDS: &str = "tributary_timers_late_seconds";
/// Gauge: timers in memory, of all partitions owned.
pub const HELD: &str = "tributary_timers_held";
/// Counter: records sent to learn the broker's time.
pub const HEARTBEATS: &str = "tributary_timers_heartbeats_total";
/// Counter: times that the broker's clock was found behind what its earlier reports had promised.
pub const CLOCK_BACK: &str = "tributary_timers_clock_back_total";
