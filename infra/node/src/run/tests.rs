//! How long a node that was told to stop waits for its roles.

use super::*;

/// Shows that all roles together have one bound to drain in, however their ends are spread over it.
#[tokio::test(start_paused = true)]
async fn drains_within_one_bound() {
    let check = async |ends_after: &[u64], expected_ended: usize, expected_seconds: u64| {
        let (mut running, shutdown) = (JoinSet::new(), CancellationToken::new());
        for seconds in ends_after {
            let after = Duration::from_secs(*seconds);
            running.spawn(async move { tokio::time::sleep(after).await }); // virtual clock
        }
        shutdown.cancel();
        let (began, mut drained_by, mut ended) = (Instant::now(), None, 0);
        while next(&mut running, &shutdown, &mut drained_by).await.is_some() {
            ended += 1;
        }
        assert_eq!((ended, began.elapsed().as_secs()), (expected_ended, expected_seconds), "{ends_after:?}");
    };
    let bound = DRAIN_MAX.as_secs();
    check(&[], 0, 0).await;
    check(&[1, 2, 3], 3, 3).await;
    check(&[10, 20, 29, 45, 60], 3, bound).await;
    check(&[bound + 1], 0, bound).await;
}
