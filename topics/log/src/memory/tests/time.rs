//! Append times come from the clock, and may step back.

use super::*;

/// A record carries the time at which it was appended; after a leader change to a slow clock it may be
/// earlier than the record before it.
#[tokio::test(start_paused = true)]
async fn append_time_is_the_clocks_and_may_step_back() {
    let (log, control) = log(1).await;
    publish(&log, &["a"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await; // virtual clock
    publish(&log, &["b"]).await;
    control.step_clock_back(Duration::from_secs(5));
    publish(&log, &["c"]).await;
    let times: Vec<i64> = control.committed_records().iter().map(|record| record.timestamp.0).collect();
    assert_eq!(times, [1_000_000, 1_002_000, 997_000]);
}
