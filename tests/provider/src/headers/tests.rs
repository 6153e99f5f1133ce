//! Resets as OpenAI writes them.

use super::*;

/// A duration has the parts that it needs.
#[test]
fn durations() {
    let check = |milliseconds: u64, text: &str| {
        assert_eq!(duration(Duration::from_millis(milliseconds)), text);
    };
    check(0, "0s");
    check(17, "17ms");
    check(1000, "1s");
    check(1050, "1.05s");
    check(10_000, "10s");
    check(60_000, "1m0s");
    check(360_500, "6m0.5s");
    check(3_600_000, "1h0m0s");
    check(90_061_001, "25h1m1.001s");
    assert_eq!(duration(Duration::from_nanos(1)), "1ms");
}
