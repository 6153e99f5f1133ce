//! Calls: as they come, as they are let in, and as the engine keeps them until they end.

use super::meters::Taken;
use super::plan::Plan;
use super::prefix::Blocks;
use super::slots::Ticket;
use crate::script::Fault;

/// A call that comes.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Whose.
    pub account: &'a str,
    /// For which model.
    pub model: &'a str,
    /// Names its prompt: the same name, the same answer.
    pub prompt: &'a str,
    /// The prompt's tokens by name ([`super::tokens::names`]).
    pub tokens: &'a [u64],
    /// Tokens that its answer shall have; `None` lets chance decide.
    pub output: Option<u64>,
    /// Whether its beginning may be found in the prefix cache, and is kept there.
    pub is_cached: bool,
    /// Most tokens of its answer; `None` for what the context holds.
    pub output_max: Option<u64>,
    /// What befalls it by script.
    pub fault: Option<Fault>,
}

/// A call that was let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// Its name from now on.
    pub ticket: Ticket,
    /// Tokens of its whole answer.
    pub output_tokens: u64,
    /// Whether `max_tokens` cut it.
    pub is_cut: bool,
    /// What befalls it.
    pub fault: Option<Fault>,
}

/// A call that waits or runs.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) room: (String, String),
    pub(super) blocks: Blocks,
    pub(super) output_tokens: u64,
    pub(super) taken: Taken,
    pub(super) fault: Option<Fault>,
    pub(super) plan: Option<Plan>,
    pub(super) is_left: bool,
}
