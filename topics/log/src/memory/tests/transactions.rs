//! Transactions that time out, overlap, or whose end nobody was told.

use super::*;
use crate::memory::{Door, Fate, Faults, Operation, Strike};

/// Loses the answers of all commits under the name `doubtful`.
struct LoseCommits(Fate);

impl Faults for LoseCommits {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let aimed = door.operation == Operation::Commit && door.transactor == "doubtful";
        if aimed { Strike::Unknown(self.0) } else { Strike::None }
    }
}

const LATER: Duration = Duration::from_secs(5);
const TOO_LATE: Duration = Duration::from_secs(15);

/// What became of a commit whose answer was lost, by its fate: at once, when the transactor is made again,
/// or when time alone settles it. A stable read always says the same as the outputs.
#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_settled_one_way() {
    // Fate; shown at once; shown if made again at once; shown by time alone, and after how many seconds.
    let cases = [
        (Fate::Happened, true, true, true, 0),
        (Fate::Never, false, false, false, 10),
        (Fate::Late(LATER), false, true, true, 5),
        (Fate::Late(TOO_LATE), false, true, true, 15),
        (Fate::UnderWay(LATER), false, false, true, 5),
        (Fate::UnderWay(TOO_LATE), false, false, false, 10),
    ];
    for (fate, at_once, made_again, by_time, seconds) in cases {
        for again in [true, false] {
            let (log, control) = log(1).await;
            let log = log.with_faults(Arc::new(LoseCommits(fate)));
            publish(&log, &["a"]).await;
            let mut one = join(&log, "one").await;
            let mine = assigned(&mut *one).await.remove(0);
            let mut transactor = one.transactor("doubtful").await.unwrap();
            half(&mut *transactor, "out", offset(&mine, 1)).await.unwrap();
            assert_eq!(remedy(transactor.commit().await), Some(Remedy::Unknown), "{fate:?}");
            assert_eq!(remedy(transactor.begin().await), Some(Remedy::Unknown), "{fate:?}, used further");
            assert_eq!(outputs(&control).len() == 1, at_once, "{fate:?}, at once");
            let (expected, wait) = if again { (made_again, 0) } else { (by_time, seconds) };
            let since = tokio::time::Instant::now();
            if again {
                one.transactor("doubtful").await.unwrap();
            }
            assert_eq!(committed(&mut *one, &mine).await == Some(1), expected, "{fate:?}, again: {again}");
            assert_eq!(since.elapsed(), Duration::from_secs(wait), "{fate:?}, again: {again}");
            assert_eq!(outputs(&control).len() == 1, expected, "{fate:?}, again: {again}");
        }
    }
}

/// A transaction that is open for too long is aborted: every call in it says `Abort`, and after an abort
/// the transactor goes on.
#[tokio::test(start_paused = true)]
async fn a_transaction_times_out() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    let mut transactor = one.transactor("one").await.unwrap();
    half(&mut *transactor, "slow", offset(&mine, 1)).await.unwrap();
    assert_eq!(control.open_transactions(), ["one"]);
    tokio::time::sleep(Duration::from_secs(10)).await; // virtual clock
    assert_eq!(control.open_transactions(), [""; 0]);
    assert_eq!(remedy(transactor.produce(vec![record(OUT, 0, "more")]).await), Some(Remedy::Abort));
    assert_eq!(remedy(transactor.send_offsets(&[offset(&mine, 1)]).await), Some(Remedy::Abort));
    assert_eq!(remedy(transactor.commit().await), Some(Remedy::Abort));
    transactor.abort().await.unwrap();
    half(&mut *transactor, "quick", offset(&mine, 2)).await.unwrap();
    transactor.commit().await.unwrap();
    assert_eq!(outputs(&control), ["quick"]);
    assert_eq!(committed(&mut *one, &mine).await, Some(2));
}

/// A transaction's time runs from what it first touches, not from `begin`: a worker may begin early.
#[tokio::test(start_paused = true)]
async fn an_untouched_transaction_does_not_time_out() {
    let (log, control) = log(1).await;
    let mut transactor = join(&log, "one").await.transactor("one").await.unwrap();
    transactor.begin().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await; // virtual clock
    transactor.produce(vec![record(OUT, 0, "out")]).await.unwrap();
    transactor.commit().await.unwrap();
    assert_eq!(outputs(&control), ["out"]);
}

/// Each partition a transaction touched pays one offset for its end, others none.
#[tokio::test(start_paused = true)]
async fn an_end_takes_one_offset_in_each_touched_partition() {
    let (log, control) = log(3).await;
    let mut transactor = join(&log, "one").await.transactor("one").await.unwrap();
    for commits in [true, false, true] {
        transactor.begin().await.unwrap();
        transactor
            .produce(vec![record(OUT, 0, "a"), record(OUT, 1, "b"), record(OUT, 0, "c")])
            .await
            .unwrap();
        if commits { transactor.commit().await.unwrap() } else { transactor.abort().await.unwrap() }
    }
    let offsets: Vec<_> =
        control.committed_records().iter().map(|r| (r.topic_partition.partition, r.offset)).collect();
    assert_eq!(offsets, [(0, 0), (0, 1), (0, 6), (0, 7), (1, 0), (1, 4)]);
    assert_eq!(control.size(OUT).records, 6);
}

/// Of two open transactions of one member the offsets sent later count, whichever ends first; and the
/// stable read waits for both.
#[tokio::test(start_paused = true)]
async fn offsets_sent_later_count_whichever_transaction_ends_first() {
    for first_ends_first in [true, false] {
        let (log, _) = log(1).await;
        publish(&log, &["a", "b", "c"]).await;
        let mut one = join(&log, "one").await;
        let mine = assigned(&mut *one).await.remove(0);
        let mut first = one.transactor("first").await.unwrap();
        let mut second = one.transactor("second").await.unwrap();
        half(&mut *first, "first", offset(&mine, 1)).await.unwrap();
        half(&mut *second, "second", offset(&mine, 2)).await.unwrap();
        if first_ends_first {
            first.commit().await.unwrap();
            second.commit().await.unwrap();
        } else {
            second.commit().await.unwrap();
            first.commit().await.unwrap();
        }
        assert_eq!(committed(&mut *one, &mine).await, Some(2), "first ends first: {first_ends_first}");
    }
}

/// The story of two open transactions whose order is not kept: the second commits, the first aborts, and
/// the records of the first are passed over. The log allows it; whoever uses two must order them.
#[tokio::test(start_paused = true)]
async fn two_transactions_out_of_order_lose_records() {
    let (log, control) = log(1).await;
    publish(&log, &["a", "b"]).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    let mut first = one.transactor("first").await.unwrap();
    let mut second = one.transactor("second").await.unwrap();
    half(&mut *first, "a", offset(&mine, 1)).await.unwrap();
    half(&mut *second, "b", offset(&mine, 2)).await.unwrap();
    second.commit().await.unwrap();
    first.abort().await.unwrap();
    assert_eq!((committed(&mut *one, &mine).await, outputs(&control)), (Some(2), vec!["b".to_owned()]));
}

/// Calls out of their order are refused, and do no harm.
#[tokio::test(start_paused = true)]
async fn calls_out_of_order_are_refused() {
    let (log, control) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    let mut transactor = one.transactor("one").await.unwrap();
    assert_eq!(remedy(transactor.produce(vec![record(OUT, 0, "early")]).await), Some(Remedy::Stop));
    assert_eq!(remedy(transactor.send_offsets(&[offset(&mine, 1)]).await), Some(Remedy::Stop));
    assert_eq!(remedy(transactor.commit().await), Some(Remedy::Stop));
    assert_eq!(remedy(transactor.abort().await), None, "aborting nothing is nothing");
    transactor.begin().await.unwrap();
    assert_eq!(remedy(transactor.begin().await), Some(Remedy::Stop));
    let too_long = OffsetCommit { metadata: "n".repeat(4097), ..offset(&mine, 1) };
    let not_ascii = OffsetCommit { metadata: "ü".into(), ..offset(&mine, 1) };
    for commit in [too_long, not_ascii, offset(&mine, -1)] {
        assert_eq!(remedy(transactor.send_offsets(&[commit]).await), Some(Remedy::Stop));
    }
    let wrong_partition = vec![record(OUT, 0, "good"), record(OUT, 1, "bad")];
    assert_eq!(remedy(transactor.produce(wrong_partition).await), Some(Remedy::Stop));
    transactor.commit().await.unwrap();
    assert_eq!((outputs(&control), committed(&mut *one, &mine).await), (vec![], None));
}
