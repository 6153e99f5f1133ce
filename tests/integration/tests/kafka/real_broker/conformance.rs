//! The conformance suite of the `Log` seam.

use std::time::Duration;

use tests_integration::{SESSION_TIMEOUT, SETTLE, Stage};
use tests_kit::log_conformance::{Timing, run};

/// Every case of the suite holds on Kafka. `TRIBUTARY_TEST_ONLY` chooses cases by a part of their names.
#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_the_seam() {
    let timing = Timing {
        session_timeout: SESSION_TIMEOUT,
        settle: SETTLE,
        quiet: Duration::from_millis(700),
        record_bytes_max: 1_000_000,
    };
    let only = std::env::var("TRIBUTARY_TEST_ONLY").unwrap_or_default();
    let stage = Stage::new("log").await;
    let failures = run(stage.log, &stage.prefix, timing, &only).await;
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
