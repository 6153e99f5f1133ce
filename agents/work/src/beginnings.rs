//! How a work begins: by an input or by an expectation, and by nothing else.

use bytes::Bytes;
use schemas_records::ids::content_hash;
use schemas_records::protocol::{ClosingReason, Expectation};
use schemas_records::work::{Awaited, Status, WorkRow};
use schemas_records::{Envelope, Failure, FailureCode, Key, Kind, Outcome, ReplyKind, Timestamp, WorkId};
use topics_log::NewRecord;
use topics_runtime::{DeadReason, Input, Step, Stopped};

use crate::bounds::{DEPTH_MAX, HOPS_MAX};
use crate::event::Happened;
use crate::machine::Works;
use crate::turn::Turn;

/// The row of a work that begins with this record.
pub(crate) fn new_row(envelope: &Envelope, value: &Bytes) -> WorkRow {
    let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    WorkRow {
        status: Status::Open,
        task: envelope.task.to_string(),
        path: envelope.path.as_str().to_owned(),
        origin: envelope.origin.to_string(),
        content: content_hash(&[value]),
        accepted_at: envelope.accepted_at.0,
        reply_to: envelope.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
        asked_at: envelope.asked_at.map(|echo| echo.to_string()).unwrap_or_default(),
        deadline: envelope.limits.deadline.0,
        budget_calls: small(envelope.limits.budget.calls),
        priority: i32::from(envelope.limits.priority),
        tenant: envelope.limits.tenant.clone(),
        depth: small(envelope.depth),
        hops: small(envelope.hops),
        traceparent: envelope.traceparent.clone().unwrap_or_default(),
        last_at: 0,
        pending: Vec::new(),
        join: None,
        delegate: None,
        state: Bytes::new(),
        calls_spent: 0,
        steps: 0,
    }
}

impl Works {
    /// An input finds no work: it begins one.
    pub(crate) fn begin(
        &self,
        input: &Input<'_>,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let row = new_row(envelope, &input.record.value);
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        if let Some(failure) = beyond_bounds(envelope) {
            turn.end_failed(failure)?;
            return turn.finish();
        }
        turn.run(Happened::Input(input.record.value.clone()))?;
        turn.finish()
    }

    /// An expectation finds no work: the join begins, and closes at once if it waits for nothing.
    pub(crate) fn begin_join(
        &self,
        input: &Input<'_>,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let row = new_row(envelope, &input.record.value);
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        if let Some(failure) = beyond_bounds(envelope) {
            turn.end_failed(failure)?;
            return turn.finish();
        }
        let expectation = match self.codec.decode::<Expectation>(&input.record.value) {
            Ok(expectation) => expectation,
            Err(error) => {
                let message = format!("read an expectation: {error}");
                let remedy = "only agents of this runtime write expectations; see that versions fit";
                turn.dead = Some(DeadReason::new("undecodable", message.clone(), remedy));
                turn.end_failed(Failure::new(FailureCode::BadInput, message, remedy))?;
                return turn.finish();
            }
        };
        match agents_join::open(&expectation) {
            Ok(join) => {
                turn.row.join = Some(join);
                turn.set_timer(Awaited::Until, "until", Timestamp(expectation.until))?;
                turn.close_join_if_ready()?;
            }
            Err(error) => {
                let remedy = "mend the agent that forks";
                turn.end_failed(Failure::new(FailureCode::NotAllowed, error.to_string(), remedy))?;
            }
        }
        turn.finish()
    }

    /// An input finds a work: the same record again, the same task again, or another task under its id.
    pub(crate) fn again(
        &self,
        input: &Input<'_>,
        row: WorkRow,
        envelope: &Envelope,
    ) -> Result<Step, Stopped> {
        let is_task =
            envelope.reply_to.as_ref().is_some_and(|to| to.kind == ReplyKind::Result) && row.depth == 0;
        if !is_task || row.origin == envelope.origin.to_string() {
            return self.pass_over(input, Some(row), None, Some("repeat"));
        }
        if row.content == content_hash(&[&input.record.value]) {
            let mut step = self.pass_over(input, Some(row), None, Some("duplicate-task"))?;
            step.outputs.push(self.closing(envelope, ClosingReason::Duplicate)?);
            return Ok(step);
        }
        let message = format!("task id {} was used before with other content", envelope.task);
        let failure = Failure::new(FailureCode::Refused, message, "give each task an id of its own");
        let mut step = self.pass_over(input, Some(row), None, Some("refused-task"))?;
        step.outputs.push(self.refusal(envelope, &failure)?);
        step.outputs.push(self.closing(envelope, ClosingReason::Refused)?);
        Ok(step)
    }

    /// A refusal: under the record's own place, never under an id that has an outcome.
    fn refusal(&self, envelope: &Envelope, failure: &Failure) -> Result<NewRecord, Stopped> {
        let key = Key::new(envelope.origin.to_string().as_bytes());
        let to = self.runtime_address("results", &key)?;
        let mut headers = envelope.clone();
        headers.kind = Kind::Refused;
        headers.outcome = Some(Outcome::Failed);
        headers.reply_to = None;
        headers.hops = envelope.hops.saturating_add(1);
        self.version.clone_into(&mut headers.agent_version);
        Ok(NewRecord {
            topic: to.topic.as_str().into(),
            partition: Some(to.partition),
            key,
            value: self.encode(failure)?,
            headers: headers.write(),
        })
    }
}

/// Whether a record lies deeper or further from its task than anything honest does.
fn beyond_bounds(envelope: &Envelope) -> Option<Failure> {
    let (what, found, allowed) = if envelope.depth > DEPTH_MAX {
        ("levels of calls and forks", envelope.depth, DEPTH_MAX)
    } else if envelope.hops > HOPS_MAX {
        ("records", envelope.hops, HOPS_MAX)
    } else {
        return None;
    };
    Some(Failure::new(
        FailureCode::NotAllowed,
        format!("this work lies {found} {what} below its task, at most {allowed} are allowed"),
        "look for an agent that calls itself without end",
    ))
}
