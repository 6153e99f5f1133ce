//! Scripts: which prompt meets which fault. Data, as `POST /script` takes it.

use serde::{Deserialize, Serialize};

/// Most rules of a script: each request looks at all of them.
pub const RULES_MAX: usize = 1000;

/// One rule. The first that matches and is not used up is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Text that any message of the prompt must contain; empty for every prompt.
    #[serde(default, rename = "match")]
    pub contains: String,
    /// How often it is followed; without it, always.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub fault: Fault,
}

/// What a provider can do wrong. All but [`Fault::Status`] and [`Fault::ErrorIn200`] are paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Another status than 200.
    Status {
        /// Which.
        status: u16,
        /// The Retry-After header, as it shall stand there: seconds or a date.
        #[serde(default)]
        retry_after: Option<String>,
        /// The retry-after-ms header.
        #[serde(default)]
        retry_after_ms: Option<String>,
        /// The error's code in the body.
        #[serde(default)]
        code: Option<String>,
    },
    /// 200, and a body that is no JSON.
    Garbage,
    /// 200, and no choices.
    Empty,
    /// 200, and a choice without words.
    Nothing,
    /// The connection breaks in the middle of the answer.
    TruncateStream,
    /// The answer ends in the middle as if it were whole.
    EndEarly,
    /// No answer at all: the connection stays open.
    Hang,
    /// The answer stops in the middle and the connection stays open.
    Stall,
    /// Comments instead of words, for ever: what proxies send to keep a connection.
    KeepAlive,
    /// An answer of at least so many bytes.
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// 200, and an error in the body.
    ErrorIn200 {
        /// The error's code.
        code: serde_json::Value,
    },
    /// A model's name of so many bytes.
    LongName {
        /// How many.
        bytes: usize,
    },
    /// A finish reason of its own making.
    UnknownFinish,
    /// An answer that does not say what it used.
    NoUsage,
    /// An answer whose usage cannot be.
    WrongUsage,
    /// A plain JSON body, also if a stream was asked for.
    Unstreamed,
    /// A good answer, so many milliseconds late.
    Late {
        /// How many.
        ms: u64,
    },
}

/// A script being followed.
#[derive(Debug, Default)]
pub struct Script {
    rules: Vec<(Rule, u32)>,
}

impl Script {
    /// Begins a new script; the old one is forgotten.
    ///
    /// # Errors
    /// A sentence, if it has more than [`RULES_MAX`] rules.
    pub fn replace(&mut self, rules: Vec<Rule>) -> Result<(), String> {
        if rules.len() > RULES_MAX {
            return Err(format!("{} rules, at most {RULES_MAX} are allowed; merge some", rules.len()));
        }
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
        Ok(())
    }

    /// What befalls a prompt, counted.
    pub fn next(&mut self, messages: &[String]) -> Option<Fault> {
        for (rule, followed) in &mut self.rules {
            let matches = messages.iter().any(|message| message.contains(&rule.contains));
            if matches && rule.times.is_none_or(|times| *followed < times) {
                *followed += 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }
}
