//! The report: what the journal holds becomes the record that answers the call.

use agents_work::reply_record;
use schemas_codec::Codec;
use schemas_records::{Budget, Envelope, Failure, FailureCode, Outcome, ReplyTo};
use topics_log::NewRecord;
use topics_runtime::gateway::Answered;
use topics_runtime::{Error, Remedy};

use super::asked::Asked;
use super::budget;
use super::journal::{JournalEntry, JournalOutcome};
use crate::names;

/// Writes answers.
#[derive(Clone)]
pub(super) struct Reporter {
    codec: Codec,
    version: String,
}

impl Reporter {
    pub(super) fn new(codec: Codec, version: String) -> Self {
        Self { codec, version }
    }

    pub(super) fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Answers with what the journal holds, if it is about this request.
    pub(super) fn report(&self, asked: &Asked, entry: &JournalEntry) -> Result<Answered, Error> {
        if entry.request_hash != asked.hash {
            let failure = Failure::new(
                FailureCode::BadInput,
                format!("ask a model: another request was answered under call {} already", asked.call),
                "give each request a call id of its own",
            );
            return self.refuse(asked, failure);
        }
        let outcome = match entry.outcome {
            JournalOutcome::Ok => Outcome::Ok,
            JournalOutcome::Failed => Outcome::Failed,
            JournalOutcome::Unknown => {
                return Err(Error::new(
                    Remedy::Stop,
                    format!("report the answer of call {}", asked.call),
                    "the journal holds a kind of answer that this version does not know; start the newer one",
                ));
            }
        };
        if outcome == Outcome::Failed {
            metrics::counter!(names::FAILURES, "code" => "model-failed").increment(1);
        }
        let rest = budget::rest(asked.envelope.limits.budget, entry.calls_charged);
        let value = entry.value.clone();
        let record = reply_record(&asked.reply_to, &asked.envelope, outcome, value, rest, &self.version);
        Ok(Answered { records: vec![record], dead: None })
    }

    /// Answers that nothing was sent, and why. It costs nothing and is not journaled: the same request is
    /// refused alike when it comes again.
    pub(super) fn refuse(&self, asked: &Asked, failure: Failure) -> Result<Answered, Error> {
        let record = self.failed(&asked.reply_to, &asked.envelope, failure)?;
        Ok(Answered { records: vec![record], dead: None })
    }

    /// A failed answer that gives the whole allotment back.
    pub(super) fn failed(
        &self,
        reply_to: &ReplyTo,
        envelope: &Envelope,
        mut failure: Failure,
    ) -> Result<NewRecord, Error> {
        let code = if failure.code == FailureCode::OutOfBudget { "out-of-budget" } else { "bad-input" };
        metrics::counter!(names::FAILURES, "code" => code).increment(1);
        failure.path = envelope.path.as_str().to_owned();
        let rest: Budget = envelope.limits.budget;
        let value = self.codec.encode(&failure).map_err(|error| {
            Error::new(
                Remedy::Stop,
                format!("write a failed answer for {}", reply_to.address),
                error.to_string(),
            )
        })?;
        Ok(reply_record(reply_to, envelope, Outcome::Failed, value, rest, &self.version))
    }
}
