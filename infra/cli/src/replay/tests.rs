//! Times as they are typed.

use schemas_records::Timestamp;

use super::moment;

/// A moment, or how long ago; anything else says what to say.
#[test]
fn reads_times() {
    const NOW: Timestamp = Timestamp(1_000_000_000);
    let check = |text: &str, expected: Option<i64>| {
        assert_eq!(moment(text, NOW).ok().map(|at| at.0), expected, "{text}");
    };
    check("1970-01-01T00:00:01Z", Some(1_000));
    check("1970-01-01T01:00:00.250+01:00", Some(250));
    check("90s", Some(NOW.0 - 90_000));
    check("30m", Some(NOW.0 - 1_800_000));
    check("2h", Some(NOW.0 - 7_200_000));
    check("1d", Some(NOW.0 - 86_400_000));
    check("0s", Some(NOW.0));
    for wrong in ["", "2", "h", "-2h", "2w", "1970-01-01", "99999999999999999999d", "9223372036854775807d"] {
        check(wrong, None);
    }
}
