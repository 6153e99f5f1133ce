//! What is deleted, and when: versions below the newest, tombstones, and rows that read as no state.

use topics_runtime::Moment;
use topics_state::memory::{Door, Strike as StoreStrike};

use super::{SECOND, ends_well, pruning_stage, stage};

/// Pruning below the newest committed version: pruned with the newest, a key would be nothing to its
/// successor.
#[tokio::test(start_paused = true)]
async fn the_newest_version_stays() {
    let stage = pruning_stage().await;
    let a = stage.start("one", "a");
    for (count, text) in ["1", "2", "3", "4"].iter().enumerate() {
        stage.send("k", text).await;
        assert!(stage.until_said("k", count + 1).await);
    }
    stage.pass(SECOND).await;
    assert!(stage.store.count().state_rows < 4, "it was pruned");
    a.kill().await;
    ends_well(&stage, &["1", "2", "3", "4"]).await;
}

/// Pruning below the newest committed version: pruned by what was only stepped, the version that counts
/// would be gone when the step does not.
#[tokio::test(start_paused = true)]
async fn what_is_only_stepped_prunes_nothing() {
    for moment in [Moment::Stepped, Moment::Saved, Moment::Produced, Moment::OffsetsSent] {
        let stage = pruning_stage().await;
        let a = stage.start("one", "a");
        stage.send("k", "1").await;
        assert!(stage.until_said("k", 1).await);
        a.hold(moment);
        stage.send("k", "2").await;
        assert!(a.stands(moment).await);
        stage.pass(SECOND).await;
        a.kill().await;
        ends_well(&stage, &["1", "2"]).await;
    }
}

/// Expiry after the delete below it is acknowledged: a tombstone would end while an older version stands,
/// and the work would live again.
#[tokio::test(start_paused = true)]
async fn a_tombstone_outlives_what_lies_below_it() {
    let stage = pruning_stage().await;
    let a = stage.start("one", "a");
    stage.send("k", "1").await;
    assert!(stage.until_said("k", 1).await);
    a.strike(Door::Prune, 10_000, StoreStrike::Fail(topics_state::Remedy::Retry));
    stage.send("k", ".end").await;
    assert!(stage.until_said("k", 2).await);
    stage.pass(100 * SECOND).await;
    a.kill().await;
    let b = stage.start("one", "a");
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 3).await);
    b.leave().await.unwrap();
    assert_eq!(stage.said("k"), ["a1", "a1a.end", "a1a.end"]);
}

/// A life only when alone: what a dead owner with other code left at the first of two records would come to light
/// when the row at the second, which reads as no state, expires.
#[tokio::test(start_paused = true)]
async fn what_a_dead_owner_left_stays_hidden() {
    let stage = stage().await;
    let a = stage.start("one", "z");
    // It commits something, so that its successor does not go record by record.
    stage.send("other", "0").await;
    assert!(stage.until_said("other", 1).await);
    a.hold(Moment::OffsetsSent);
    stage.send("k", "1").await;
    assert!(a.stands(Moment::OffsetsSent).await);
    a.kill().await;
    stage.send("k", "2").await;
    let b = stage.start("one", "-");
    assert!(stage.until_said("k", 2).await);
    stage.pass(2 * 3_600 * SECOND).await;
    b.kill().await;
    let c = stage.start("one", "a");
    stage.send("k", "3").await;
    assert!(stage.until_said("k", 3).await);
    c.kill().await;
    assert_eq!(stage.said("k"), ["", "", "a3"]);
}
