//! The wire: bodies of OpenAI's chat completions. Typed is only what is acted on; all else passes by.

use agents_model::Usage;
use schemas_records::model::{Finish, ModelRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request.
#[derive(Debug, Serialize)]
pub(crate) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    temperature: f64,
    max_tokens: i32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> ChatRequest<'a> {
    /// The request for `request`; `model` where it names none.
    pub(crate) fn new(request: &'a ModelRequest, model: &'a str, stream: bool) -> Self {
        let message = |message: &'a schemas_records::model::PromptMessage| ChatMessage {
            role: message.role.as_str(),
            content: &message.content,
        };
        Self {
            model: if request.model.is_empty() { model } else { &request.model },
            messages: request.messages.iter().map(message).collect(),
            temperature: request.temperature,
            max_tokens: request.max_tokens,
            stream,
            stream_options: stream.then_some(StreamOptions { include_usage: true }),
        }
    }
}

/// A response, or one event of a streamed one: they differ in where the words stand.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatResponse {
    pub(crate) model: Option<String>,
    pub(crate) choices: Option<Vec<Choice>>,
    /// Read leniently: an answer is not lost because its usage is wrong.
    pub(crate) usage: Option<Value>,
    pub(crate) error: Option<Value>,
}

/// An answer, or a piece of one. Only the first of several is looked at: one was asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    /// Of a plain answer.
    pub(crate) message: Option<Words>,
    /// Of a streamed one.
    pub(crate) delta: Option<Words>,
    pub(crate) finish_reason: Option<String>,
}

/// What a model wrote.
#[derive(Debug, Deserialize)]
pub(crate) struct Words {
    pub(crate) content: Option<String>,
}

/// The reason by our names.
pub(crate) fn finish(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        _ => Finish::Unknown,
    }
}

/// The usage as far as it can be; what is missing, negative or no number counts as zero.
pub(crate) fn usage(value: Option<&Value>) -> Usage {
    let tokens = |name: &str| {
        let number = value.and_then(|value| value.get(name)).and_then(Value::as_u64);
        u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX)
    };
    Usage { input_tokens: tokens("prompt_tokens"), output_tokens: tokens("completion_tokens") }
}
