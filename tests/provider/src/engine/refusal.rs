//! Refusals: why a call is not answered, in a provider's words.

use std::time::Duration;

use super::limits::Over;
use crate::script::Fault;

/// Why not.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A limit.
    Limit(Over),
    /// No slot, and no place to wait for one.
    Full {
        /// The status for that.
        status: u16,
    },
    /// The server is sick.
    Sick {
        /// The status for that.
        status: u16,
    },
    /// A fault, by script or by chance.
    Fault(Fault),
    /// There is no such model.
    UnknownModel,
    /// The prompt alone fills the model's context.
    TooLong,
}

/// A call that is not answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Why not.
    pub reason: Reason,
    /// How long it takes to say so; simulated.
    pub takes: Duration,
}

impl Refusal {
    /// At once, for a reason.
    #[must_use]
    pub const fn now(reason: Reason) -> Self {
        Self { reason, takes: Duration::ZERO }
    }

    /// A short word for counts.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match &self.reason {
            Reason::Limit(over) => over.dimension.word(),
            Reason::Full { .. } => "full",
            Reason::Sick { .. } => "sick",
            Reason::Fault(_) => "fault",
            Reason::UnknownModel => "unknown-model",
            Reason::TooLong => "too-long",
        }
    }

    /// The status, unless a fault decides.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match &self.reason {
            Reason::Limit(_) => 429,
            Reason::Full { status } | Reason::Sick { status } => *status,
            Reason::Fault(_) => 500,
            Reason::UnknownModel => 404,
            Reason::TooLong => 400,
        }
    }

    /// The error's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.reason {
            Reason::Limit(_) => "rate_limit_exceeded",
            Reason::Full { .. } => "overloaded",
            Reason::Sick { .. } | Reason::Fault(_) => "server_error",
            Reason::UnknownModel => "model_not_found",
            Reason::TooLong => "context_length_exceeded",
        }
    }

    /// The error's message.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.reason {
            Reason::Limit(over) if over.too_large => {
                format!(
                    "request too large for the limit of {}: it can never be let in",
                    over.dimension.word()
                )
            }
            Reason::Limit(over) => format!("rate limit reached for {}", over.dimension.word()),
            Reason::Full { .. } => "the server is overloaded: its queue is full".to_owned(),
            Reason::Sick { .. } => "the server is sick".to_owned(),
            Reason::Fault(_) => "a fault by script or chance".to_owned(),
            Reason::UnknownModel => "this model does not exist".to_owned(),
            Reason::TooLong => "the prompt is longer than the model's context".to_owned(),
        }
    }

    /// When to ask again; simulated.
    #[must_use]
    pub const fn after(&self) -> Option<Duration> {
        match &self.reason {
            Reason::Limit(over) => over.after,
            _ => None,
        }
    }
}
