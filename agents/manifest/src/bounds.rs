//! Bounds on a team's folder and on what its manifests may do, each with its reason.

use std::time::Duration;

/// Most bytes of `team.toml`, of a manifest, of a schema: a page or two are a few kilobytes, and what is
/// larger is no such file.
pub const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Most bytes of a prompt template: a model that reads more is better served by a knowledge base.
pub const PROMPT_BYTES_MAX: u64 = 64 * 1024;

/// Most bytes of `tasks.jsonl`: examples, not a load.
pub const TASKS_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most agents of a team: each has an inbox of its own, and partitions are not free.
pub const AGENTS_MAX: usize = 32;

/// Most files of schemas.
pub const SCHEMAS_MAX: usize = 64;

/// Most steps of an agent: what is longer is two agents.
pub const STEPS_MAX: usize = 64;

/// Most joins, tools and knowledge bases, of each.
pub const ENTRIES_MAX: usize = 32;

/// Most times that a model may be asked for one answer: each costs a call, and a model that was told
/// four times what is wrong will not get it right the fifth time.
pub const ROUNDS_MAX: i64 = 5;

/// How often a model is asked for an answer of a schema if nothing is said: once more after a slip.
pub const ROUNDS_DEFAULT: i64 = 2;

/// Most times that a loop may go back.
pub const REPEATS_MAX: i64 = 20;

/// Most tokens of a model's answer that may be asked for.
pub const TOKENS_MAX: i64 = 32_768;

/// Tokens of a model's answer if nothing is said: a page.
pub const TOKENS_DEFAULT: i64 = 500;

/// Most passages of one knowledge query.
pub const TOP_MAX: i64 = 50;

/// Passages of a knowledge query if nothing is said.
pub const TOP_DEFAULT: i64 = 5;

/// Longest deadline: intake takes none that is longer, because topics keep their records for seven days.
pub const DEADLINE_MAX: Duration = Duration::from_secs(6 * 24 * 3_600);

/// Most model calls of one task.
pub const CALLS_MAX: i64 = 10_000;

/// Work that one template or expression may do, as minijinja counts it: about an instruction or 64 bytes
/// each, so some 13 MB at most. A prompt of 64 KiB over a full table takes a tenth of it.
pub const FUEL: u64 = 200_000;

/// Most bytes that one template may write: the largest record holds no more.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;

/// Most bytes of an unusable answer that the model is shown again.
pub const ECHO_BYTES_MAX: usize = 8 * 1024;

/// Places in an answer at which JSON is looked for: each may cost reading all the rest.
pub const CANDIDATES_MAX: usize = 32;
