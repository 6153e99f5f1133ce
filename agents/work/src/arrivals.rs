//! What comes to a work that runs: answers, parts, timers, cancellations.

use bytes::Bytes;
use schemas_records::protocol::Cancellation;
use schemas_records::work::{Awaited, Status, WorkRow};
use schemas_records::{Budget, CallId, Envelope, Failure, FailureCode, Kind, Outcome, WorkId};
use topics_guard::{Guard, stands};
use topics_runtime::{DeadReason, Input, Step, Stopped};

use agents_join::{Arrival, PARTS_BYTES_MAX};

use crate::event::{Answer, Happened};
use crate::machine::Works;
use crate::turn::{Outgoing, Turn};

impl Works {
    /// An answer: the first to a pending call counts, any other is late.
    pub(crate) fn answer(
        &self,
        input: &Input<'_>,
        row: WorkRow,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let Some(index) = pending(&row, envelope, &[Awaited::Answer]) else {
            return self.pass_over(input, Some(row), None, Some("late-answer"));
        };
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        let answered = if stands(Guard::FirstAnswerCounts) {
            turn.row.pending.remove(index)
        } else {
            turn.row.pending[index].clone()
        };
        let result = match self.external_at(&answered.topic) {
            // It was allotted nothing, and whatever it says is left, nothing is.
            Some(tool) => turn.value_of_external(tool, envelope, &input.record.value),
            None => {
                turn.settle(answered.allotment, envelope.limits.budget);
                turn.value_of(envelope, &input.record.value)
            }
        };
        turn.run(Happened::Answer(Answer { name: answered.name, result, codec: self.codec.clone() }))?;
        turn.finish()
    }

    /// A part: the first of its branch counts; the one that makes it enough closes the join.
    pub(crate) fn part(
        &self,
        input: &Input<'_>,
        row: WorkRow,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        let (outcome, value) = turn.part_value(envelope, &input.record.value)?;
        let key = envelope.call.map(|call| call.to_string()).unwrap_or_default();
        let arrival = match &mut turn.row.join {
            Some(join) => agents_join::arrive(join, &key, outcome, value),
            None => Arrival::Duplicate,
        };
        match arrival {
            Arrival::Counted => {
                turn.settle(0, envelope.limits.budget);
                turn.close_join_if_ready()?;
            }
            Arrival::Duplicate => turn.notes.push("late-part"),
            Arrival::Stranger => {
                turn.dead = Some(DeadReason::new(
                    "unknown-part",
                    format!("part {key} is of no branch that this join expects"),
                    "parts are written by the runtime alone; see who wrote this one",
                ));
            }
        }
        turn.finish()
    }

    /// A timer: the agent's own, the join's patience, or the task's deadline.
    pub(crate) fn timer(
        &self,
        input: &Input<'_>,
        row: WorkRow,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let Some(index) = pending(&row, envelope, &[Awaited::Timer, Awaited::Until, Awaited::Deadline])
        else {
            return self.pass_over(input, Some(row), None, Some("late-timer"));
        };
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        let fired = turn.row.pending.remove(index);
        if envelope.outcome == Some(Outcome::Failed) {
            let failure = turn.value_of(envelope, &input.record.value).err().unwrap_or_else(timer_failed);
            turn.end_failed(failure)?;
            return turn.finish();
        }
        match fired.awaited {
            Awaited::Deadline => {
                let message = "the task's deadline passed before it was done";
                let remedy = "give it more time, or look at what it waited for";
                turn.notes.push("deadline-exceeded");
                turn.end_failed(Failure::new(FailureCode::DeadlineExceeded, message, remedy))?;
            }
            Awaited::Until => turn.close_join("until")?,
            Awaited::Timer | Awaited::Answer => turn.run(Happened::Timer(fired.name))?,
        }
        turn.finish()
    }

    /// A cancellation: ends a work that runs, follows the right of one that delegated.
    pub(crate) fn cancel(
        &self,
        input: &Input<'_>,
        row: WorkRow,
        envelope: &Envelope,
        work: WorkId,
    ) -> Result<Step, Stopped> {
        let reason = match self.codec.decode::<Cancellation>(&input.record.value) {
            Ok(cancellation) => cancellation.reason,
            Err(_) => "cancelled".to_owned(),
        };
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        if turn.row.status == Status::Delegated {
            turn.forward_cancellation(&reason)?;
        } else {
            let remedy = "nothing: it was asked for";
            turn.notes.push("cancelled");
            turn.end_failed(Failure::new(FailureCode::Cancelled, reason, remedy))?;
        }
        turn.finish()
    }
}

/// What a timer that could not be set comes to, if it does not say so itself.
fn timer_failed() -> Failure {
    Failure::new(FailureCode::BadAnswer, "a timer failed", "see the timer gateway's dead letters")
}

/// Where in the row the record's call is pending, as one of these.
fn pending(row: &WorkRow, envelope: &Envelope, awaited: &[Awaited]) -> Option<usize> {
    let call = envelope.call?.to_string();
    row.pending.iter().position(|pending| pending.call == call && awaited.contains(&pending.awaited))
}

impl Turn<'_> {
    /// An answer or part carries back what is left of its allotment: never more than that was.
    fn settle(&mut self, allotment: i32, rest: Budget) {
        let allotted = u32::try_from(allotment).unwrap_or(0);
        let is_unbound = allotted == 0 || !stands(Guard::NoMoreThanAllotted);
        let rest = if is_unbound { rest.calls } else { rest.calls.min(allotted) };
        let spent = i32::try_from(allotted.saturating_sub(rest)).unwrap_or(0);
        self.row.calls_spent = self.row.calls_spent.saturating_add(spent);
        let mut budget = self.budget();
        budget.give_back(Budget { calls: rest });
        self.set_budget(budget);
    }

    /// What an answer says. One that cannot be read is a dead letter, and is stepped as a failed one.
    fn value_of(&mut self, envelope: &Envelope, value: &Bytes) -> Result<Bytes, Failure> {
        let read = match envelope.outcome {
            Some(Outcome::Ok) => self.works.codec.name_of(value).map(|_| Ok(value.clone())),
            Some(Outcome::Failed) => self.works.codec.decode::<Failure>(value).map(Err),
            None => return Err(self.bad_answer("it says neither ok nor failed".to_owned())),
        };
        read.unwrap_or_else(|error| Err(self.bad_answer(error.to_string())))
    }

    pub(crate) fn bad_answer(&mut self, message: String) -> Failure {
        let message = format!("read an answer: {message}");
        let remedy = "see that whoever answers writes a schema that this node knows";
        self.dead = Some(DeadReason::new("undecodable", message.clone(), remedy));
        Failure::new(FailureCode::BadAnswer, message, remedy)
    }

    /// A part as it is kept in the join's row: too large or unreadable ones as failures.
    fn part_value(&mut self, envelope: &Envelope, value: &Bytes) -> Result<(Outcome, Bytes), Stopped> {
        let held = self.row.join.as_ref().map_or(0, agents_join::size_bytes);
        let failure = match self.value_of(envelope, value) {
            Ok(value) if held + value.len() <= PARTS_BYTES_MAX => return Ok((Outcome::Ok, value)),
            Ok(value) => Failure::new(
                FailureCode::NotAllowed,
                format!(
                    "the parts of a join hold at most {PARTS_BYTES_MAX} bytes, this one of {} is too much",
                    value.len()
                ),
                "let the branch answer in fewer words",
            ),
            Err(failure) => failure,
        };
        Ok((Outcome::Failed, self.works.encode(&failure)?))
    }

    /// Closes the join if it has what it waits for.
    pub(crate) fn close_join_if_ready(&mut self) -> Result<(), Stopped> {
        if self.row.join.as_ref().is_some_and(agents_join::is_ready) {
            self.close_join("enough")
        } else {
            Ok(())
        }
    }

    /// Closes the join with what is there: the gathering agent's step runs in this same step.
    fn close_join(&mut self, why: &'static str) -> Result<(), Stopped> {
        let Some(join) = self.row.join.take() else {
            return Ok(());
        };
        if why == "until" {
            self.notes.push("join-closed-by-time");
        } else {
            self.cancel_pending(&[Awaited::Until], "the join has closed")?;
        }
        let closed = agents_join::close(join);
        for part in &closed.running {
            let Some(call) = CallId::parse(part.key.as_bytes()) else {
                continue;
            };
            self.send_cancellation(&part.topic, part.partition, &part.key, call, 0, "its join has closed")?;
        }
        match closed.result {
            Ok(gathered) => self.run(Happened::Gathered(gathered)),
            Err(failure) => self.end_failed(failure),
        }
    }

    /// Passes a cancellation on to whoever holds the right now.
    fn forward_cancellation(&mut self, reason: &str) -> Result<(), Stopped> {
        let Some(delegate) = self.row.delegate.clone() else {
            return Ok(());
        };
        let value = self.works.encode(&Cancellation { reason: reason.to_owned(), due: 0 })?;
        let (path, depth, budget) = (self.path(), self.depth(), self.budget());
        self.notes.push("cancellation-forwarded");
        self.send(Outgoing {
            kind: Kind::Cancellation,
            to: schemas_records::Address {
                topic: delegate.topic,
                partition: delegate.partition,
                key: schemas_records::Key::new(delegate.key.as_bytes()),
            },
            path,
            call: CallId::parse(delegate.key.as_bytes()),
            branch: None,
            outcome: None,
            reply_to: None,
            echo: None,
            budget,
            depth,
            value,
        });
        Ok(())
    }
}
