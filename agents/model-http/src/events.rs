//! Server-sent events: bytes in any pieces become events, whole and bounded.
//!
//! As the HTML standard has it, as far as providers use it: data lines of one event are joined, comments
//! and other fields are skipped. It does not know what an event says, nor whether it is text.

/// Longest event: providers send a word or a few in each; a megabyte is a server that sends none.
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// An event that is longer than [`EVENT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {EVENT_BYTES_MAX} bytes")]
pub(crate) struct TooLong;

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
    /// Takes bytes off the beginning of `bytes` up to the end of the next event, and returns its data; `None` if
    /// they do not complete one. One at a time, so that what stands behind an event has no say in it.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, TooLong> {
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (piece, rest) = bytes.split_at(end);
            *bytes = rest;
            self.line.extend_from_slice(piece);
            if self.line.len() + self.data.len() > EVENT_BYTES_MAX {
                return Err(TooLong);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if let Some(event) = self.end_line(&line) {
                    return Ok(Some(event));
                }
            }
        }
        Ok(None)
    }

    /// The stream has ended: an event that lacks only its last empty line counts.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        // An empty line ends the event here already.
        self.end_line(&line).or_else(|| self.end_event())
    }

    fn end_line(&mut self, line: &[u8]) -> Option<Vec<u8>> {
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
        None
    }

    fn end_event(&mut self) -> Option<Vec<u8>> {
        let has_data = std::mem::take(&mut self.has_data);
        has_data.then(|| std::mem::take(&mut self.data))
    }
}

#[cfg(test)]
mod tests;
