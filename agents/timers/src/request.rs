//! A record of the timers topic, as the gateway understands it: set, cancel, or its own heartbeat; or why
//! it is none of them. Pure: nothing is looked up or kept here.

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::headers;
use schemas_records::protocol::{Cancellation, Timer};
use schemas_records::{Envelope, Failure, FailureCode, Headers, Kind, Message, Outcome, ReplyTo, Timestamp};
use topics_catalog::Directory;
use topics_log::{NewRecord, Record, TopicPartition};
use topics_runtime::DeadReason;

use crate::row::TimerRow;

/// Longest row, in bytes: an envelope takes under 3 KiB at its bounds, a timer's name hardly any; four
/// times that leaves room and keeps a partition's timers in memory under 64 MiB at the very worst.
pub const ROW_BYTES_MAX: usize = 16 * 1024;

/// The kind of a record by which an owner learns the broker's time; all owners pass over it.
pub const HEARTBEAT: &str = "heartbeat";

/// What a record asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A record at a time.
    Set {
        /// The call's id, as text: the row's key.
        call: Bytes,
        /// When.
        due: Timestamp,
        /// The row, encoded.
        row: Bytes,
    },
    /// No record after all.
    Cancel {
        /// The id of the call that set it.
        call: Bytes,
        /// When it would have fired.
        due: Timestamp,
    },
    /// Nothing: somebody wanted to know the broker's time.
    Heartbeat,
}

/// A record that asks for nothing one can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// For the dead letter.
    pub reason: DeadReason,
    /// A failed firing, if it can be seen who waits for one: a deadline's timer that never fires would
    /// leave its task open for ever.
    pub answer: Option<Box<NewRecord>>,
}

/// What requests are read with.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Bytes and records.
    pub codec: &'a Codec,
    /// The topics that may be answered to.
    pub directory: &'a Directory,
    /// Written into every firing.
    pub agent_version: &'a str,
}

/// The heartbeat, to a partition that its sender owns.
#[must_use]
pub fn heartbeat(to: &TopicPartition) -> NewRecord {
    let mut out = Headers::new();
    out.push(headers::KIND, HEARTBEAT);
    NewRecord {
        topic: to.topic.clone(),
        partition: Some(to.partition),
        key: Bytes::new().into(),
        value: Bytes::new(),
        headers: out,
    }
}

impl Reading<'_> {
    /// Reads a record.
    ///
    /// # Errors
    /// [`Bad`], boxed because it is rare and large.
    pub fn read(&self, record: &Record) -> Result<Request, Box<Bad>> {
        if record.headers.text(headers::KIND) == Some(HEARTBEAT) {
            return Ok(Request::Heartbeat);
        }
        let envelope = Envelope::read(&record.headers)
            .map_err(|message| bad("bad-headers", message, "write the headers an agent's call has"))?;
        match envelope.kind {
            Kind::Input => self.set(record, &envelope),
            Kind::Cancellation => self.cancel(record, &envelope),
            other => Err(bad(
                "wrong-kind",
                format!(
                    "the timer gateway takes records of kind input or cancellation, this is of kind {}",
                    other.as_str()
                ),
                "send it to an agent's inbox",
            )),
        }
    }

    fn set(&self, record: &Record, envelope: &Envelope) -> Result<Request, Box<Bad>> {
        let call = call_of(envelope)?;
        let to = envelope.reply_to.as_ref().ok_or_else(|| {
            bad("bad-headers", "header reply-to is missing", "say whose inbox the timer's record goes to")
        })?;
        if !self.directory.holds(&to.address) {
            return Err(undeclared(&to.address.topic, to.address.partition));
        }
        let failed = |wrong: Box<Bad>| self.with_answer(wrong.reason, envelope, to);
        let timer: Timer = self.decode(record).map_err(failed)?;
        let firing = firing(envelope, to, record.value.clone(), self.agent_version, None);
        let row = TimerRow::new(record, &firing, to.address.partition);
        let row = self.codec.encode_state(&row).map_err(|error| {
            failed(bad("unwritable", format!("write the timer's row: {error}"), "use text that is UTF-8"))
        })?;
        if row.len() > ROW_BYTES_MAX {
            let message =
                format!("the timer's row has {} bytes, at most {ROW_BYTES_MAX} are allowed", row.len());
            return Err(failed(bad("too-large", message, "give it a shorter name")));
        }
        Ok(Request::Set { call, due: Timestamp(timer.due), row })
    }

    fn cancel(&self, record: &Record, envelope: &Envelope) -> Result<Request, Box<Bad>> {
        let call = call_of(envelope)?;
        let cancellation: Cancellation = self.decode(record)?;
        Ok(Request::Cancel { call, due: Timestamp(cancellation.due) })
    }

    fn decode<M: Message>(&self, record: &Record) -> Result<M, Box<Bad>> {
        self.codec.decode(&record.value).map_err(|error| {
            bad("undecodable", error.to_string(), "send the record that the runtime's schemas describe")
        })
    }

    fn with_answer(&self, reason: DeadReason, envelope: &Envelope, to: &ReplyTo) -> Box<Bad> {
        let failure = Failure::new(FailureCode::BadInput, reason.message.clone(), reason.remedy.clone());
        let answer = |value| firing(envelope, to, value, self.agent_version, Some(Outcome::Failed));
        let answer = self.codec.encode(&failure).ok().map(answer).map(Box::new);
        Box::new(Bad { reason, answer })
    }
}

/// The record that fires, or that says that nothing will.
fn firing(
    asked: &Envelope,
    to: &ReplyTo,
    value: Bytes,
    agent_version: &str,
    outcome: Option<Outcome>,
) -> NewRecord {
    let mut envelope = asked.clone();
    envelope.kind = Kind::Timer;
    envelope.call = Some(to.call);
    envelope.outcome = outcome;
    envelope.reply_to = None;
    envelope.hops = asked.hops.saturating_add(1);
    agent_version.clone_into(&mut envelope.agent_version);
    NewRecord {
        topic: to.address.topic.as_str().into(),
        partition: Some(to.address.partition),
        key: to.address.key.clone(),
        value,
        headers: envelope.write(),
    }
}

fn call_of(envelope: &Envelope) -> Result<Bytes, Box<Bad>> {
    let call = envelope.call.ok_or_else(|| {
        bad("bad-headers", "header call-id is missing", "name the call that sets or set the timer")
    })?;
    Ok(call.key().to_bytes())
}

/// The reason for an address that no declared topic has.
pub fn undeclared(topic: &str, partition: i32) -> Box<Bad> {
    bad(
        "undeclared-topic",
        format!("the timer's record would go to {topic}/{partition}, which is not declared here"),
        "declare the asker's team on this node, or ask from a declared inbox",
    )
}

fn bad(code: &'static str, message: impl Into<String>, remedy: &str) -> Box<Bad> {
    Box::new(Bad { reason: DeadReason::new(code, message, remedy), answer: None })
}

#[cfg(test)]
mod tests;
