//! What the client is told, and what can be wrong with it. Every bound stands here with its reason.

use std::time::Duration;

use crate::key::KeySource;

/// The client's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API begins, for example `http://127.0.0.1:8080/v1`; `/chat/completions` is added.
    pub base_url: String,
    /// The model that is asked for where a request names none.
    pub model: String,
    /// Where the key comes from; `None` for servers that want none.
    pub key: Option<KeySource>,
    /// Whether answers are streamed: only then a silent server is told from a slow one.
    pub streaming: bool,
    /// How long a connection may take: a server that does not accept within ten seconds is down.
    pub connect_max: Duration,
    /// How long the first word of a streamed answer may take: long prompts on a busy server wait for tens
    /// of seconds.
    pub first_token_max: Duration,
    /// How long each further word may take: the slowest models write one a second.
    pub between_tokens_max: Duration,
    /// How long it may take in all. Below the gateway's own bound of two minutes, so that this one's
    /// message, which says more, comes first.
    pub total_max: Duration,
    /// Longest answer: the gateway keeps no longer one.
    pub answer_bytes_max: usize,
    /// Longest body: a streamed word of four bytes comes in some two hundred, so thirty-two times the
    /// longest answer holds any that is used, and ends what never stops.
    pub body_bytes_max: usize,
}

impl Settings {
    /// The starting values, for a server and its model.
    #[must_use]
    pub fn new(base_url: &str, model: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            model: model.to_owned(),
            key: None,
            streaming: true,
            connect_max: Duration::from_secs(10),
            first_token_max: Duration::from_secs(60),
            between_tokens_max: Duration::from_secs(20),
            total_max: Duration::from_secs(110),
            answer_bytes_max: 256 * 1024,
            body_bytes_max: 8 * 1024 * 1024,
        }
    }
}

/// Settings that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL.
    #[error("use {url:?} as a model's base url: {problem}; write it like https://api.example.com/v1")]
    BaseUrl {
        /// What was given, without a password that may stand in it.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The key.
    #[error("read the model's key from {place}: {problem}")]
    Key {
        /// The variable or file.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// TLS or the like.
    #[error("make an http client: {0}; are the system's certificates installed?")]
    Client(String),
}
