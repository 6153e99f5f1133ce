//! Pauses: how long, for whom, what several refusals at once make of them, and who leaves afterwards.

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use tokio::time::Instant;

use super::{Gate, LET_IN_ENOUGH, PAUSE_MAX, PAUSE_MIN, PAUSE_UNNAMED, PAUSE_UNNAMED_MAX, Pass};

const MINUTE: Duration = Duration::from_secs(60);

/// How long the gate holds a request of model `m`; its place is given back.
async fn held(gate: &Gate) -> Duration {
    let begin = Instant::now();
    drop(gate.pass("m").await);
    begin.elapsed()
}

/// As many passes as are to be had now.
fn passes(gate: &Gate, most: usize) -> Vec<Pass<'_>> {
    (0..most).map_while(|_| gate.pass("m").now_or_never()).collect()
}

/// A named pause is kept within its bounds: none at all, a date in the past, a day; another model is free.
#[tokio::test(start_paused = true)]
async fn named_pauses() {
    let check = async |named: Duration, expected: Duration| {
        let gate = Gate::default();
        gate.pass("m").await.refused(Some(named));
        let begin = Instant::now();
        gate.pass("other").await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(held(&gate).await, expected, "{named:?}");
        assert_eq!(held(&gate).await, Duration::ZERO);
    };
    check(Duration::ZERO, PAUSE_MIN).await;
    check(MINUTE, MINUTE).await;
    check(Duration::from_secs(86_400), PAUSE_MAX).await;
}

/// Pauses that nobody named double from one refusal to the next, and begin anew once a request was let in;
/// many refusals at once are one.
#[tokio::test(start_paused = true)]
async fn unnamed_pauses() {
    let gate = Gate::default();
    for pass in passes(&gate, 64) {
        pass.refused(None);
    }
    for expected in [1, 2, 4, 8, 16, 30, 30] {
        assert_eq!(held(&gate).await, Duration::from_secs(expected));
        gate.pass("m").await.refused(None);
    }
    assert_eq!(held(&gate).await, PAUSE_UNNAMED_MAX);
    gate.pass("m").await.let_in();
    gate.pass("m").await.refused(None);
    assert_eq!(held(&gate).await, PAUSE_UNNAMED);
}

/// The latest end counts: a longer pause holds those who wait already; a shorter one, or an answer to a
/// request from before, lets nobody through.
#[tokio::test(start_paused = true)]
async fn the_longest_pause_counts() {
    let gate = Gate::default();
    let mut early = passes(&gate, 5);
    early.remove(0).refused(Some(MINUTE));
    let meanwhile = async {
        tokio::time::sleep(MINUTE / 2).await; // virtual clock
        early.remove(0).refused(Some(MINUTE));
        early.remove(0).refused(Some(PAUSE_MIN));
        early.remove(0).refused(None);
        early.remove(0).let_in();
    };
    let (waited, ()) = tokio::join!(held(&gate), meanwhile);
    assert_eq!(waited, MINUTE + MINUTE / 2);
}

/// After a pause one leaves, then two for each that was let in, until all may; a request that ends
/// otherwise, or is cancelled, gives its place to another.
#[tokio::test(start_paused = true)]
async fn few_leave_at_first() {
    let gate = Gate::default();
    gate.pass("m").await.refused(Some(MINUTE));
    assert!(passes(&gate, 64).is_empty());
    tokio::time::sleep(MINUTE).await; // virtual clock
    drop(passes(&gate, 1000));
    for expected in [1, 2, 4, 8, 16, 32] {
        let mut left = passes(&gate, 1000);
        assert_eq!(left.len(), expected);
        left.iter_mut().for_each(Pass::let_in);
    }
    let mut left = passes(&gate, 1);
    left.iter_mut().for_each(Pass::let_in);
    assert_eq!(passes(&gate, 1000).len(), 1000, "after {LET_IN_ENOUGH} the gate is forgotten");
}

/// Whoever waits for a place is woken by each way in which one comes free, and by the next pause's end.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let gate = Gate::default();
    gate.pass("m").await.refused(Some(MINUTE));
    let begin = Instant::now();
    let ask = async |number: u32| {
        let mut pass = gate.pass("m").await;
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
        match number % 3 {
            0 => pass.let_in(),
            1 => pass.refused(Some(MINUTE)),
            _ => drop(pass),
        }
    };
    join_all((0..100).map(ask)).await;
    assert!(begin.elapsed() < 40 * MINUTE, "{:?}", begin.elapsed());
}
