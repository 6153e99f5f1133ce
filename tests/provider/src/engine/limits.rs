//! Limits as data: what an account may use of each model, what a call needs, and which limit is in its way.
//! What is left of them is the meters' matter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When tokens of answers are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputRule {
    /// Once the answer is made, also below nothing; a call is let in while anything is left.
    #[default]
    Used,
    /// `max_tokens` before the call (the profile's context if it names none); what was not used comes back.
    Reserved,
}

/// What an account may use of each model. `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens of prompts a minute.
    pub input_tokens_per_minute: Option<u64>,
    /// Tokens of answers a minute.
    pub output_tokens_per_minute: Option<u64>,
    /// Tokens of both a day. Days begin with the server; at a day's end all come back at once.
    pub tokens_per_day: Option<u64>,
    /// What a day's calls may cost; micro-units.
    pub money_per_day: Option<u64>,
    /// Calls that wait or run at once.
    pub concurrent: Option<u64>,
    /// What the limits of a minute hold when nothing is used: so many seconds of their refill.
    pub burst_seconds: u64,
    /// Whether cached tokens of a prompt, as known when the call comes, do not count.
    pub cached_are_free: bool,
    /// Whether a call that is refused for the request limit costs no request.
    pub refused_are_free: bool,
    /// When tokens of answers are taken.
    pub output_rule: OutputRule,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            input_tokens_per_minute: None,
            output_tokens_per_minute: None,
            tokens_per_day: None,
            money_per_day: None,
            concurrent: None,
            burst_seconds: 60,
            cached_are_free: false,
            refused_are_free: false,
            output_rule: OutputRule::Used,
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// Calls a minute.
    Requests,
    /// Tokens of prompts a minute.
    InputTokens,
    /// Tokens of answers a minute.
    OutputTokens,
    /// Tokens a day.
    TokensPerDay,
    /// Micro-units a day.
    MoneyPerDay,
    /// Calls at once.
    Concurrent,
}

impl Dimension {
    /// The word in headers, errors and counts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input-tokens",
            Self::OutputTokens => "output-tokens",
            Self::TokensPerDay => "tokens-per-day",
            Self::MoneyPerDay => "money-per-day",
            Self::Concurrent => "concurrent",
        }
    }
}

/// What a call wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Tokens of its prompt that count.
    pub input: u64,
    /// Most tokens of its answer.
    pub output_max: u64,
}

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The limit.
    pub dimension: Dimension,
    /// When to ask again; `None` where time does not help or nobody knows.
    pub after: Option<Duration>,
    /// Whether it asks for more than the limit can ever hold.
    pub too_large: bool,
}

/// A limit as headers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The limit's name.
    pub dimension: Dimension,
    /// What it holds when nothing is used.
    pub limit: u64,
    /// What is left.
    pub remaining: u64,
    /// How long until nothing would be used.
    pub reset: Duration,
}
