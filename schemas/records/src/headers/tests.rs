//! Headers are what was pushed, in its order; the last one of a name counts.

use super::{HOPS, Headers, KIND};

/// Known and unknown names, empty names and values, bytes that are no text, a name twice.
#[test]
fn are_what_was_pushed() {
    let pushed: [(&str, &[u8]); 7] = [
        (KIND, b"input"),
        ("x-theirs", b"1"),
        ("", b""),
        (HOPS, b""),
        ("x-theirs", b"2"),
        ("bytes", &[0, 255, 10]),
        (KIND, b"answer"),
    ];
    let mut headers = Headers::new();
    for (name, value) in pushed {
        headers.push(name, value);
    }
    assert_eq!(headers.iter().collect::<Vec<_>>(), pushed);
    assert_eq!(headers.len(), 7);
    let sizes: usize = pushed.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert_eq!(headers.size_bytes(), sizes);

    let check = |name: &str, expected: Option<&[u8]>| assert_eq!(headers.get(name), expected, "{name}");
    check(KIND, Some(b"answer"));
    check("x-theirs", Some(b"2"));
    check("", Some(b""));
    check(HOPS, Some(b""));
    check("hop", None);
    assert_eq!(headers.text("bytes"), None);
    assert_eq!(headers.text(KIND), Some("answer"));
}

/// Equal are the same names and values in the same order, however they came in.
#[test]
fn are_equal_by_what_they_say() {
    let of = |pairs: &[(&str, &str)]| {
        let mut headers = Headers::with_capacity(2, 8);
        for (name, value) in pairs {
            headers.push_text(name, value);
        }
        headers
    };
    assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("a", "1"), ("b", "2")]));
    assert_ne!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
    assert_ne!(of(&[("a", "12")]), of(&[("a", "1"), ("b", "2")]));
    assert_ne!(
        of(&[("a", "12"), ("b", "")]),
        of(&[("a", "1"), ("b", "2")]),
        "the border between values counts"
    );
}
