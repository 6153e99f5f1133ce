//! What came of asking becomes an answer or a typed failure: the last checks of a model's words.

use agents_journal::{Attempts, Verdict, unreadable};
use schemas_codec::Codec;
use schemas_records::model::ModelAnswer;
use schemas_records::{Failure, FailureCode};

use super::budget::charge;
use super::retry::Heard;
use crate::model::{Completion, Error};

/// What is told to every call that waited for this.
pub(super) fn of(
    heard: &Heard,
    attempts: &Attempts,
    answer_bytes_max: usize,
    codec: &Codec,
) -> Result<Verdict, topics_runtime::Error> {
    let result = match answer_or_failure(heard, attempts, answer_bytes_max) {
        Ok(answer) => {
            let encoded = codec.encode(&answer);
            Ok(encoded.map_err(|error| unreadable("write the answer", attempts.call(), &error))?)
        }
        Err(failure) => Err(failure),
    };
    Ok(Verdict {
        result,
        attempts: attempts.sent(),
        unknown_attempts: attempts.unknown(),
        calls_charged: charge(attempts.sent()),
    })
}

/// The answer, or why there is none.
fn answer_or_failure(
    heard: &Heard,
    attempts: &Attempts,
    answer_bytes_max: usize,
) -> Result<ModelAnswer, Failure> {
    match &heard.result {
        Ok(completion) => {
            check(completion, answer_bytes_max)?;
            Ok(answer(completion, heard, attempts))
        }
        Err(error) => Err(failure(error, attempts.sent())),
    }
}

/// Why there is none of a call whose deadline passed after so many requests.
pub(super) fn expired(sent: i32) -> Failure {
    let requests = if sent == 1 { "request" } else { "requests" };
    Failure::new(
        FailureCode::DeadlineExceeded,
        format!("ask a model, {sent} {requests} sent: the deadline passed before there was an answer"),
        "give the task more time; look whether the provider is up, and what its limits are",
    )
}

/// Longest name of a model that is passed on: it comes from outside, and rides in every answer.
const MODEL_CHARS_MAX: usize = 200;

/// Too much and nothing are failures, whoever the model is.
fn check(completion: &Completion, answer_bytes_max: usize) -> Result<(), Failure> {
    let bytes = completion.text.len();
    if bytes > answer_bytes_max {
        return Err(Failure::new(
            FailureCode::ModelFailed,
            format!(
                "{} answered too much: {bytes} bytes, at most {answer_bytes_max} are kept",
                completion.model
            ),
            "lower max_tokens, or ask for less",
        ));
    }
    if completion.text.trim().is_empty() {
        return Err(Failure::new(
            FailureCode::ModelFailed,
            format!("{} answered nothing", completion.model),
            "raise max_tokens, or change the prompt",
        ));
    }
    Ok(())
}

fn answer(completion: &Completion, heard: &Heard, attempts: &Attempts) -> ModelAnswer {
    let tokens = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    ModelAnswer {
        text: completion.text.clone(),
        model: completion.model.chars().take(MODEL_CHARS_MAX).collect(),
        finish: completion.finish,
        input_tokens: tokens(completion.usage.input_tokens),
        output_tokens: tokens(completion.usage.output_tokens),
        attempts: attempts.sent(),
        unknown_attempts: attempts.unknown(),
        latency_ms: i64::try_from(heard.latency.as_millis()).unwrap_or(i64::MAX),
    }
}

fn failure(error: &Error, sent: i32) -> Failure {
    let remedy = match error {
        Error::RateLimited { .. } | Error::Transient { .. } => {
            "submit the task again later; look whether the provider is up"
        }
        Error::Refused { .. } => "check the model's name, its key and the request's parameters",
        Error::BadAnswer { .. } => "change the prompt or lower max_tokens; look at the provider's own log",
    };
    let requests = if sent == 1 { "request" } else { "requests" };
    Failure::new(FailureCode::ModelFailed, format!("ask a model, {sent} {requests} sent: {error}"), remedy)
}
