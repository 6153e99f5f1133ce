//! First step: a record becomes a request that can be worked on, or is answered on the spot.

use schemas_records::model::ModelRequest;
use schemas_records::{CallId, Envelope, Failure, FailureCode, Key, ReplyTo};
use topics_log::Token;
use topics_runtime::gateway::{Answered, Request};
use topics_runtime::{DeadReason, Error};

use super::report::Reporter;

/// Longest prompt, all messages together: half of what a record may have. Some 130,000 tokens, more than
/// most models take.
pub const PROMPT_BYTES_MAX: usize = 512 * 1024;

/// Highest temperature any provider takes.
const TEMPERATURE_MAX: f64 = 2.0;

/// A request that can be worked on.
#[derive(Debug)]
pub(super) struct Asked {
    /// The call.
    pub(super) call: CallId,
    /// What is asked.
    pub(super) request: ModelRequest,
    /// Names the question; see [`ModelRequest::hash`].
    pub(super) hash: String,
    /// Who meets whom: see [`ModelRequest::routing_key`].
    pub(super) key: Key,
    /// Who is owed the answer.
    pub(super) reply_to: ReplyTo,
    /// The headers.
    pub(super) envelope: Envelope,
    /// The ownership of the partition it was read from.
    pub(super) token: Token,
}

/// Reads a request, or answers it at once: with a dead letter if nobody can be told or the value cannot be
/// read, with a failed answer if somebody can.
pub(super) fn read(request: Request, reporter: &Reporter) -> Result<Result<Asked, Answered>, Error> {
    let Request { envelope, record, token } = request;
    let Some(reply_to) = envelope.reply_to.clone() else {
        let reason = DeadReason::new(
            "no-reply-to",
            "read a model request: header reply-to is missing, so nobody can be told",
            "send it with the headers an agent's call has",
        );
        return Ok(Err(Answered { records: Vec::new(), dead: Some(reason) }));
    };
    let call = envelope.call.unwrap_or(reply_to.call);
    let model_request = match reporter.codec().decode::<ModelRequest>(&record.value) {
        Ok(model_request) => model_request,
        Err(error) => {
            let remedy = "send a framed tributary.ModelRequest";
            let failure = Failure::new(FailureCode::BadInput, error.to_string(), remedy);
            let records = vec![reporter.failed(&reply_to, &envelope, failure)?];
            let reason = DeadReason::new("undecodable", error.to_string(), remedy);
            return Ok(Err(Answered { records, dead: Some(reason) }));
        }
    };
    if let Err(problem) = check(&model_request) {
        let failure = Failure::new(
            FailureCode::BadInput,
            format!("read a model request: {problem}"),
            "change the agent that asks",
        );
        let records = vec![reporter.failed(&reply_to, &envelope, failure)?];
        return Ok(Err(Answered { records, dead: None }));
    }
    let tenant = &envelope.limits.tenant;
    Ok(Ok(Asked {
        call,
        hash: model_request.hash(tenant),
        key: model_request.routing_key(tenant, call),
        request: model_request,
        reply_to,
        envelope,
        token,
    }))
}

/// Whether any provider could take it.
fn check(request: &ModelRequest) -> Result<(), String> {
    let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
    if bytes == 0 {
        return Err("the prompt is empty".to_owned());
    }
    if bytes > PROMPT_BYTES_MAX {
        return Err(format!("the prompt has {bytes} bytes, at most {PROMPT_BYTES_MAX} are allowed"));
    }
    if request.max_tokens < 1 {
        return Err(format!("max_tokens is {}, at least 1 is needed", request.max_tokens));
    }
    // Not a number fails this too.
    if !(0.0..=TEMPERATURE_MAX).contains(&request.temperature) {
        return Err(format!("temperature is {}, 0 to {TEMPERATURE_MAX} are allowed", request.temperature));
    }
    Ok(())
}
