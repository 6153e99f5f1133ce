//! Requests that wait for a place: most urgent first, and among equals the oldest task. What is past its
//! deadline is found whatever its priority.

use std::collections::{BTreeMap, BTreeSet};

use schemas_records::{CallId, Timestamp};
use topics_log::TopicPartition;

use super::Request;

/// The order of admission: priority, deadline, the task's acceptance, and where the task stands (tasks that
/// came together were accepted together: all that one asks for goes before all that the next asks for); then
/// where the request stands, so that the order is total and the same on every run.
type Rank = (u8, i64, i64, (i64, i32), TopicPartition, i64);

/// The waiting requests.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Rank, Request>,
    /// The same, by deadline.
    deadlines: BTreeSet<(Timestamp, Rank)>,
    /// What their records hold.
    bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, request: Request) {
        let rank = rank(&request);
        self.deadlines.insert((request.envelope.limits.deadline, rank.clone()));
        self.bytes += request.record.size_bytes();
        self.waiting.insert(rank, request);
    }

    /// Takes out the most urgent.
    pub(super) fn pop(&mut self) -> Option<Request> {
        let rank = self.waiting.keys().next()?.clone();
        self.remove(&rank)
    }

    /// The earliest deadline of those that wait.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes out the request whose deadline is [`Self::next_deadline`].
    pub(super) fn pop_next_deadline(&mut self) -> Option<Request> {
        let rank = self.deadlines.first()?.1.clone();
        self.remove(&rank)
    }

    /// Takes out the requests that `call` made.
    pub(super) fn cancel(&mut self, call: CallId) -> Vec<Request> {
        self.take(|request| request.envelope.call == Some(call))
    }

    /// Forgets the requests of a partition that is no longer ours.
    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.take(|request| request.record.topic_partition == *partition);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// What the records of those that wait hold, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes out all of a kind.
    fn take(&mut self, is_meant: impl Fn(&Request) -> bool) -> Vec<Request> {
        let meant = self.waiting.iter().filter(|(_, request)| is_meant(request));
        let ranks: Vec<Rank> = meant.map(|(rank, _)| rank.clone()).collect();
        ranks.iter().filter_map(|rank| self.remove(rank)).collect()
    }

    fn remove(&mut self, rank: &Rank) -> Option<Request> {
        let request = self.waiting.remove(rank)?;
        self.deadlines.remove(&(request.envelope.limits.deadline, rank.clone()));
        self.bytes -= request.record.size_bytes();
        Some(request)
    }
}

fn rank(request: &Request) -> Rank {
    let limits = &request.envelope.limits;
    (
        schemas_records::limits::PRIORITY_MAX.saturating_sub(limits.priority),
        limits.deadline.0,
        request.envelope.accepted_at.0,
        (request.envelope.origin.offset, request.envelope.origin.partition),
        request.record.topic_partition.clone(),
        request.record.offset,
    )
}
