//! Every way in which a provider asks for a pause, and some that are none.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::pause;

const NOON: &str = "Tue, 10 Nov 2026 12:00:00 GMT";
const LATER: &str = "Tue, 10 Nov 2026 12:01:30 GMT";
const BEFORE: &str = "Tue, 10 Nov 2026 11:00:00 GMT";

/// Seconds, parts of seconds, milliseconds, dates; the past is no pause; nonsense is none that is named.
#[test]
fn pauses() {
    let check = |headers: &[(&'static str, &str)], expected_ms: Option<u64>| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(pause(&map), expected_ms.map(Duration::from_millis), "{headers:?}");
    };
    check(&[], None);
    check(&[("retry-after", "7")], Some(7000));
    check(&[("retry-after", " 0.25 ")], Some(250));
    check(&[("retry-after", "0")], Some(0));
    check(&[("retry-after", "-5")], Some(0));
    check(&[("retry-after", "NaN")], None);
    check(&[("retry-after", "soon")], None);
    check(&[("retry-after-ms", "120"), ("retry-after", "1")], Some(120));
    check(&[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1000));
    check(&[("retry-after", LATER), ("date", NOON)], Some(90_000));
    check(&[("retry-after", BEFORE), ("date", NOON)], Some(0));
    check(&[("retry-after", LATER)], None);
    check(&[("retry-after", "86400")], Some(86_400_000));
    let longest = HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, "1e300".parse().unwrap())]);
    assert_eq!(pause(&longest), Some(Duration::MAX));
}
