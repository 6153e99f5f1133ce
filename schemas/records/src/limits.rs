//! What a task may use: money's stand-in (calls), time, urgency, and who pays.
//!
//! Limits travel on every record. They only ever shrink on the way down; what is left comes back with
//! each answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970, as the broker or a clock at the door said it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and a duration; saturates far beyond any deadline.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment less a duration.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a work may still spend. Today calls; money and tokens join with the price table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Budget {
    /// Calls to gateways that cost something.
    pub calls: u32,
}

/// Most calls a producer may ask for; a task that needs more is several tasks.
pub const BUDGET_CALLS_MAX: u32 = 100_000;

impl Budget {
    /// Nothing left.
    pub const EMPTY: Self = Self { calls: 0 };

    /// Reads `calls=12`.
    ///
    /// # Errors
    /// A sentence that names what was found and what is allowed: a budget one cannot read must never
    /// become one without limits.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(number) = text.trim().strip_prefix("calls=") else {
            return Err(format!("budget {text:?} is not of the form calls=NUMBER"));
        };
        match number.parse::<u32>() {
            Ok(calls) if calls <= BUDGET_CALLS_MAX => Ok(Self { calls }),
            _ => Err(format!("budget {text:?}: calls must be a number from 0 to {BUDGET_CALLS_MAX}")),
        }
    }

    /// Takes `calls` out, if they are there.
    #[must_use]
    pub fn take(&mut self, calls: u32) -> Option<Self> {
        self.calls = self.calls.checked_sub(calls)?;
        Some(Self { calls })
    }

    /// Puts a rest back.
    pub fn give_back(&mut self, rest: Self) {
        self.calls = self.calls.saturating_add(rest.calls);
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "calls={}", self.calls)
    }
}

/// Highest priority; 4 is the middle that a task gets if it names none.
pub const PRIORITY_MAX: u8 = 9;

/// The limits of one work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// When the task is closed by a timer's record.
    pub deadline: Timestamp,
    /// What may still be spent.
    pub budget: Budget,
    /// 0 (later) to [`PRIORITY_MAX`] (sooner).
    pub priority: u8,
    /// Who is charged.
    pub tenant: String,
}
