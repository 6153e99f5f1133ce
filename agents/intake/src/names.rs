//! Named events: every metric of intake. Dead letters are counted under the runtime's name, with `intake`
//! as the handler.
//!
//! The counters follow the counts beside the committed offset, so a batch whose commit's outcome was
//! unknown counts once, when the outcome is read back. received = taken + refused; what the entry inbox
//! makes of those taken is counted there.

/// Counter: task records of which the outcome is committed.
pub const RECEIVED: &str = "tributary_tasks_received_total";
/// Counter: tasks that became an input of the entry agent.
pub const TAKEN: &str = "tributary_tasks_taken_total";
/// Counter: tasks refused by intake.
pub const REFUSED: &str = "tributary_tasks_refused_total";
/// Gauge: open tasks (taken and not closed), by `partition`.
pub const OPEN: &str = "tributary_tasks_open";
/// Gauge: task records read that wait for room, by `partition`.
pub const WAITING: &str = "tributary_tasks_waiting";
/// Counter: closings counted.
pub const CLOSINGS: &str = "tributary_tasks_closings_total";
