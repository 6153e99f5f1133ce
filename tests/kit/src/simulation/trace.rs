//! What happened, line by line, in virtual time: what one reads when a seed fails.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use topics_log::Clock;

/// Most lines kept: the last ones say why. A run with everything in it has some ten thousand.
const LINES_MAX: usize = 40_000;

/// The lines of one run, and how often each kind of thing happened.
pub struct Trace {
    clock: Arc<dyn Clock>,
    epoch: i64,
    is_whole: bool,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    lines: VecDeque<String>,
    counts: BTreeMap<String, u64>,
}

impl Trace {
    /// An empty trace. A whole one also keeps what happens all the time: moments and role ends.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, is_whole: bool) -> Self {
        let epoch = clock.now().0;
        Self { clock, epoch, is_whole, held: Mutex::default() }
    }

    /// Counts one of a kind, without a line.
    pub fn count(&self, kind: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.counts.get_mut(kind) {
            *count += 1;
        } else {
            held.counts.insert(kind.to_owned(), 1);
        }
    }

    /// Counts one of a kind and says what it was.
    pub fn say(&self, kind: &str, what: impl FnOnce() -> String) {
        self.count(kind);
        self.line(|| format!("{kind}: {}", what()));
    }

    /// Says what happens all the time, if the trace is a whole one.
    pub fn whisper(&self, what: impl FnOnce() -> String) {
        if self.is_whole {
            self.line(what);
        }
    }

    fn line(&self, what: impl FnOnce() -> String) {
        let at = self.clock.now().0 - self.epoch;
        let line = format!("{:>4}.{:03} {}", at / 1000, at % 1000, what());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.lines.len() == LINES_MAX {
            held.lines.pop_front();
        }
        held.lines.push_back(line);
    }

    /// All lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).lines.iter().cloned().collect()
    }

    /// How often each kind of thing happened.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }
}
