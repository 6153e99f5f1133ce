//! The last lines of a terminal: a drawing that is drawn over again and again, and log lines above it.
//!
//! Both go to standard error. A log line takes the drawing away, and the next drawing follows it: drawn over without
//! that, the line would be lost and a part of the drawing would stay.

use std::io::{Stderr, Write};
use std::sync::{Mutex, PoisonError};

/// How many lines of a drawing stand.
static DRAWN: Mutex<usize> = Mutex::new(0);

/// Draws `text`, whole lines, over the last drawing. Only for terminals.
pub fn draw(text: &str) {
    let _ = with_stderr(|stderr| stderr.write_all(text.as_bytes()), text.lines().count());
}

/// Takes the drawing away.
pub fn undraw() {
    let _ = with_stderr(|_| Ok(()), 0);
}

/// Says a line for whoever watches, which stays, as a log line does.
pub fn say(line: &str) {
    let _ = with_stderr(|stderr| writeln!(stderr, "{line}"), 0);
}

/// Takes the drawing away and lets something be written, after which so many lines are drawn.
fn with_stderr<T>(write: impl FnOnce(&mut Stderr) -> std::io::Result<T>, drawn: usize) -> std::io::Result<T> {
    let mut lines = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stderr = std::io::stderr();
    if *lines > 0 {
        // Up to the drawing's first line, and away with everything below. Nobody may be there to read it.
        let _ = write!(stderr, "\x1b[{}F\x1b[J", *lines);
    }
    *lines = drawn;
    write(&mut stderr)
}

/// Where log lines go.
pub(crate) struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        with_stderr(|stderr| stderr.write(bytes), 0)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
