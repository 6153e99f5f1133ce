//! One step in the making: the row as it will be, and the records that will go out.

use bytes::Bytes;
use schemas_records::protocol::Timer;
use schemas_records::work::{Awaited, Pending, Status, WorkRow};
use schemas_records::{
    Address, Budget, CallId, Echo, Envelope, Kind, Limits, Message, Origin, Outcome, Position, ReplyKind,
    ReplyTo, SpanId, TaskId, Timestamp, Trace, WorkId, WorkPath,
};
use topics_guard::{Guard, stands};
use topics_log::{NewRecord, Record};
use topics_runtime::{DeadReason, NewState, Step, Stopped};

use crate::machine::Works;

/// A record that a step sends, as far as it differs from what every record of the work carries.
pub(crate) struct Outgoing {
    pub(crate) kind: Kind,
    pub(crate) to: Address,
    pub(crate) path: WorkPath,
    pub(crate) call: Option<CallId>,
    pub(crate) branch: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reply_to: Option<ReplyTo>,
    /// The step that the answer is to echo: this one, or, where the right to reply is handed on, the one
    /// that asked this work.
    pub(crate) echo: Option<Echo>,
    pub(crate) budget: Budget,
    pub(crate) depth: u32,
    pub(crate) value: Bytes,
}

/// One step in the making.
pub(crate) struct Turn<'a> {
    pub(crate) works: &'a Works,
    pub(crate) record: &'a Record,
    pub(crate) position: Position,
    pub(crate) work: WorkId,
    /// The event's time, clamped to the work's last.
    pub(crate) at: Timestamp,
    pub(crate) row: WorkRow,
    pub(crate) outputs: Vec<NewRecord>,
    pub(crate) dead: Option<DeadReason>,
    pub(crate) notes: Vec<&'static str>,
    /// What its records hand on: the work's trace, at this step.
    traceparent: Option<String>,
    /// Numbers the calls of this step.
    index: u32,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        works: &'a Works,
        record: &'a Record,
        position: Position,
        work: WorkId,
        mut row: WorkRow,
        hops: u32,
    ) -> Self {
        let at = if stands(Guard::TimeOfTheLog) {
            record.timestamp.max(Timestamp(row.last_at))
        } else {
            machines_time()
        };
        row.last_at = at.0;
        row.hops = row.hops.max(i32::try_from(hops).unwrap_or(i32::MAX));
        row.steps = row.steps.saturating_add(1);
        let span = SpanId::of_step(&record.topic_partition.topic, position);
        let traceparent = Trace::parse(&row.traceparent).map(|trace| trace.next(span).to_string());
        Self {
            works,
            record,
            position,
            work,
            at,
            row,
            outputs: Vec::new(),
            dead: None,
            notes: Vec::new(),
            traceparent,
            index: 0,
        }
    }

    /// The id of the step's next call.
    pub(crate) fn next_call(&mut self) -> CallId {
        self.index += 1;
        CallId::of(&self.works.me, self.work, self.position, self.index - 1)
    }

    /// This work's own address, to be answered at.
    pub(crate) fn me(&self) -> Address {
        Address {
            topic: self.record.topic_partition.topic.to_string(),
            partition: self.position.partition,
            key: self.record.key.clone(),
        }
    }

    /// Who is owed this work's answer.
    pub(crate) fn reply_to(&self) -> Option<ReplyTo> {
        ReplyTo::parse(&self.row.reply_to).ok()
    }

    pub(crate) fn budget(&self) -> Budget {
        Budget { calls: u32::try_from(self.row.budget_calls).unwrap_or(0) }
    }

    pub(crate) fn set_budget(&mut self, budget: Budget) {
        self.row.budget_calls = i32::try_from(budget.calls).unwrap_or(i32::MAX);
    }

    pub(crate) fn path(&self) -> WorkPath {
        WorkPath::new(&self.row.path)
    }

    pub(crate) fn depth(&self) -> u32 {
        u32::try_from(self.row.depth).unwrap_or(0)
    }

    /// The envelope that this work's records carry, before they differ.
    pub(crate) fn envelope(&self, kind: Kind) -> Envelope {
        Envelope {
            kind,
            task: self.task(),
            path: self.path(),
            call: None,
            branch: None,
            outcome: None,
            reply_to: None,
            limits: Limits {
                deadline: Timestamp(self.row.deadline),
                budget: self.budget(),
                priority: u8::try_from(self.row.priority).unwrap_or(0),
                tenant: self.row.tenant.clone(),
            },
            origin: self.origin(),
            accepted_at: Timestamp(self.row.accepted_at),
            asked_at: self.echo(),
            depth: self.depth(),
            hops: u32::try_from(self.row.hops).unwrap_or(0).saturating_add(1),
            traceparent: self.traceparent.clone(),
            agent_version: self.works.version.clone(),
        }
    }

    /// The task. Rows are written by this crate alone, from envelopes it has read.
    pub(crate) fn task(&self) -> TaskId {
        TaskId::new(&self.row.task).unwrap_or_else(|_| TaskId::of_origin(&self.row.origin, 0, 0))
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::parse(&self.row.origin).unwrap_or(Origin {
            topic: self.row.origin.clone(),
            partition: 0,
            offset: 0,
        })
    }

    /// This step, as an answer to what it asks echoes it.
    pub(crate) fn echo(&self) -> Option<Echo> {
        Some(Echo { position: self.position, at: self.at })
    }

    pub(crate) fn send(&mut self, out: Outgoing) {
        let mut envelope = self.envelope(out.kind);
        envelope.path = out.path;
        envelope.call = out.call;
        envelope.branch = out.branch;
        envelope.outcome = out.outcome;
        envelope.reply_to = out.reply_to;
        envelope.asked_at = out.echo;
        envelope.limits.budget = out.budget;
        envelope.depth = out.depth;
        self.outputs.push(NewRecord {
            topic: out.to.topic.as_str().into(),
            partition: Some(out.to.partition),
            key: out.to.key,
            value: out.value,
            headers: envelope.write(),
        });
    }

    /// Has the timer gateway send a record at `due`, and waits for it.
    pub(crate) fn set_timer(&mut self, awaited: Awaited, name: &str, due: Timestamp) -> Result<(), Stopped> {
        let call = self.next_call();
        let to = self.works.runtime_address("timers", &call.key())?;
        let value = self.works.encode(&Timer { due: due.0, name: name.to_owned() })?;
        let reply_to = ReplyTo { kind: ReplyKind::Answer, address: self.me(), call };
        self.row.pending.push(Pending {
            call: call.to_string(),
            name: name.to_owned(),
            awaited,
            topic: to.topic.clone(),
            partition: to.partition,
            key: to.key.to_string(),
            due: due.0,
            allotment: 0,
        });
        let (path, depth) = (self.path(), self.depth());
        self.send(Outgoing {
            kind: Kind::Input,
            to,
            path,
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to: Some(reply_to),
            echo: self.echo(),
            budget: Budget::EMPTY,
            depth,
            value,
        });
        Ok(())
    }

    /// The step as the worker takes it: the row is written whatever happened.
    pub(crate) fn finish(self) -> Result<Step, Stopped> {
        let value = self.works.encode_row(&self.row)?;
        let state = match self.row.status {
            Status::Open => NewState::Value(value),
            Status::Absent => NewState::Absent { value, lives: self.works.bounds.late },
            Status::Replied | Status::Failed | Status::Delegated => {
                NewState::Ended { value, lives: self.works.tombstone_lives(&self.row, self.at) }
            }
        };
        Ok(Step { state, outputs: self.outputs, dead: self.dead, notes: self.notes })
    }
}

impl Works {
    /// Writes a message of the runtime's own; that this fails is a bug, and the node stops.
    pub(crate) fn encode<M: Message>(&self, message: &M) -> Result<Bytes, Stopped> {
        self.codec
            .encode(message)
            .map_err(|error| Stopped { reason: format!("write a {}: {error}", M::NAME) })
    }
}

/// What no step may ask. It stands here so that a test can show what comes of asking it.
#[allow(clippy::disallowed_methods, reason = "the guard's opposite")]
fn machines_time() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
