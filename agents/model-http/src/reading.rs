//! Reading an answer's body: the pieces of a stream as they come, or a body that is whole. It knows bytes and
//! bounds; connections and times are the client's.

use agents_model::model::{Completion, Error};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::assembly::{self, Assembly, Progress};
use crate::events::Events;
use crate::refusal;
use crate::settings::Settings;

/// A streamed answer while it comes.
pub(crate) struct Reading {
    events: Events,
    assembly: Assembly,
    bytes: usize,
    bytes_max: usize,
}

impl Reading {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            events: Events::default(),
            assembly: Assembly::new(settings.answer_bytes_max),
            bytes: 0,
            bytes_max: settings.body_bytes_max,
        }
    }

    /// Takes the next bytes. What stands behind the end is not looked at; what stands behind a whole answer and
    /// cannot be read is its end.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Progress, Error> {
        let (mut left, beyond) = bytes.split_at(bytes.len().min(self.bytes_max - self.bytes));
        self.bytes += left.len();
        let mut progress = Progress::None;
        loop {
            match self.events.next(&mut left) {
                Ok(Some(event)) => match self.assembly.take(&event)? {
                    Progress::None => {}
                    Progress::Wrote => progress = Progress::Wrote,
                    Progress::Done => return Ok(Progress::Done),
                },
                Ok(None) if beyond.is_empty() => return Ok(progress),
                Ok(None) | Err(_) if self.is_whole() => return Ok(Progress::Done),
                Ok(None) => return Err(assembly::too_large(self.bytes_max)),
                Err(problem) => {
                    let message = format!("its stream cannot be read: {problem}");
                    return Err(Error::BadAnswer { message });
                }
            }
        }
    }

    /// Whether only the usage, or the word that all is done, can be missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.assembly.is_whole()
    }

    /// Nothing more comes; `is_done` if it said so itself.
    pub(crate) fn finish(mut self, mut is_done: bool) -> Result<Completion, Error> {
        if !is_done && let Some(event) = self.events.finish() {
            is_done = self.assembly.take(&event)? == Progress::Done;
        }
        self.assembly.finish(is_done)
    }
}

/// Whether the server streams: some answer plainly although they were asked to.
pub(crate) fn is_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.trim_start().starts_with("text/event-stream"))
}

/// A response that was recorded.
#[derive(Clone, Debug, Default)]
pub struct Recorded<'a> {
    /// Its status.
    pub status: u16,
    /// Its headers; those that HTTP does not allow are left out.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Its body, in the pieces in which it came.
    pub pieces: Vec<&'a [u8]>,
}

/// Reads a recorded response as [`crate::HttpModel`] reads one that comes: for what a provider sent on a bad
/// day, and for bytes that none has sent yet.
///
/// # Errors
/// Those of the model, but for time and connections.
pub fn read_recorded(recorded: &Recorded<'_>, settings: &Settings) -> Result<Completion, Error> {
    let name = |text: &str| HeaderName::from_bytes(text.as_bytes()).ok();
    let header = |(of, value): &(&str, &str)| Some((name(of)?, HeaderValue::from_str(value).ok()?));
    let headers: HeaderMap = recorded.headers.iter().filter_map(header).collect();
    let status = StatusCode::from_u16(recorded.status)
        .map_err(|error| Error::BadAnswer { message: format!("status {}: {error}", recorded.status) })?;
    if status != StatusCode::OK {
        return Err(refusal::of_status(status, &headers, &recorded.pieces.concat()));
    }
    if !is_stream(&headers) {
        return assembly::plain(&recorded.pieces.concat(), settings.answer_bytes_max);
    }
    let mut reading = Reading::new(settings);
    for piece in &recorded.pieces {
        if reading.take(piece)? == Progress::Done {
            return reading.finish(true);
        }
    }
    reading.finish(false)
}

#[cfg(test)]
mod tests;
