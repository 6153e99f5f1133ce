//! Who writes plans and queries: code, whose are fixed, or a model, whose are checked before they are used.
//!
//! Chosen when the team is put together, by what stands behind the model gateway: a small model can word a sentence and
//! neither plan nor write SQL. It decides who is asked, never what is believed: the numbers and the verdict are code's
//! in both cases, and a task makes at most three calls of a model in both.
//!
//! | | code | model |
//! |---|---|---|
//! | planner | - | the plan |
//! | data-analyst | wording | the query |
//! | market-trends | wording | - |
//! | synthesizer | wording | wording |

use std::fmt;

/// Who writes plans and queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Author {
    /// The fixed ones of this crate.
    #[default]
    Code,
    /// A model; what is refused of it falls back to the fixed ones, and the brief says so.
    Model,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Author::Code => "plans and queries by code",
            Author::Model => "plans and queries by a model",
        })
    }
}
