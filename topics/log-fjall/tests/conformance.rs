//! The conformance suite on the log on disk, under virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tests_kit::log_conformance::{Timing, run};
use topics_log::{Timestamp, VirtualClock};
use topics_log_fjall::{FjallLog, Rebalance, Settings};

/// Runs every case on a log with these settings.
async fn check(settings: Settings) {
    let timing = Timing {
        session_timeout: settings.session_timeout,
        settle: Duration::from_secs(30),
        quiet: Duration::from_millis(500),
        record_bytes_max: settings.record_bytes_max,
    };
    let clock = Arc::new(VirtualClock::starting_at(Timestamp(1_700_000_000_000)));
    let folder = tempfile::tempdir().unwrap();
    let log = FjallLog::open(folder.path(), clock).unwrap().with_settings(settings);
    let failures = run(Arc::new(log), "conformance", timing, "").await;
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The log on disk keeps the contract when only what moves is revoked.
#[tokio::test(start_paused = true)]
async fn cooperative() {
    check(Settings::default()).await;
}

/// It keeps it when everything is revoked at every rebalance.
#[tokio::test(start_paused = true)]
async fn eager() {
    check(Settings { rebalance: Rebalance::Eager, ..Settings::default() }).await;
}
