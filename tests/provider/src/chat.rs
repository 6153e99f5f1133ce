//! The wire: a request of OpenAI's chat completions, as far as this server acts on it.

use schemas_records::ids::content_hash;
use schemas_records::model::{ModelRequest, PromptMessage, Role};
use serde::Deserialize;

/// Tokens of an answer if the request names no bound.
const MAX_TOKENS: i32 = 1000;

/// A request for a completion. Fields that are not here are not looked at.
#[derive(Clone, Debug, Deserialize)]
pub struct ChatRequest {
    /// The model.
    pub model: String,
    /// The prompt.
    pub messages: Vec<PromptMessage>,
    /// Sampling.
    #[serde(default)]
    pub temperature: f64,
    /// Most tokens of the answer.
    #[serde(default, alias = "max_completion_tokens")]
    pub max_tokens: Option<i32>,
    /// Whether the answer comes word by word.
    #[serde(default)]
    pub stream: bool,
    /// What else a stream shall carry.
    #[serde(default)]
    pub stream_options: StreamOptions,
}

/// What else a stream shall carry.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct StreamOptions {
    /// What was used, at its end.
    #[serde(default)]
    pub include_usage: bool,
}

impl ChatRequest {
    /// The texts of the prompt.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.messages.iter().map(|message| message.content.clone()).collect()
    }

    /// Names the prompt in the counts.
    #[must_use]
    pub fn prompt_hash(&self) -> String {
        prompt_hash(&self.messages)
    }

    /// As the scripted model takes it.
    #[must_use]
    pub fn to_model_request(&self) -> ModelRequest {
        ModelRequest {
            model: self.model.clone(),
            messages: self.messages.clone(),
            temperature: self.temperature,
            max_tokens: self.max_tokens.unwrap_or(MAX_TOKENS),
            shared: false,
        }
    }
}

/// Names a prompt: a hash of who says what in it.
#[must_use]
pub fn prompt_hash(messages: &[PromptMessage]) -> String {
    let mut parts: Vec<&[u8]> = Vec::new();
    for message in messages {
        let role: &[u8] = match message.role {
            Role::System => b"system",
            Role::User => b"user",
            Role::Assistant => b"assistant",
        };
        parts.extend([role, message.content.as_bytes()]);
    }
    content_hash(&parts)
}
