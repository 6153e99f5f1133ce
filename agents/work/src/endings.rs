//! How a work ends: it replies, fails or delegates, once, and what it waited for is cancelled.

use bytes::Bytes;
use schemas_records::failure::cut;
use schemas_records::headers::Headers;
use schemas_records::protocol::{Cancellation, Closing, ClosingReason};
use schemas_records::work::{Awaited, Pending, Status};
use schemas_records::{Address, Budget, CallId, Echo, Envelope, Failure, Key, Kind, Outcome, ReplyKind};
use topics_log::NewRecord;
use topics_runtime::Stopped;

use crate::external::json;
use crate::machine::Works;
use crate::reply::reply_record;
use crate::turn::{Outgoing, Turn};

impl Turn<'_> {
    /// Ends the work with its answer.
    pub(crate) fn end_replied(&mut self, value: Bytes) -> Result<(), Stopped> {
        self.end(Status::Replied, Outcome::Ok, value)
    }

    /// Ends the work with a failure, which says where it happened and what was spent.
    pub(crate) fn end_failed(&mut self, mut failure: Failure) -> Result<(), Stopped> {
        if failure.path.is_empty() {
            failure.path.clone_from(&self.row.path);
            failure.calls_spent = self.row.calls_spent;
        }
        // An agent's own, or one that came as an answer: cut here, whoever made it.
        failure.message = cut(failure.message);
        failure.remedy = cut(failure.remedy);
        let value = self.works.encode(&failure)?;
        self.end(Status::Failed, Outcome::Failed, value)
    }

    fn end(&mut self, status: Status, outcome: Outcome, value: Bytes) -> Result<(), Stopped> {
        self.cancel_pending(
            &[Awaited::Answer, Awaited::Timer, Awaited::Deadline, Awaited::Until],
            "its asker has ended",
        )?;
        self.cancel_parts()?;
        if let Some(to) = self.reply_to() {
            let kind = to.kind;
            let mut asked = self.envelope(Kind::Answer);
            // What an answer echoes is the step that asked, not this one.
            asked.asked_at = Echo::parse(&self.row.asked_at);
            asked.hops = asked.hops.saturating_sub(1);
            if kind == ReplyKind::Part {
                asked.branch = self.row.path.rsplit('/').next().map(str::to_owned);
            }
            self.outputs.push(reply_record(&to, &asked, outcome, value, self.budget(), &self.works.version));
            if kind == ReplyKind::Result {
                let reason =
                    if outcome == Outcome::Ok { ClosingReason::Result } else { ClosingReason::Failure };
                self.outputs.push(self.works.closing(&asked, reason)?);
            }
        }
        self.bury_row(status);
        Ok(())
    }

    /// The tombstone: what is needed to know a duplicate, and nothing more.
    pub(crate) fn bury_row(&mut self, status: Status) {
        self.row.status = status;
        self.row.pending.clear();
        self.row.join = None;
        self.row.state = Bytes::new();
        self.row.reply_to.clear();
    }

    /// Cancels what is awaited in one of these ways.
    pub(crate) fn cancel_pending(&mut self, awaited: &[Awaited], reason: &str) -> Result<(), Stopped> {
        let (ending, staying): (Vec<Pending>, Vec<Pending>) = std::mem::take(&mut self.row.pending)
            .into_iter()
            .partition(|pending| awaited.contains(&pending.awaited));
        self.row.pending = staying;
        for pending in ending {
            let Some(call) = CallId::parse(pending.call.as_bytes()) else {
                continue;
            };
            self.send_cancellation(
                &pending.topic,
                pending.partition,
                &pending.key,
                call,
                pending.due,
                reason,
            )?;
        }
        Ok(())
    }

    /// Cancels the parts that a join still waits for.
    fn cancel_parts(&mut self) -> Result<(), Stopped> {
        let Some(join) = self.row.join.take() else {
            return Ok(());
        };
        for part in agents_join::close(join).running {
            let Some(call) = CallId::parse(part.key.as_bytes()) else {
                continue;
            };
            self.send_cancellation(&part.topic, part.partition, &part.key, call, 0, "its join has ended")?;
        }
        Ok(())
    }

    /// A cancellation goes to the same topic, partition and key as what it ends.
    pub(crate) fn send_cancellation(
        &mut self,
        topic: &str,
        partition: i32,
        key: &str,
        call: CallId,
        due: i64,
        reason: &str,
    ) -> Result<(), Stopped> {
        let mut value = self.works.encode(&Cancellation { reason: reason.to_owned(), due })?;
        if self.works.external_at(topic).is_some() {
            let readable = json(&self.works.codec, &value);
            value = readable.map_err(|error| Stopped { reason: format!("show a cancellation: {error}") })?;
        }
        let (path, depth) = (self.path(), self.depth());
        self.send(Outgoing {
            kind: Kind::Cancellation,
            to: Address { topic: topic.to_owned(), partition, key: Key::new(key.as_bytes()) },
            path,
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to: None,
            echo: None,
            budget: Budget::EMPTY,
            depth,
            value,
        });
        Ok(())
    }
}

impl Works {
    /// Tells intake that the task is no longer open, in the partition of the task's origin.
    pub(crate) fn closing(&self, envelope: &Envelope, reason: ClosingReason) -> Result<NewRecord, Stopped> {
        let origin = &envelope.origin;
        let closing = Closing {
            topic: origin.topic.clone(),
            partition: origin.partition,
            offset: origin.offset,
            reason,
        };
        let key = Key::new(origin.to_string().as_bytes());
        let address = self.runtime_address("closings", &key)?;
        let mut headers = Headers::new();
        headers.push(schemas_records::headers::KIND, Kind::Closing.as_str());
        headers.push(schemas_records::headers::TASK_ID, envelope.task.as_str());
        Ok(NewRecord {
            topic: address.topic.as_str().into(),
            partition: Some(origin.partition),
            key,
            value: self.encode(&closing)?,
            headers,
        })
    }
}
