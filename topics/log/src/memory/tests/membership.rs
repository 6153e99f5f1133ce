//! How partitions change hands, and when a member is given up.

use super::*;
use crate::memory::{Rebalance, Settings};

/// Only what moves is revoked, and its new owner waits until the old one let go of it in a poll.
#[tokio::test(start_paused = true)]
async fn a_partition_moves_once_its_holder_let_go() {
    let (log, control) = log(4).await;
    let mut one = join(&log, "one").await;
    assert_eq!(assigned(&mut *one).await.len(), 4);
    let mut two = join(&log, "two").await;
    assert_eq!(control.generation(GROUP), 2);
    assert_eq!(polled(&mut *two).await, [""; 0], "the old owner has not let go");
    let gone = revoked(&mut *one).await;
    let came = assigned(&mut *two).await;
    let names = |assignments: &[Assignment]| {
        assignments.iter().map(|a| a.topic_partition.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&gone), names(&came));
    assert_eq!(gone.len(), 2);
    assert_eq!(control.generation(GROUP), 2);
}

/// With eager rebalances everything is revoked first, also what comes back.
#[tokio::test(start_paused = true)]
async fn eager_revokes_everything() {
    let (log, _) = log(4).await;
    let log = log.with_settings(Settings { rebalance: Rebalance::Eager, ..Settings::default() });
    let mut one = join(&log, "one").await;
    let before = assigned(&mut *one).await;
    let mut two = join(&log, "two").await;
    assert_eq!(revoked(&mut *one).await.len(), 4);
    assert_eq!((assigned(&mut *one).await.len(), assigned(&mut *two).await.len()), (2, 2));
    assert!(before.iter().all(|old| !old.token.is_alive()));
}

/// A member is given up exactly when its session, or its time between two polls, is over; one that polls
/// lives on.
#[tokio::test(start_paused = true)]
async fn a_member_is_given_up_when_its_time_is_over() {
    type Goes = fn(&Control, Box<dyn Consumer>) -> Option<Box<dyn Consumer>>;
    let ways: [(&str, Goes, u64); 3] = [
        ("dropped", |_, _| None, 10),
        ("frozen", |control, one| control.freeze(GROUP, "one").then_some(one), 10),
        ("not polling", |_, one| Some(one), 300),
    ];
    for (way, go, seconds) in ways {
        let (log, control) = log(1).await;
        let mut one = join(&log, "one").await;
        assigned(&mut *one).await;
        let mut two = join(&log, "two").await;
        let since = tokio::time::Instant::now();
        let _kept = go(&control, one);
        while control.members(GROUP).len() == 2 {
            two.poll(1, Duration::from_secs(1000)).await.unwrap();
        }
        assert_eq!(since.elapsed(), Duration::from_secs(seconds), "{way}");
        assert_eq!(control.members(GROUP).into_keys().collect::<Vec<_>>(), ["two"], "{way}");
    }
}

/// A closed member leaves nothing alive behind: its tokens are dead at once, its partitions wait.
#[tokio::test(start_paused = true)]
async fn a_closed_member_keeps_its_place_but_not_its_tokens() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    let mut transactor = one.transactor("one").await.unwrap();
    one.close().await;
    assert!(!mine.token.is_alive());
    assert_eq!(control.members(GROUP).len(), 1);
    assert_eq!(remedy(half(&mut *transactor, "out", offset(&mine, 1)).await), Some(Remedy::Lost));
}

/// Members that subscribe to different topics of one group get partitions of their own topics only.
#[tokio::test(start_paused = true)]
async fn subscriptions_may_differ() {
    let (log, _) = log(3).await;
    let group = |instance: &str| Group { id: GROUP.into(), instance: instance.into() };
    let mut one = log.join(group("one"), &[IN]).await.unwrap();
    let mut both = log.join(group("both"), &[IN, OUT]).await.unwrap();
    let topics = |assigned: Vec<Assignment>| {
        assigned.into_iter().map(|a| a.topic_partition.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(topics(assigned(&mut *one).await), "in/0 in/1 in/2");
    assert_eq!(topics(assigned(&mut *both).await), "out/0 out/1 out/2");
}
