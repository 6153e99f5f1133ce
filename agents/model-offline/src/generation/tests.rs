//! How long an answer may be. What is written is tested on the real weights (`crate::tests`).

use super::*;

/// The least of what was asked for, the bound and the context's rest.
#[test]
fn bounds() {
    let check = |asked: i32, room: usize, expected: usize| {
        assert_eq!(tokens_max(asked, room), expected, "{asked} {room}");
    };
    check(10, 1_000, 10);
    check(100_000, 1_000, ANSWER_TOKENS_MAX);
    check(10, 3, 3);
    check(-1, 3, 0);
}
