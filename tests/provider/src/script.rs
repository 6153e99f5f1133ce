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

/// What a provider can do wrong. All but refusals ([`Fault::is_refusal`]) are paid for.
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
    /// A usage that looks right: twice what was used.
    FalseUsage,
    /// A good answer, so many milliseconds late.
    Late {
        /// How many.
        ms: u64,
    },
    /// A good answer, each part of which takes so many times as long.
    Slow {
        /// How many times.
        times: u32,
    },
    /// A good answer, but its headers say of each limit the same, which is not so.
    LyingHeaders {
        /// That so much is left.
        remaining: u64,
        /// That all of it is there in so many seconds of the asker's own time.
        reset_seconds: u64,
    },
    /// Another status than 200, and when to ask again; headers are made when it is sent, so a date is true.
    RetryAfter {
        /// Which.
        status: u16,
        /// In so many seconds of the asker's own time; a negative number is in the past.
        seconds: i64,
        /// How it is said.
        form: Form,
    },
}

/// How a pause is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `retry-after: 2`
    Seconds,
    /// `retry-after-ms: 2000`
    Milliseconds,
    /// `retry-after: Wed, 21 Oct 2015 07:28:00 GMT`
    Date,
}

impl Fault {
    /// Whether it stands where an answer would: nothing was made then, and nothing is paid for.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::ErrorIn200 { .. } | Self::RetryAfter { .. })
    }
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
