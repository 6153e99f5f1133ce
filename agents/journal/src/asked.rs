//! First step: a record becomes a request that can be worked on, or is answered on the spot.

use schemas_records::{CallId, Envelope, Failure, FailureCode, Key, Message, ReplyTo};
use topics_log::Token;
use topics_runtime::gateway::{Answered, Request};
use topics_runtime::{DeadReason, Error};

use crate::report::Reporter;

/// A request that can be worked on.
#[derive(Debug)]
pub struct Asked<Q> {
    /// The call.
    pub call: CallId,
    /// What is asked.
    pub request: Q,
    /// Names the question: equal hashes are the same question.
    pub hash: String,
    /// Who meets whom: the key of the record that asked.
    pub key: Key,
    /// Who is owed the answer.
    pub reply_to: ReplyTo,
    /// The headers.
    pub envelope: Envelope,
    /// The ownership of the partition it was read from.
    pub token: Token,
}

/// What names a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// See [`Asked::hash`].
    pub hash: String,
    /// See [`Asked::key`].
    pub key: Key,
}

/// Reads a request, or answers it at once: with a dead letter if nobody can be told or the value cannot be
/// read, with a failed answer if somebody can. `check` says what is wrong with a question that nobody could
/// answer; `identify` names it, for a tenant and a call.
///
/// # Errors
/// `Stop` if the failure cannot be written.
pub fn read<Q: Message>(
    request: Request,
    reporter: &Reporter,
    check: impl FnOnce(&Q) -> Result<(), String>,
    identify: impl FnOnce(&Q, &str, CallId) -> Identity,
) -> Result<Result<Asked<Q>, Answered>, Error> {
    let Request { envelope, record, token } = request;
    let what = reporter.voice().request;
    let Some(reply_to) = envelope.reply_to.clone() else {
        let reason = DeadReason::new(
            "no-reply-to",
            format!("read {what}: header reply-to is missing, so nobody can be told"),
            "send it with the headers an agent's call has",
        );
        return Ok(Err(Answered { records: Vec::new(), dead: Some(reason) }));
    };
    let call = envelope.call.unwrap_or(reply_to.call);
    let question = match reporter.codec().decode::<Q>(&record.value) {
        Ok(question) => question,
        Err(error) => {
            let remedy = format!("send a framed {}", Q::NAME);
            let failure = Failure::new(FailureCode::BadInput, error.to_string(), remedy.as_str());
            let records = vec![reporter.failed(&reply_to, &envelope, failure)?];
            let reason = DeadReason::new("undecodable", error.to_string(), remedy);
            return Ok(Err(Answered { records, dead: Some(reason) }));
        }
    };
    if let Err(problem) = check(&question) {
        let failure = Failure::new(
            FailureCode::BadInput,
            format!("read {what}: {problem}"),
            "change the agent that asks",
        );
        let records = vec![reporter.failed(&reply_to, &envelope, failure)?];
        return Ok(Err(Answered { records, dead: None }));
    }
    let Identity { hash, key } = identify(&question, &envelope.limits.tenant, call);
    Ok(Ok(Asked { call, request: question, hash, key, reply_to, envelope, token }))
}
