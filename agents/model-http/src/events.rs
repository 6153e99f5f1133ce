//! Server-sent events: bytes in any pieces become events, whole and bounded.
//!
//! As the HTML standard has it, as far as providers use it: data lines of one event are joined, comments
//! and other fields are skipped.

/// Longest event: providers send a word or a few in each; a megabyte is a server that sends none.
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// What cannot be an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// Too long.
    #[error("an event has more than {EVENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not text.
    #[error("an event is not UTF-8")]
    NotUtf8,
}

/// The part of a stream that is not yet a whole event.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Bytes of the line that has not ended.
    line: Vec<u8>,
    /// Data lines of the event that has not ended.
    data: Vec<u8>,
    /// Whether there were any.
    has_data: bool,
}

impl Events {
    /// Takes bytes and returns the data of the events that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Problem> {
        let mut whole = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.len() + self.data.len() > EVENT_BYTES_MAX {
                return Err(Problem::TooLong);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                whole.extend(self.end_line(&line)?);
            }
        }
        Ok(whole)
    }

    /// The stream has ended: an event that lacks only its last empty line counts.
    pub(crate) fn finish(&mut self) -> Result<Option<String>, Problem> {
        let line = std::mem::take(&mut self.line);
        self.end_line(&line)?;
        self.end_event()
    }

    fn end_line(&mut self, line: &[u8]) -> Result<Option<String>, Problem> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.end_event();
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.has_data = true;
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
        Ok(None)
    }

    fn end_event(&mut self) -> Result<Option<String>, Problem> {
        if !std::mem::take(&mut self.has_data) {
            return Ok(None);
        }
        String::from_utf8(std::mem::take(&mut self.data)).map(Some).map_err(|_| Problem::NotUtf8)
    }
}

#[cfg(test)]
mod tests;
