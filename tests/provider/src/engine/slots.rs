//! Slots, and the queue before them: who runs until when, and who is next. First come, first served.
//!
//! It knows tickets and times, not what is served.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Names a call.
pub type Ticket = u64;

/// Where a call that comes finds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot is free; it is held for [`Slots::run`].
    Slot,
    /// It waits.
    Queue,
    /// It may not wait.
    Full,
}

/// The slots.
#[derive(Debug)]
pub struct Slots {
    slots: usize,
    queue_max: usize,
    running: BTreeMap<Ticket, Duration>,
    ends: BTreeSet<(Duration, Ticket)>,
    waiting: VecDeque<Ticket>,
}

impl Slots {
    /// So many, and so many places before them.
    #[must_use]
    pub fn new(slots: usize, queue_max: usize) -> Self {
        Self { slots, queue_max, running: BTreeMap::new(), ends: BTreeSet::new(), waiting: VecDeque::new() }
    }

    /// A call comes.
    pub fn come(&mut self, ticket: Ticket) -> Place {
        if self.running.len() < self.slots && self.waiting.is_empty() {
            return Place::Slot;
        }
        if self.waiting.len() >= self.queue_max {
            return Place::Full;
        }
        self.waiting.push_back(ticket);
        Place::Queue
    }

    /// A call takes a slot until a time.
    pub fn run(&mut self, ticket: Ticket, until: Duration) {
        self.running.insert(ticket, until);
        self.ends.insert((until, ticket));
    }

    /// The first call to end, if it has ended by now; its slot is free.
    pub fn ended(&mut self, now: Duration) -> Option<(Duration, Ticket)> {
        let (end, ticket) = self.ends.first().copied().filter(|(end, _)| *end <= now)?;
        self.leave(ticket);
        Some((end, ticket))
    }

    /// The next to run, if there is a slot and anybody waits.
    pub fn take_next(&mut self) -> Option<Ticket> {
        if self.running.len() < self.slots { self.waiting.pop_front() } else { None }
    }

    /// A call leaves, wherever it is.
    pub fn leave(&mut self, ticket: Ticket) {
        if let Some(end) = self.running.remove(&ticket) {
            self.ends.remove(&(end, ticket));
        } else {
            self.waiting.retain(|waiting| *waiting != ticket);
        }
    }

    /// Calls that run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Calls that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
