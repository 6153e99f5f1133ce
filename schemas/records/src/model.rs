//! What agents and the model gateway say to each other.

use serde::{Deserialize, Serialize};

use crate::ids::{CallId, Key, content_hash};
use crate::message::Message;

/// Who speaks in a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The asker.
    User,
    /// The model, earlier.
    Assistant,
}

impl Role {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// A completion that an agent asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The model's name in this installation; empty for the default one.
    pub model: String,
    /// The prompt, in order.
    pub messages: Vec<PromptMessage>,
    /// 0 switches sampling off, and with it lets identical requests share one answer.
    pub temperature: f64,
    /// Most tokens of the answer.
    pub max_tokens: i32,
    /// Identical requests of one tenant may share one answer although sampling is on.
    pub shared: bool,
}

impl ModelRequest {
    /// A request without sampling: a system message, a user message, a bound on the answer.
    #[must_use]
    pub fn new(system: impl Into<String>, user: impl Into<String>, max_tokens: i32) -> Self {
        Self {
            model: String::new(),
            messages: vec![
                PromptMessage { role: Role::System, content: system.into() },
                PromptMessage { role: Role::User, content: user.into() },
            ],
            temperature: 0.0,
            max_tokens,
            shared: false,
        }
    }

    /// Whether identical requests are one question with one answer.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared || self.temperature == 0.0
    }

    /// Names the question: 32 hexadecimal digits over every field and the tenant who asks. Requests with
    /// equal hashes are the same question.
    #[must_use]
    pub fn hash(&self, tenant: &str) -> String {
        // Taken apart in full, so that a new field cannot be forgotten here.
        let Self { model, messages, temperature, max_tokens, shared } = self;
        // Adding zero makes -0 the 0 that it equals.
        let temperature = (temperature + 0.0).to_bits().to_be_bytes();
        let max_tokens = max_tokens.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![
            b"model-request",
            tenant.as_bytes(),
            model.as_bytes(),
            &temperature,
            &max_tokens,
            if *shared { b"shared" } else { b"alone" },
        ];
        for PromptMessage { role, content } in messages {
            parts.push(role.as_str().as_bytes());
            parts.push(content.as_bytes());
        }
        content_hash(&parts)
    }

    /// The key of the record that asks: the question's hash if it is shared, so that identical requests
    /// meet at one owner, else the call's id, so that load spreads.
    #[must_use]
    pub fn routing_key(&self, tenant: &str, call: CallId) -> Key {
        if self.is_shared() { Key::new(self.hash(tenant).as_bytes()) } else { call.key() }
    }
}

impl Message for ModelRequest {
    const NAME: &'static str = "tributary.ModelRequest";
    const SCHEMA: &'static str = include_str!("../../avro/ModelRequest.avsc");
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// A reason this version does not know.
    Unknown,
    /// It was done.
    Stop,
    /// `max_tokens` cut it.
    Length,
}

/// A completion, with the ledger entry of the call that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelAnswer {
    /// What the model wrote.
    pub text: String,
    /// Which model it was, as the provider names it.
    pub model: String,
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens of the prompt, as the provider counted them.
    pub input_tokens: i32,
    /// Tokens of the answer.
    pub output_tokens: i32,
    /// Requests that were sent for this answer, retries included.
    pub attempts: i32,
    /// Attempts of an earlier owner whose outcome nobody knows (since version 2; 0 before).
    pub unknown_attempts: i32,
    /// Milliseconds from sending the last attempt to its whole answer (since version 2; 0 before).
    pub latency_ms: i64,
}

impl ModelAnswer {
    /// An answer that says `text` and nothing of how it came about: for tests of agents.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            model: "test".into(),
            finish: Finish::Stop,
            input_tokens: 0,
            output_tokens: 0,
            attempts: 1,
            unknown_attempts: 0,
            latency_ms: 0,
        }
    }
}

impl Message for ModelAnswer {
    const NAME: &'static str = "tributary.ModelAnswer";
    const SCHEMA: &'static str = include_str!("../../avro/ModelAnswer.avsc");
}

#[cfg(test)]
mod tests;
