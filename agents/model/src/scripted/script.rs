//! Scripts: which prompt is answered how, for tests and demonstrations. Data, from a JSON file.
//!
//! ```json
//! {"rules": [
//!   {"match": "Construction", "times": 2, "reply": {"kind": "rate-limited", "retry_after_ms": 500}},
//!   {"match": "Mining", "latency_ms": 90000, "reply": {"kind": "restate"}},
//!   {"reply": {"kind": "text", "text": "Nobody knows."}}
//! ]}
//! ```

use schemas_records::model::ModelRequest;
use serde::{Deserialize, Serialize};

/// Most rules of a script: each request looks at all of them.
pub const SCRIPT_RULES_MAX: usize = 1000;

/// Rules in order; the first that matches and is not used up is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Text that any message of the prompt must contain; empty for every prompt.
    #[serde(default, rename = "match")]
    pub contains: String,
    /// How often it is followed; without it, always.
    #[serde(default)]
    pub times: Option<u32>,
    /// Milliseconds until the reply; without it, the model's own latency.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// What happens then.
    pub reply: Reply,
}

/// What a rule has the model do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// What it does without a rule.
    Restate,
    /// These words.
    Text {
        /// The words.
        text: String,
    },
    /// No words.
    Nothing,
    /// At least so many bytes, whatever `max_tokens` says.
    TooMuch {
        /// How many.
        bytes: usize,
    },
    /// No reply until it is dropped.
    Never,
    /// 429.
    RateLimited {
        /// The pause it asks for, in milliseconds.
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    /// 500.
    Transient,
    /// 400.
    Refused,
    /// What nobody can read.
    Garbage,
}

/// A script that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not JSON of this form.
    #[error("read a model script: {0}; see agents/model/src/scripted/script.rs for its form")]
    Form(#[from] serde_json::Error),
    /// Too long.
    #[error("read a model script: {found} rules, at most {SCRIPT_RULES_MAX} are allowed; merge some")]
    TooLong {
        /// How many rules there are.
        found: usize,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`], with the line and column.
    pub fn parse(json: &str) -> Result<Self, ScriptError> {
        let script: Self = serde_json::from_str(json)?;
        if script.rules.len() > SCRIPT_RULES_MAX {
            return Err(ScriptError::TooLong { found: script.rules.len() });
        }
        Ok(script)
    }
}

impl Rule {
    /// Whether it speaks of this request.
    #[must_use]
    pub fn matches(&self, request: &ModelRequest) -> bool {
        request.messages.iter().any(|message| message.content.contains(&self.contains))
    }
}
