//! Assembly: the pieces of an answer become a completion, or it is said why they do not.

use agents_model::model::{Completion, Error, Usage};
use schemas_records::model::Finish;

use crate::refusal::{self, excerpt};
use crate::wire::{self, ChatResponse};

/// The event that ends a stream.
const DONE: &[u8] = b"[DONE]";

/// What a piece did to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The model has written something.
    Wrote,
    /// Nothing that a reader would see.
    None,
    /// Nothing more comes.
    Done,
}

/// A streamed answer so far.
#[derive(Debug)]
pub(crate) struct Assembly {
    text: String,
    model: Option<String>,
    finish: Option<Finish>,
    usage: Usage,
    answer_bytes_max: usize,
    choices_seen: bool,
}

impl Assembly {
    pub(crate) fn new(answer_bytes_max: usize) -> Self {
        Self {
            text: String::new(),
            model: None,
            finish: None,
            usage: Usage::default(),
            answer_bytes_max,
            choices_seen: false,
        }
    }

    /// Takes one event of a stream.
    pub(crate) fn take(&mut self, event: &[u8]) -> Result<Progress, Error> {
        if event.trim_ascii() == DONE {
            return Ok(Progress::Done);
        }
        let piece = match read(event) {
            Ok(piece) => piece,
            // Nothing is missing but perhaps the usage.
            Err(_) if self.is_whole() => return Ok(Progress::None),
            Err(error) => return Err(self.broken(error)),
        };
        self.model = self.model.take().or(piece.model);
        if piece.usage.is_some() {
            self.usage = wire::usage(piece.usage.as_ref());
        }
        let Some(choice) = piece.choices.into_iter().flatten().next() else { return Ok(Progress::None) };
        self.choices_seen = true;
        let words = choice.delta.and_then(|delta| delta.content).unwrap_or_default();
        self.finish = self.finish.or(choice.finish_reason.as_deref().map(wire::finish));
        check_size(self.text.len() + words.len(), self.answer_bytes_max)?;
        self.text.push_str(&words);
        Ok(if words.is_empty() { Progress::None } else { Progress::Wrote })
    }

    /// What is garbage at the beginning is a broken stream in the middle.
    fn broken(&self, error: Error) -> Error {
        match error {
            Error::BadAnswer { message } if self.choices_seen => {
                Error::Transient { after: None, message: format!("the stream broke: {message}") }
            }
            other => other,
        }
    }

    /// Whether the model said why it stopped: then the answer is whole, whatever becomes of the stream.
    pub(crate) fn is_whole(&self) -> bool {
        self.finish.is_some()
    }

    /// The stream is over.
    pub(crate) fn finish(self, done: bool) -> Result<Completion, Error> {
        if self.finish.is_none() && !done {
            let message = format!("the stream ended in the middle, after {} bytes of text", self.text.len());
            return Err(Error::Transient { after: None, message });
        }
        if !self.choices_seen {
            return Err(no_choices());
        }
        Ok(Completion {
            text: self.text,
            model: self.model.unwrap_or_default(),
            finish: self.finish.unwrap_or(Finish::Unknown),
            usage: self.usage,
        })
    }
}

/// Reads a plain answer.
pub(crate) fn plain(body: &[u8], answer_bytes_max: usize) -> Result<Completion, Error> {
    let response = read(body)?;
    let choice = response.choices.into_iter().flatten().next().ok_or_else(no_choices)?;
    let text = choice.message.and_then(|message| message.content).unwrap_or_default();
    check_size(text.len(), answer_bytes_max)?;
    Ok(Completion {
        text,
        model: response.model.unwrap_or_default(),
        finish: choice.finish_reason.as_deref().map_or(Finish::Unknown, wire::finish),
        usage: wire::usage(response.usage.as_ref()),
    })
}

/// Reads a body or an event; an error inside it is that error.
fn read(bytes: &[u8]) -> Result<ChatResponse, Error> {
    let response: ChatResponse = serde_json::from_slice(bytes).map_err(|error| Error::BadAnswer {
        message: format!("it is no chat completion: {error}; it begins {:?}", excerpt(bytes)),
    })?;
    match &response.error {
        Some(error) => Err(refusal::inside(error)),
        None => Ok(response),
    }
}

fn check_size(bytes: usize, max: usize) -> Result<(), Error> {
    if bytes <= max {
        return Ok(());
    }
    Err(too_large(max))
}

/// The answer goes on beyond what is kept.
pub(crate) fn too_large(max: usize) -> Error {
    Error::BadAnswer { message: format!("the model answered too much: more than {max} bytes") }
}

fn no_choices() -> Error {
    Error::BadAnswer { message: "it has no choices".to_owned() }
}

#[cfg(test)]
mod tests;
