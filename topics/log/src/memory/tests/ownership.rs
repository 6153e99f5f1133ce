//! The stories of the ownership model that concern the log: overlapping owners, fencing, stable reads.

use super::*;

/// A frozen member keeps a living token while another owns its partition; the coordinator refuses it, and
/// once it is thawed it loses everything and starts anew.
#[tokio::test(start_paused = true)]
async fn a_frozen_owner_commits_nothing_after_its_session() {
    let (log, control) = log(1).await;
    publish(&log, &["a", "b"]).await;
    let (mut one, mut two) = (join(&log, "one").await, join(&log, "two").await);
    let stale = assigned(&mut *one).await.remove(0);
    one.read_from(&[(stale.clone(), Start::Beginning)]).await.unwrap();
    let mut transactor = one.transactor("one").await.unwrap();
    assert!(control.freeze(GROUP, "one"));
    let fresh = assigned(&mut *two).await.remove(0);
    assert_eq!(polled(&mut *one).await, ["a", "b"], "the frozen member reads on and does not know");
    assert!(stale.token.is_alive(), "nor does its token");
    assert_eq!(remedy(half(&mut *transactor, "stale", offset(&stale, 2)).await), Some(Remedy::Lost));
    assert_eq!(remedy(one.commit(&[offset(&stale, 2)]).await), Some(Remedy::Lost));
    transactor.abort().await.unwrap();
    two.commit(&[offset(&fresh, 1)]).await.unwrap();
    control.thaw(GROUP, "one");
    assert_eq!(revoked(&mut *one).await.len(), 1, "after the thaw");
    assert!(!stale.token.is_alive());
    assert_eq!(committed(&mut *two, &fresh).await, Some(1));
    assert_eq!(outputs(&control), [""; 0]);
}

/// A late commit: offsets sent in time hold although the member is expelled before the commit; the new
/// owner's question waits for it and is told what it committed.
#[tokio::test(start_paused = true)]
async fn a_late_commit_is_waited_for() {
    let (log, control) = log(1).await;
    publish(&log, &["a", "b", "c"]).await;
    let (mut one, mut two) = (join(&log, "one").await, join(&log, "two").await);
    let mine = assigned(&mut *one).await.remove(0);
    let mut transactor = one.transactor("one").await.unwrap();
    control.freeze(GROUP, "one");
    tokio::time::sleep(Duration::from_millis(9_500)).await; // virtual clock
    half(&mut *transactor, "out", offset(&mine, 2)).await.unwrap();
    let fresh = assigned(&mut *two).await.remove(0);
    let late = async {
        tokio::time::sleep(Duration::from_secs(5)).await; // virtual clock
        transactor.commit().await.unwrap();
    };
    let (found, ()) = tokio::join!(committed(&mut *two, &fresh), late);
    assert_eq!(found, Some(2));
    assert_eq!(outputs(&control), ["out"]);
}

/// A killed predecessor leaves a transaction open under a name nobody takes again: the question for the
/// committed offset waits for its time-out, not longer, and its outputs never show.
#[tokio::test(start_paused = true)]
async fn a_stable_read_waits_for_a_dead_predecessor_until_the_time_out() {
    let (log, control) = log(1).await;
    publish(&log, &["a"]).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    one.commit(&[offset(&mine, 0)]).await.unwrap();
    let mut transactor = one.transactor("one").await.unwrap();
    half(&mut *transactor, "out", offset(&mine, 1)).await.unwrap();
    let since = tokio::time::Instant::now();
    drop((one, transactor));
    let mut again = join(&log, "one").await;
    let fresh = assigned(&mut *again).await.remove(0);
    assert_eq!(since.elapsed(), Duration::ZERO, "it returned before its session ended");
    assert_eq!(committed(&mut *again, &fresh).await, Some(0));
    assert_eq!(since.elapsed(), Duration::from_secs(10));
    assert_eq!(outputs(&control), [""; 0]);
}

/// The same predecessor whose name is taken again is ended at once.
#[tokio::test(start_paused = true)]
async fn a_transactor_made_again_spares_the_wait() {
    let (log, _) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    let mut transactor = one.transactor("one").await.unwrap();
    half(&mut *transactor, "out", offset(&mine, 1)).await.unwrap();
    let since = tokio::time::Instant::now();
    drop((one, transactor));
    let mut again = join(&log, "one").await;
    let fresh = assigned(&mut *again).await.remove(0);
    again.transactor("one").await.unwrap();
    assert_eq!(committed(&mut *again, &fresh).await, None);
    assert_eq!(since.elapsed(), Duration::ZERO);
}

/// A static member that is killed and comes back keeps the generation, so that a generation alone does
/// not tell two owners apart; member ids and tokens do.
#[tokio::test(start_paused = true)]
async fn a_returning_static_member_keeps_the_generation() {
    let (log, control) = log(1).await;
    let mut ids = Vec::new();
    let mut before: Option<Assignment> = None;
    for _ in 0..3 {
        let mut one = join(&log, "one").await;
        let mine = assigned(&mut *one).await.remove(0);
        assert_eq!(control.generation(GROUP), 1);
        ids.push(control.members(GROUP)["one"].clone());
        if let Some(before) = before.replace(mine) {
            assert_eq!(remedy(one.commit(&[offset(&before, 1)]).await), Some(Remedy::Lost), "an old token");
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

/// A partition that went away and came back to the same member is another ownership: the first token
/// stays dead although member id and generation are the newest.
#[tokio::test(start_paused = true)]
async fn an_ownership_does_not_come_back_with_its_partition() {
    let (log, _) = log(2).await;
    let mut one = join(&log, "one").await;
    let before = assigned(&mut *one).await;
    let mut two = join(&log, "two").await;
    let moved = revoked(&mut *one).await.remove(0);
    assigned(&mut *two).await;
    drop(two);
    let back = assigned(&mut *one).await.remove(0);
    assert_eq!(back.topic_partition, moved.topic_partition);
    assert!(before.iter().any(|old| old.topic_partition == moved.topic_partition && !old.token.is_alive()));
    assert_eq!(remedy(one.commit(&[offset(&moved, 3)]).await), Some(Remedy::Lost));
    assert_eq!(remedy(one.commit(&[offset(&back, 3)]).await), None);
}

/// Under a generation it has not yet learned of a member commits nothing, not even what it keeps; after
/// a poll the living token is good again.
#[tokio::test(start_paused = true)]
async fn a_stale_generation_commits_nothing_until_the_next_poll() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    control.rebalance(GROUP);
    assert_eq!(remedy(one.commit(&[offset(&mine, 1)]).await), Some(Remedy::Lost));
    assert_eq!(polled(&mut *one).await, [""; 0]);
    assert!(mine.token.is_alive());
    assert_eq!(remedy(one.commit(&[offset(&mine, 1)]).await), None);
}

/// A member that is frozen while another takes its name and goes again, or while it stays, learns which
/// when it is thawed.
#[tokio::test(start_paused = true)]
async fn a_thawed_member_learns_that_its_name_was_taken() {
    let (log, control) = log(1).await;
    let mut old = join(&log, "one").await;
    let mine = assigned(&mut *old).await.remove(0);
    control.freeze(GROUP, "one");
    let new = join(&log, "one").await;
    assert_eq!(remedy(old.commit(&[offset(&mine, 1)]).await), Some(Remedy::Fenced), "while frozen");
    control.thaw(GROUP, "one");
    assert_eq!(remedy(old.poll(1, Duration::ZERO).await), Some(Remedy::Fenced), "while the other stays");
    drop(new);
    tokio::time::sleep(Duration::from_secs(11)).await; // virtual clock
    assert_eq!(assigned(&mut *old).await.len(), 1, "after the other went");
}

/// A group that expired and is made anew starts at generation 1 again, without offsets.
#[tokio::test(start_paused = true)]
async fn a_group_made_anew_starts_at_generation_one() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    one.commit(&[offset(&mine, 7)]).await.unwrap();
    for _ in 0..5 {
        control.rebalance(GROUP);
    }
    assert!(!control.expire_group(GROUP), "it has a member");
    drop(one);
    tokio::time::sleep(Duration::from_secs(11)).await; // virtual clock
    assert_eq!(control.generation(GROUP), 7, "six of its life, one for its emptiness");
    assert!(control.expire_group(GROUP));
    let mut one = join(&log, "one").await;
    let fresh = assigned(&mut *one).await.remove(0);
    assert_eq!(control.generation(GROUP), 1);
    assert_eq!(committed(&mut *one, &fresh).await, None);
}

/// A member that was cut off for so long that its group expired joins a new one.
#[tokio::test(start_paused = true)]
async fn a_member_outlives_its_group() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    control.freeze(GROUP, "one");
    tokio::time::sleep(Duration::from_secs(11)).await; // virtual clock
    assert!(control.expire_group(GROUP));
    assert_eq!(remedy(one.commit(&[offset(&mine, 1)]).await), Some(Remedy::Lost));
    control.thaw(GROUP, "one");
    assert_eq!(revoked(&mut *one).await.len(), 1);
    assert_eq!(assigned(&mut *one).await.len(), 1);
    assert_eq!(control.generation(GROUP), 1);
}

/// A topic removed and made anew under its name takes its committed offsets with it, and whoever read
/// the old one is told that it lost it.
#[tokio::test(start_paused = true)]
async fn a_topic_made_anew_is_another_one_to_its_readers() {
    let (log, _) = log(1).await;
    publish(&log, &["old"]).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    one.read_from(&[(mine.clone(), Start::Beginning)]).await.unwrap();
    assert_eq!(polled(&mut *one).await, ["old"]);
    one.commit(&[offset(&mine, 1)]).await.unwrap();
    log.remove(&[IN.into()]).await.unwrap();
    log.create(&[NewTopic { name: IN.into(), partitions: 1, replication: 1, config: Default::default() }])
        .await
        .unwrap();
    publish(&log, &["new"]).await;
    assert_eq!(revoked(&mut *one).await.len(), 1);
    let fresh = assigned(&mut *one).await.remove(0);
    assert_eq!(committed(&mut *one, &fresh).await, None);
    one.read_from(&[(fresh, Start::Beginning)]).await.unwrap();
    assert_eq!(polled(&mut *one).await, ["new"]);
}
