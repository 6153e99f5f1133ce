//! What a request's address says: percent-encoded ids, and how long to wait.

use std::time::Duration;

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
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let (digits, behind) = behind.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.contains('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

/// A text as one segment of a path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        // A lone dot or two would be taken for a step in the tree.
        match byte {
            b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(byte)),
            b'.' if text.len() > 2 => out.push('.'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
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
