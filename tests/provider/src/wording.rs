//! Wording: one answer in OpenAI's words, whole or event by event, as a fault leaves it.
//!
//! It knows no time and no connection: when an event is sent, and how a body ends, is its caller's matter.

use schemas_records::model::Finish;
use serde_json::{Value, json};

use crate::chat::ChatRequest;
use crate::script::Fault;

/// The event that ends a stream.
const DONE: &str = "data: [DONE]\n\n";

/// What is said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Names the answer.
    pub id: String,
    /// The answer in the pieces in which it is streamed.
    pub pieces: Vec<String>,
    /// Why it ends.
    pub finish: Finish,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Of these, cached; `None` where nothing is said of that.
    pub cached_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// An answer to a request, under a fault if there is one.
#[derive(Clone, Debug)]
pub struct Wording {
    /// The request.
    pub request: ChatRequest,
    /// The fault.
    pub fault: Option<Fault>,
    /// The answer.
    pub said: Said,
}

impl Wording {
    /// The answer; a fault may take its words, or put others in their place.
    #[must_use]
    pub fn new(request: &ChatRequest, fault: Option<&Fault>, mut said: Said) -> Self {
        match fault {
            Some(Fault::TooLarge { bytes }) => said.pieces = pieces_of(&"more ".repeat(bytes / 5 + 1)),
            Some(Fault::Nothing | Fault::Empty) => said.pieces = Vec::new(),
            _ => {}
        }
        Self { request: request.clone(), fault: fault.cloned(), said }
    }

    /// The whole answer.
    #[must_use]
    pub fn whole(&self) -> String {
        self.object().to_string()
    }

    /// The whole answer, before it is text.
    #[must_use]
    pub fn object(&self) -> Value {
        let choice = json!({
            "index": 0,
            "message": {"role": "assistant", "content": self.said.pieces.concat()},
            "finish_reason": self.finish(),
        });
        let mut object = json!({
            "id": self.said.id,
            "object": "chat.completion",
            "created": 0,
            "model": self.model(),
            "choices": if self.is(&Fault::Empty) { json!([]) } else { json!([choice]) },
        });
        if let Some(usage) = self.usage() {
            object["usage"] = usage;
        }
        object
    }

    /// The first half of it.
    #[must_use]
    pub fn half(&self) -> String {
        let whole = self.whole();
        whole.chars().take(whole.chars().count() / 2).collect()
    }

    /// The event before the first word.
    #[must_use]
    pub fn begin(&self) -> String {
        if self.is(&Fault::Empty) {
            return self.event(&self.request.model, json!([]), None);
        }
        // A long name stands in the first event only, or a short answer would be megabytes.
        let delta = delta(json!({"role": "assistant", "content": ""}), Value::Null);
        self.event(&self.model(), delta, None)
    }

    /// An event with some words.
    #[must_use]
    pub fn words(&self, words: &str) -> String {
        self.event(&self.request.model, delta(json!({"content": words}), Value::Null), None)
    }

    /// The events behind the last word.
    #[must_use]
    pub fn end(&self) -> Vec<String> {
        let mut events = Vec::new();
        if !self.is(&Fault::Empty) {
            let delta = delta(json!({}), json!(self.finish()));
            events.push(self.event(&self.request.model, delta, None));
        }
        if let Some(usage) = self.usage().filter(|_| self.request.stream_options.include_usage) {
            events.push(self.event(&self.request.model, json!([]), Some(usage)));
        }
        events.push(DONE.to_owned());
        events
    }

    fn event(&self, model: &str, choices: Value, usage: Option<Value>) -> String {
        let mut chunk = json!({
            "id": self.said.id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": model,
            "choices": choices,
        });
        if self.request.stream_options.include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        format!("data: {chunk}\n\n")
    }

    fn is(&self, fault: &Fault) -> bool {
        self.fault.as_ref() == Some(fault)
    }

    fn model(&self) -> String {
        match &self.fault {
            Some(Fault::LongName { bytes }) => "m".repeat(*bytes),
            _ => self.request.model.clone(),
        }
    }

    fn finish(&self) -> &'static str {
        match (&self.fault, self.said.finish) {
            (Some(Fault::UnknownFinish), _) => "tired",
            (_, Finish::Length) => "length",
            _ => "stop",
        }
    }

    fn usage(&self) -> Option<Value> {
        let times = if self.is(&Fault::FalseUsage) { 2 } else { 1 };
        let (input, output) = (self.said.input_tokens * times, self.said.output_tokens * times);
        match &self.fault {
            Some(Fault::NoUsage) => return None,
            Some(Fault::WrongUsage) => {
                return Some(json!({"prompt_tokens": -5, "completion_tokens": "many"}));
            }
            _ => {}
        }
        let mut usage = json!({
            "prompt_tokens": input,
            "completion_tokens": output,
            "total_tokens": input.saturating_add(output),
        });
        if let Some(cached) = self.said.cached_tokens {
            usage["prompt_tokens_details"] = json!({"cached_tokens": cached});
        }
        Some(usage)
    }
}

fn delta(delta: Value, finish: Value) -> Value {
    json!([{"index": 0, "delta": delta, "finish_reason": finish}])
}

/// Most pieces of a text: whoever asks for megabytes shall not wait for each word.
pub const PIECES_MAX: usize = 1000;

/// A text word by word; a very long one by several words, in at most [`PIECES_MAX`] pieces.
#[must_use]
pub fn pieces_of(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(words.len() / PIECES_MAX + 1).map(<[&str]>::concat).collect()
}
