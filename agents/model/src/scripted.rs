//! The scripted model: no key, no server, the same words for the same prompt; and, by a script, every way
//! in which a model can fail.
//!
//! It counts words for tokens. It does not understand anything: it repeats the facts that it is given.

mod script;
mod wording;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use schemas_records::model::{Finish, ModelRequest};

use crate::model::{Completion, Error, Model, Usage};

pub use self::script::{Reply, Rule, SCRIPT_RULES_MAX, Script, ScriptError};
pub use self::wording::wording;

/// What the scripted model calls itself in its answers.
pub const NAME: &str = "scripted";

/// How long an answer takes if nothing else is said: enough that calls overlap, as they do with a real
/// model, and little enough that nobody waits.
pub const LATENCY: Duration = Duration::from_millis(20);

/// A model that follows a script, and else restates its prompt.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
    latency: Duration,
    /// How often each rule was followed, by its place in the script.
    followed: Mutex<BTreeMap<usize, u32>>,
}

impl Default for Scripted {
    fn default() -> Self {
        Self::new(Script::default())
    }
}

impl Scripted {
    /// A model that follows `script` where a rule matches.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self { script, latency: LATENCY, followed: Mutex::default() }
    }

    /// The same, with another latency where no rule names one.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The rule to follow: the first that matches and is not used up.
    fn rule(&self, request: &ModelRequest) -> Option<&Rule> {
        // A panic elsewhere leaves the counts as they were.
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, rule) in self.script.rules.iter().enumerate() {
            let count = followed.entry(place).or_default();
            if rule.matches(request) && rule.times.is_none_or(|times| *count < times) {
                *count += 1;
                return Some(rule);
            }
        }
        None
    }
}

#[async_trait]
impl Model for Scripted {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        let rule = self.rule(request);
        let latency = rule.and_then(|rule| rule.latency_ms).map_or(self.latency, Duration::from_millis);
        tokio::time::sleep(latency).await;
        match rule {
            None => Ok(completion(request)),
            Some(rule) => follow(&rule.reply, request).await,
        }
    }
}

async fn follow(reply: &Reply, request: &ModelRequest) -> Result<Completion, Error> {
    match reply {
        Reply::Restate => Ok(completion(request)),
        Reply::Text { text } => Ok(cut(request, text)),
        Reply::Nothing => Ok(cut(request, "")),
        Reply::TooMuch { bytes } => {
            let text = "more ".repeat(bytes / 5 + 1);
            Ok(Completion { text, ..cut(request, "") })
        }
        Reply::Never => std::future::pending().await,
        Reply::RateLimited { retry_after_ms } => Err(Error::RateLimited {
            after: retry_after_ms.map(Duration::from_millis),
            message: "scripted 429".to_owned(),
        }),
        Reply::Transient => Err(Error::Transient { after: None, message: "scripted 500".to_owned() }),
        Reply::Refused => Err(Error::Refused { message: "scripted 400".to_owned() }),
        Reply::Garbage => Err(Error::BadAnswer { message: "scripted garbage".to_owned() }),
    }
}

/// What the scripted model answers without a script: the prompt's facts, see [`wording`].
#[must_use]
pub fn completion(request: &ModelRequest) -> Completion {
    cut(request, &wording(request))
}

/// `text` as the model's words, cut at the request's `max_tokens`.
fn cut(request: &ModelRequest, text: &str) -> Completion {
    let max = usize::try_from(request.max_tokens).unwrap_or(0);
    let words = count(text);
    let (text, finish) = if words > max {
        let cut: Vec<&str> = text.split_whitespace().take(max).collect();
        (cut.join(" "), Finish::Length)
    } else {
        (text.to_owned(), Finish::Stop)
    };
    let input: usize = request.messages.iter().map(|message| count(&message.content)).sum();
    let tokens = |words: usize| u32::try_from(words).unwrap_or(u32::MAX);
    Completion {
        text,
        model: NAME.to_owned(),
        finish,
        usage: Usage { input_tokens: tokens(input), output_tokens: tokens(words.min(max)) },
    }
}

/// Words, for tokens.
fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests;
