//! What is left of an account's limits, in headers, and refusals. All times in them are the asker's own.
//!
//! Each limit that there is has its headers: `requests`, `input-tokens`, `output-tokens`, `tokens-per-day`,
//! `money-per-day` (micro-units), `concurrent`; and `tokens`, which shows that one of the two token limits of
//! a minute of which the smaller share is left.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::Clock;
use crate::answers::{json_body, refused};
use crate::engine::limits::{Dimension, Shown};
use crate::engine::refusal::{Reason, Refusal};
use crate::headers::{insert, limit};
use crate::script::Fault;

/// Sets what an account's limits are; a fault may lie about them.
pub(crate) fn limits(headers: &mut HeaderMap, clock: Clock, shown: &[Shown], fault: Option<&Fault>) {
    let mut set = |of: &str, shown: &Shown| {
        let (remaining, reset) = match fault {
            Some(Fault::LyingHeaders { remaining, reset_seconds }) => {
                (*remaining, Duration::from_secs(*reset_seconds))
            }
            _ => (shown.remaining, clock.real(shown.reset)),
        };
        limit(headers, of, shown.limit, remaining, reset);
    };
    for one in shown {
        set(one.dimension.word(), one);
    }
    let of_tokens = |one: &&Shown| matches!(one.dimension, Dimension::InputTokens | Dimension::OutputTokens);
    let share = |one: &&Shown| u128::from(one.remaining) * 1_000_000 / u128::from(one.limit.max(1));
    if let Some(tightest) = shown.iter().filter(of_tokens).min_by_key(share) {
        set("tokens", tightest);
    }
}

/// The response to a call that is refused.
pub(crate) fn refusal(refusal: &Refusal, clock: Clock, shown: &[Shown]) -> Response {
    if let Reason::Fault(fault) = &refusal.reason {
        let mut response = refused(fault);
        limits(response.headers_mut(), clock, shown, None);
        return response;
    }
    let mut response = error(refusal.status(), refusal.code(), &refusal.message());
    limits(response.headers_mut(), clock, shown, None);
    if let Some(after) = refusal.after() {
        let after = clock.real(after);
        let milliseconds = after.as_nanos().div_ceil(1_000_000);
        insert(response.headers_mut(), "retry-after", &milliseconds.div_ceil(1000).to_string());
        insert(response.headers_mut(), "retry-after-ms", &milliseconds.to_string());
    }
    response
}

/// An error in OpenAI's words.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Response {
    let kind = match status {
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    };
    json_body(status, &json!({"error": {"message": message, "type": kind, "param": null, "code": code}}))
}
