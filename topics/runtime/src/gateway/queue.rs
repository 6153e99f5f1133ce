//! Requests that wait for a place: most urgent first, and among equals the oldest task.

use std::collections::BTreeMap;

use schemas_records::CallId;
use topics_log::TopicPartition;

use super::Request;

/// The order of admission: priority, deadline, the task's acceptance, then where the request stands, so
/// that the order is total and the same on every run.
type Rank = (u8, i64, i64, TopicPartition, i64);

/// The waiting requests.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Rank, Request>,
}

impl Queue {
    pub(super) fn push(&mut self, request: Request) {
        let limits = &request.envelope.limits;
        let rank = (
            schemas_records::limits::PRIORITY_MAX.saturating_sub(limits.priority),
            limits.deadline.0,
            request.envelope.accepted_at.0,
            request.record.topic_partition.clone(),
            request.record.offset,
        );
        self.waiting.insert(rank, request);
    }

    pub(super) fn pop(&mut self) -> Option<Request> {
        self.waiting.pop_first().map(|(_, request)| request)
    }

    /// Takes out the requests that `call` made.
    pub(super) fn cancel(&mut self, call: CallId) -> Vec<Request> {
        let ranks: Vec<Rank> = self
            .waiting
            .iter()
            .filter(|(_, request)| request.envelope.call == Some(call))
            .map(|(rank, _)| rank.clone())
            .collect();
        ranks.iter().filter_map(|rank| self.waiting.remove(rank)).collect()
    }

    /// Forgets the requests of a partition that is no longer ours.
    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.waiting.retain(|_, request| request.record.topic_partition != *partition);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
