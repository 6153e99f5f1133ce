//! Headers as OpenAI writes them: `x-ratelimit-{limit,remaining,reset}-` and then what is limited. What they
//! say, and whether it is so, is their caller's matter.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Sets a header, if HTTP allows it.
pub(crate) fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// Says of a limit how much of it there is, how much is left, and when all of it is there again.
pub(crate) fn limit(headers: &mut HeaderMap, of: &str, limit: u64, remaining: u64, reset: Duration) {
    insert(headers, &format!("x-ratelimit-limit-{of}"), &limit.to_string());
    insert(headers, &format!("x-ratelimit-remaining-{of}"), &remaining.to_string());
    insert(headers, &format!("x-ratelimit-reset-{of}"), &duration(reset));
}

/// A duration as OpenAI writes resets: `17ms`, `1.5s`, `6m0s`, `1h0m0s`; rounded up to a millisecond.
fn duration(time: Duration) -> String {
    let all = time.as_nanos().div_ceil(1_000_000);
    let (hours, minutes, rest) = (all / 3_600_000, all / 60_000 % 60, all % 60_000);
    let (seconds, parts) = (rest / 1000, rest % 1000);
    let tail = format!("{seconds}.{parts:03}");
    let tail = tail.trim_end_matches('0').trim_end_matches('.');
    match (hours, minutes) {
        (0, 0) if all > 0 && seconds == 0 => format!("{parts}ms"),
        (0, 0) => format!("{tail}s"),
        (0, _) => format!("{minutes}m{tail}s"),
        _ => format!("{hours}h{minutes}m{tail}s"),
    }
}

#[cfg(test)]
mod tests;
