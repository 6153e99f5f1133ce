//! What librdkafka calls back when partitions come and go, always while it is polled.
//!
//! A member that was lost (by a time-out or a newer generation) rejoins only after this callback has
//! unassigned its partitions: until then its membership stays invalid, so that no other generation can
//! make a dead owner's offsets acceptable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use topics_log::Assignment;

use crate::arrivals::{Arrivals, Change};
use crate::logging::Voice;
use crate::offsets::partitions_of;
use crate::ownership::Ownership;

/// The facility of the line that says that the session has run out. librdkafka tells it in no other way.
const SESSION_ENDED: &str = "SESSTMOUT";

/// The events that say that a broker, perhaps the coordinator, has gone away.
const CUT_OFF: &[Code] = &[Code::AllBrokersDown, Code::BrokerTransportFailure];

/// What librdkafka calls back while it is polled.
pub(crate) struct MemberContext {
    /// Tells log lines.
    pub voice: Voice,
    /// What it owns.
    pub ownership: Arc<Ownership>,
    /// Where its changes and records go.
    pub arrivals: Arc<Arrivals>,
    /// Whether a broker was away or the session ran out since the coordinator last gave partitions to this
    /// member or took offsets from it: then it can have been fenced off by itself.
    pub was_cut_off: AtomicBool,
}

impl MemberContext {
    /// Partitions came. librdkafka is told at once that the rebalance is dealt with, but not yet to
    /// read them: that is `read_from`'s to say, and may take as long as reading state takes. Answering
    /// late instead would be allowed, but until then librdkafka holds back every other partition and
    /// acts on no time-out of the session.
    fn assigned(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        self.was_cut_off.store(false, Ordering::Release);
        let mut owned = self.ownership.hold();
        let assignments: Vec<Assignment> =
            partitions_of(list).into_iter().map(|partition| owned.assign(partition)).collect();
        drop(owned);
        if let Err(error) = consumer.incremental_assign(&TopicPartitionList::new()) {
            tracing::warn!(target: "kafka", member = self.voice.name(), "could not accept an assignment: {error}");
        }
        tracing::debug!(target: "kafka", member = self.voice.name(), "assigned {}", names(&assignments));
        if !assignments.is_empty() {
            self.arrivals.note(Change::Assigned(assignments));
        }
    }

    /// Partitions went: first the tokens die, under the lock, then librdkafka lets go.
    fn revoked(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let mut reading = TopicPartitionList::new();
        let mut gone = Vec::new();
        let mut owned = self.ownership.hold();
        for partition in partitions_of(list) {
            let Some((assignment, was_started)) = owned.revoke(&partition) else {
                continue;
            };
            if was_started {
                reading.add_partition(&partition.topic, partition.partition);
            }
            gone.push(assignment);
        }
        drop(owned);
        tracing::debug!(target: "kafka", member = self.voice.name(), "revoked {}", names(&gone));
        if !gone.is_empty() {
            self.arrivals.note(Change::Revoked(gone));
        }
        if let Err(error) = consumer.incremental_unassign(&reading) {
            tracing::warn!(target: "kafka", member = self.voice.name(), "could not let partitions go: {error}");
        }
    }
}

impl ClientContext for MemberContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == SESSION_ENDED {
            self.was_cut_off.store(true, Ordering::Release);
        }
        self.voice.line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code().is_some_and(|code| CUT_OFF.contains(&code)) {
            self.was_cut_off.store(true, Ordering::Release);
        }
        self.voice.event(&error, reason);
    }
}

impl ConsumerContext for MemberContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, what: RDKafkaRespErr, list: &mut TopicPartitionList) {
        match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assigned(consumer, list),
            _ => self.revoked(consumer, list),
        }
    }
}

fn names(assignments: &[Assignment]) -> String {
    let names: Vec<String> = assignments.iter().map(|one| one.topic_partition.to_string()).collect();
    if names.is_empty() { "nothing".into() } else { names.join(" ") }
}
