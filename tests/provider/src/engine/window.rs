//! The highest sum over any stretch of a fixed length: exact, since each thing is kept with its time until it
//! is older than that.

use std::collections::VecDeque;
use std::time::Duration;

/// Most things that are kept apart. Beyond, things that come together count with the last one: a stretch may
/// then seem fuller than it was, never emptier.
const KEPT_MAX: usize = 1_000_000;

/// A sliding stretch: what lies in (now - span, now].
#[derive(Debug)]
pub struct Window {
    span: Duration,
    kept: VecDeque<(Duration, u64)>,
    sum: u64,
    highest: u64,
}

impl Window {
    /// Nothing was seen.
    #[must_use]
    pub const fn new(span: Duration) -> Self {
        Self { span, kept: VecDeque::new(), sum: 0, highest: 0 }
    }

    /// Something comes. Times never go back.
    pub fn add(&mut self, now: Duration, count: u64) {
        if count == 0 {
            return;
        }
        while let Some(&(at, gone)) = self.kept.front()
            && at.saturating_add(self.span) <= now
        {
            self.kept.pop_front();
            self.sum -= gone;
        }
        let is_full = self.kept.len() >= KEPT_MAX;
        match self.kept.back_mut() {
            Some((at, last)) if *at == now || is_full => (*at, *last) = (now, *last + count),
            _ => self.kept.push_back((now, count)),
        }
        self.sum += count;
        self.highest = self.highest.max(self.sum);
    }

    /// The highest sum so far.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }
}
