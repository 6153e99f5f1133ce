//! The records of a log, read once: what each is, and which belong together.

use std::collections::BTreeMap;

use schemas_records::headers::AGENT_VERSION;
use schemas_records::{Envelope, Kind, Outcome, ReplyKind};
use topics_log::Record;

use super::{Evidence, FOREIGN, PLANTED, passed_on, place};

/// A record with its envelope.
pub(super) struct Read<'a> {
    pub record: &'a Record,
    pub envelope: Envelope,
}

/// What stands in the log, sorted by what it is. Foreign and planted records are left out.
#[derive(Default)]
pub(super) struct Reading<'a> {
    /// Inputs that intake wrote, in the order of the entry inbox's partitions.
    pub inputs: Vec<Read<'a>>,
    /// Tasks' results, by task id.
    pub results: BTreeMap<String, Vec<Read<'a>>>,
    /// Refusals, by the task record's place.
    pub refusals: BTreeMap<String, Vec<Read<'a>>>,
    /// Answers to calls, by call.
    pub answers: BTreeMap<String, Vec<Read<'a>>>,
    /// Timers that fired, by call.
    pub firings: BTreeMap<String, Vec<Read<'a>>>,
    /// Calls to the model.
    pub calls: Vec<Read<'a>>,
    /// Calls to tools and knowledge.
    pub supplied: Vec<Read<'a>>,
    /// Timers that were set.
    pub settings: Vec<Read<'a>>,
    /// Calls, works and timers that were cancelled, by call; whoever cancelled.
    pub cancelled: BTreeMap<String, usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let mut reading = Self::default();
        let passed_on = passed_on(evidence);
        for record in &evidence.records {
            if is_alien(record) || passed_on.contains(&place(&record.topic_partition, record.offset)) {
                continue;
            }
            if let Ok(envelope) = Envelope::read(&record.headers) {
                reading.sort(evidence, Read { record, envelope });
            }
        }
        reading
    }

    fn sort(&mut self, evidence: &Evidence, read: Read<'a>) {
        let topics = &evidence.topics;
        let topic = &*read.record.topic_partition.topic;
        let call = read.envelope.call.map(|call| call.to_string()).unwrap_or_default();
        match read.envelope.kind {
            Kind::Input if topics.entry.contains(topic) && is_from_intake(&read.envelope) => {
                self.inputs.push(read);
            }
            Kind::Input if topic == topics.model => self.calls.push(read),
            Kind::Input if topics.supplying.contains(topic) => self.supplied.push(read),
            Kind::Input if topic == topics.timers => self.settings.push(read),
            Kind::Result if topic == topics.results => {
                self.results.entry(read.envelope.task.to_string()).or_default().push(read);
            }
            Kind::Refused if topic == topics.results => {
                self.refusals.entry(read.record.key.to_string()).or_default().push(read);
            }
            Kind::Answer => self.answers.entry(call).or_default().push(read),
            Kind::Timer => self.firings.entry(call).or_default().push(read),
            Kind::Cancellation => *self.cancelled.entry(call).or_default() += 1,
            _ => {}
        }
    }

    /// A task's outcome, if it has exactly one.
    pub(super) fn outcome(&self, task: &str) -> Option<(&Read<'a>, Outcome)> {
        match self.results.get(task)?.as_slice() {
            [only] => Some((only, only.envelope.outcome?)),
            _ => None,
        }
    }
}

/// Whether somebody else than the house wrote a record.
pub(super) fn is_alien(record: &Record) -> bool {
    record.headers.get(FOREIGN).is_some() || record.headers.get(PLANTED).is_some()
}

/// Whether a gateway that is called wrote a record: agents' own answers are judged with their steps.
pub(super) fn is_gateways(record: &Record) -> bool {
    const GATEWAYS: [&str; 3] = ["model-gateway/", "tool-gateway/", "knowledge-gateway/"];
    let by = record.headers.text(AGENT_VERSION).unwrap_or_default();
    GATEWAYS.iter().any(|gateway| by.starts_with(gateway))
}

/// Whether intake wrote this input: a delegation owes a result too, but lies deeper.
pub(super) fn is_from_intake(envelope: &Envelope) -> bool {
    let owes_result = envelope.reply_to.as_ref().is_some_and(|to| to.kind == ReplyKind::Result);
    owes_result && envelope.depth == 0 && envelope.asked_at.is_none()
}
