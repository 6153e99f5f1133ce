//! What a request's address says: percent-encoded ids, and how long to wait.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::desk::{Error, Kind};

/// How long to wait for a result, by the query `wait=30s`; not at all if it is not said.
pub(super) fn wait(query: Option<&str>, longest: Duration) -> Result<Duration, Error> {
    let mut wait = Duration::ZERO;
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let Some(value) = pair.strip_prefix("wait=") else {
            let name = pair.split('=').next().unwrap_or_default();
            let message = format!("the query {name:?} is unknown");
            return Err(Error::new(Kind::BadRequest, message, "there is: wait, for example ?wait=30s"));
        };
        wait = duration(value).filter(|wait| *wait <= longest).ok_or_else(|| {
            let message = format!("wait is {value:?}");
            let remedy =
                format!("use a number and its unit, at most {} s, for example 30s", longest.as_secs());
            Error::new(Kind::BadRequest, message, remedy)
        })?;
    }
    Ok(wait)
}

/// `500ms`, `30s` or `1m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

/// One segment of a path as the text that was meant; `None` if it is no percent-encoded UTF-8.
pub(super) fn decoded(segment: &str) -> Option<String> {
    // The library lets what is no encoding stand for itself.
    let is_pair = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if !segment.split('%').skip(1).all(is_pair) {
        return None;
    }
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// What stands for itself in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// A text as one segment of a path.
pub(super) fn encoded(text: &str) -> String {
    let encoded = utf8_percent_encode(text, SEGMENT).to_string();
    // A lone dot or two would be taken for a step in the tree.
    if matches!(text, "." | "..") { encoded.replace('.', "%2E") } else { encoded }
}

#[cfg(test)]
mod tests {
    //! What is typed is what is meant, and nothing else is taken.

    use std::time::Duration;

    use super::{decoded, encoded, wait};

    /// Ids come back whole from a path; what is no encoding is none.
    #[test]
    fn ids_in_paths() {
        for id in ["t-1", "a.b/0/17", "..", ".", "ä b%?", "../../etc/passwd", "100%"] {
            assert_eq!(decoded(&encoded(id)).as_deref(), Some(id));
            assert!(!encoded(id).contains(['/', '?', ' ']), "{}", encoded(id));
        }
        assert_eq!(encoded(".."), "%2E%2E");
        for wrong in ["%", "%2", "%zz", "%+1", "%ff", "a%"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    /// A wait has a number, a unit and a bound.
    #[test]
    fn waits() {
        let longest = Duration::from_secs(60);
        let check = |query: &str, expected: Option<u64>| {
            let found = wait(Some(query), longest).ok();
            assert_eq!(found, expected.map(Duration::from_millis), "{query}");
        };
        assert_eq!(wait(None, longest).ok(), Some(Duration::ZERO));
        check("", Some(0));
        check("wait=250ms", Some(250));
        check("wait=30s", Some(30_000));
        check("wait=1m", Some(60_000));
        check("wait=61s", None);
        check("wait=30", None);
        check("wait=", None);
        check("wait=-1s", None);
        check("wait=99999999999999999999s", None);
        check("wait=18446744073709551615m", None);
        check("limit=3", None);
    }
}
