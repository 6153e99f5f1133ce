//! Bounds on what one work may do, each with its reason.

use std::time::Duration;

/// Most things a work may wait for at once. They all stand in its row, which every step rewrites.
pub const PENDING_MAX: usize = 256;

/// Most levels of calls and forks below a task: an agent that calls itself must end.
pub const DEPTH_MAX: u32 = 16;

/// Most records that may lead from the task to a record: a loop between agents must end.
pub const HOPS_MAX: u32 = 1_000;

/// Largest value of a record: the broker's default limit of 1 MiB less room for headers and framing.
pub const VALUE_BYTES_MAX: usize = 900 * 1024;

/// Largest row: what the state store takes in one cell without chunks.
pub const ROW_BYTES_MAX: usize = 1 << 20;

/// Most bytes of what a forker tells the gathering agent: it stands in the join's row beside the parts.
pub const CONTEXT_BYTES_MAX: usize = 128 * 1024;

/// Longest answer of a tool that another process serves: as a tool's of our own, since it rides in its asker's row.
pub const EXTERNAL_ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Times that a team may set.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What a fork's patience leaves before the task's deadline, so that the gathering agent still has
    /// time for its own call.
    pub reserve: Duration,
    /// How long duplicates of a task may come: as long as the task topic keeps its records.
    pub duplicates: Duration,
    /// How long after a deadline what belongs to the task may still be read: the longest outage after which
    /// a node goes on without being told that rows are lost. Tombstones live so much longer.
    pub late: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            reserve: Duration::from_secs(15),
            duplicates: Duration::from_secs(7 * 24 * 3600),
            late: Duration::from_secs(24 * 3600),
        }
    }
}
