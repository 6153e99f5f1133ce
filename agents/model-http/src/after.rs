//! Retry-After: how long a provider asks to wait, however it says it.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Milliseconds, as OpenAI and others add it; it is the finer one.
const RETRY_AFTER_MS: &str = "retry-after-ms";

/// The pause that a response asks for; `None` if it names none that can be read.
///
/// A date is counted from the response's own Date, so that no clock but the provider's matters; without
/// one it says nothing. What lies in the past is no pause. How much is believed is the gateway's matter.
pub(crate) fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(pause) = text(RETRY_AFTER_MS).and_then(|text| from_number(text, 1000.0)) {
        return Some(pause);
    }
    let after = text(RETRY_AFTER.as_str())?;
    from_number(after, 1.0).or_else(|| {
        let until = httpdate::parse_http_date(after).ok()?;
        let now = httpdate::parse_http_date(text(DATE.as_str())?).ok()?;
        Some(until.duration_since(now).unwrap_or_default())
    })
}

/// A number of seconds, or of parts of one; more than a `Duration` holds is the longest one.
fn from_number(text: &str, parts_per_second: f64) -> Option<Duration> {
    let seconds = text.parse::<f64>().ok().filter(|number| !number.is_nan())? / parts_per_second;
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests;
