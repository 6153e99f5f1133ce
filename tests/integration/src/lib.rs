//! What tests on real servers share: where the servers are, names that no two runs have in common, and
//! members and records to begin with.
//!
//! The servers are started by `scripts/test`. A test that finds none fails and says so: a skipped test
//! would look like a passed one. Every such test has `real_broker` in its path.

#![allow(clippy::expect_used, clippy::panic, reason = "this crate is tests: what fails here fails a test")]

mod broker;
mod secure;
mod stage;

use std::time::Duration;

use topics_log_kafka::{KafkaLog, Settings};

pub use self::broker::{Broker, run};
pub use self::secure::{SecureBroker, properties};
pub use self::stage::{Member, Stage, median, offset, record};

/// Names the brokers to test against.
pub const BROKERS: &str = "TRIBUTARY_TEST_BROKERS";

/// How soon a silent member of these tests loses its partitions. The broker of `scripts/test` allows it.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

/// How soon a transaction of these tests is ended by the coordinator.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(4);

/// Within which time anything that must happen has happened, on a busy machine too.
pub const SETTLE: Duration = Duration::from_secs(20);

/// Settings for the broker under test.
///
/// # Panics
/// If no broker is named.
#[must_use]
pub fn settings() -> Settings {
    let brokers = std::env::var(BROKERS).unwrap_or_default();
    assert!(!brokers.is_empty(), "{BROKERS} is not set: run scripts/test, which starts a broker and sets it");
    settings_for(&brokers)
}

/// Settings for a broker of a test's own.
#[must_use]
pub fn settings_for(brokers: &str) -> Settings {
    Settings {
        brokers: brokers.to_owned(),
        session_timeout: SESSION_TIMEOUT,
        transaction_timeout: TRANSACTION_TIMEOUT,
        ..Settings::default()
    }
}

/// The broker these settings name, and log lines on the test's output.
///
/// # Panics
/// If it cannot be reached.
pub async fn connect(settings: Settings) -> KafkaLog {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    // Several tests share a process; the first sets the subscriber.
    drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
    match KafkaLog::connect(settings).await {
        Ok(log) => log,
        Err(error) => panic!("{error}"),
    }
}
