//! Errors: what a status or an error object means, by what is to be done.

use std::time::Duration;

use agents_model::model::Error;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use crate::after;

/// How much of a strange body is shown.
const EXCERPT_CHARS_MAX: usize = 200;

/// Codes of a 429 for which waiting is no remedy: the account is empty.
const SPENT_CODES: [&str; 3] = ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];

/// A response whose status is not 200.
pub(crate) fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let object = parsed.as_ref().and_then(|value| value.get("error"));
    let said = object.map_or_else(|| excerpt(body), describe);
    let message = format!("status {}: {said}", status.as_u16());
    let after = after::pause(headers);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return match object {
            Some(object) if is_spent(object) => Error::Refused { message },
            _ => Error::RateLimited { after, message },
        };
    }
    if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        let message = format!("{message}: it redirects to {to}; put that into the base url if it is right");
        return Error::Refused { message };
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Error::Transient { after, message };
    }
    Error::Refused { message }
}

/// An error object where an answer should be, under status 200.
pub(crate) fn inside(object: &Value) -> Error {
    let message = format!("an error inside a response with status 200: {}", describe(object));
    let code = object.get("code").or_else(|| object.get("type"));
    let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let word = code.and_then(Value::as_str).unwrap_or_default();
    let after: Option<Duration> = None;
    match number {
        _ if is_spent(object) => Error::Refused { message },
        Some(429) => Error::RateLimited { after, message },
        Some(408 | 500..=599) => Error::Transient { after, message },
        Some(400..=499) => Error::Refused { message },
        _ if word.contains("rate_limit") => Error::RateLimited { after, message },
        _ if word.contains("server_error") || word.contains("overloaded") || word.contains("timeout") => {
            Error::Transient { after, message }
        }
        _ if word.contains("invalid") || word.contains("not_found") => Error::Refused { message },
        _ => Error::BadAnswer { message },
    }
}

fn is_spent(object: &Value) -> bool {
    ["code", "type"]
        .iter()
        .any(|name| object.get(name).and_then(Value::as_str).is_some_and(|word| SPENT_CODES.contains(&word)))
}

/// An error object in one short line.
fn describe(object: &Value) -> String {
    let message = object.get("message").and_then(Value::as_str);
    let text = message.map_or_else(|| object.to_string(), str::to_owned);
    let code = object.get("code").filter(|code| !code.is_null());
    let code = code.map(|code| format!(" (code {})", code.to_string().trim_matches('"')));
    excerpt(text.as_bytes()) + &code.unwrap_or_default()
}

/// The beginning of some bytes, on one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * EXCERPT_CHARS_MAX)]);
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.trim().chars().map(plain).take(EXCERPT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
