//! The report: what the journal holds becomes the record that answers the call.

use agents_work::reply_record;
use schemas_codec::Codec;
use schemas_records::{Budget, Envelope, Failure, FailureCode, Outcome, ReplyTo};
use topics_log::NewRecord;
use topics_runtime::gateway::Answered;
use topics_runtime::{Error, Remedy};

use crate::asked::Asked;
use crate::journal::{JournalEntry, JournalOutcome};

/// How a gateway speaks: in records, in sentences, in metrics.
#[derive(Clone, Debug)]
pub struct Voice {
    /// What made the answers, for their `agent-version` header.
    pub version: String,
    /// What it reads, with its article: `a model request`.
    pub request: &'static str,
    /// What it does: `ask a model`.
    pub attempted: &'static str,
    /// The word in metrics for failures that have none of their own: `model-failed`.
    pub failed: &'static str,
    /// The counter of calls that ended with a failure, by `code`.
    pub failures: &'static str,
}

/// Writes answers.
#[derive(Clone)]
pub struct Reporter {
    codec: Codec,
    voice: Voice,
}

impl Reporter {
    /// Writes with this codec, in this voice.
    #[must_use]
    pub fn new(codec: Codec, voice: Voice) -> Self {
        Self { codec, voice }
    }

    /// Bytes and records.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// How it speaks.
    #[must_use]
    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Answers with what the journal holds, if it is about this request.
    ///
    /// # Errors
    /// `Stop` if the journal holds what this version does not know.
    pub fn report<Q>(&self, asked: &Asked<Q>, entry: &JournalEntry) -> Result<Answered, Error> {
        if entry.request_hash != asked.hash {
            let failure = Failure::new(
                FailureCode::BadInput,
                format!(
                    "{}: another request was answered under call {} already",
                    self.voice.attempted, asked.call
                ),
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
            let failure = self.codec.decode::<Failure>(&entry.value).ok();
            self.count_failure(failure.map_or(FailureCode::Unknown, |failure| failure.code));
        }
        let rest = rest(asked.envelope.limits.budget, entry.calls_charged);
        let value = entry.value.clone();
        Ok(self.reply(&asked.reply_to, &asked.envelope, outcome, value, rest))
    }

    /// Answers with a value that nobody keeps, and gives the whole allotment back.
    #[must_use]
    pub fn answer(&self, reply_to: &ReplyTo, envelope: &Envelope, value: bytes::Bytes) -> Answered {
        self.reply(reply_to, envelope, Outcome::Ok, value, envelope.limits.budget)
    }

    /// Answers that nothing was sent, and why. It costs nothing and is not journaled: the same request is
    /// refused alike when it comes again.
    ///
    /// # Errors
    /// `Stop` if the failure cannot be written.
    pub fn refuse<Q>(&self, asked: &Asked<Q>, failure: Failure) -> Result<Answered, Error> {
        let record = self.failed(&asked.reply_to, &asked.envelope, failure)?;
        Ok(Answered { records: vec![record], dead: None })
    }

    /// A failed answer that gives the whole allotment back.
    ///
    /// # Errors
    /// `Stop` if the failure cannot be written.
    pub fn failed(
        &self,
        reply_to: &ReplyTo,
        envelope: &Envelope,
        mut failure: Failure,
    ) -> Result<NewRecord, Error> {
        self.count_failure(failure.code);
        failure.path = envelope.path.as_str().to_owned();
        let rest: Budget = envelope.limits.budget;
        let value = self.codec.encode(&failure).map_err(|error| {
            Error::new(
                Remedy::Stop,
                format!("write a failed answer for {}", reply_to.address),
                error.to_string(),
            )
        })?;
        Ok(reply_record(reply_to, envelope, Outcome::Failed, value, rest, &self.voice.version))
    }

    fn reply(
        &self,
        reply_to: &ReplyTo,
        envelope: &Envelope,
        outcome: Outcome,
        value: bytes::Bytes,
        rest: Budget,
    ) -> Answered {
        let record = reply_record(reply_to, envelope, outcome, value, rest, &self.voice.version);
        Answered { records: vec![record], dead: None }
    }

    fn count_failure(&self, code: FailureCode) {
        let code = match code {
            FailureCode::OutOfBudget => "out-of-budget",
            FailureCode::BadInput => "bad-input",
            FailureCode::BadAnswer => "bad-answer",
            FailureCode::DeadlineExceeded => "deadline-exceeded",
            FailureCode::NotAllowed => "not-allowed",
            FailureCode::OutcomeUnknown => "outcome-unknown",
            _ => self.voice.failed,
        };
        // The span of the request, which whoever serves it has entered.
        tracing::Span::current().record("error.type", code);
        metrics::counter!(self.voice.failures, "code" => code).increment(1);
    }
}

/// What is left of an allotment.
fn rest(allotment: Budget, charged: i32) -> Budget {
    Budget { calls: allotment.calls.saturating_sub(u32::try_from(charged).unwrap_or(0)) }
}
