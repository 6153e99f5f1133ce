//! The worker on the log and store in memory: what one owner, killed and started again, leaves behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

mod bench;

use std::time::Duration;

use bench::{Away, Bench, Story};
use topics_log::Start;
use topics_log::memory::Operation;
use topics_runtime::{Moment, Remedy};

/// Without trouble each key's records are counted in order, and every record has one output.
#[tokio::test(start_paused = true)]
async fn counts_every_record_once() {
    let bench = Bench::new().await;
    bench.submit(0..100).await;
    bench.run_until_done(100, Story::quiet()).await;
    bench.assert_counted(100).await;
}

/// Killed at each moment, the first, second and third time it comes, and started again under the same
/// name: nothing is lost, nothing doubled, no key's order broken.
#[tokio::test(start_paused = true)]
async fn survives_death_at_every_moment() {
    let moments = [
        Moment::Assigned,
        Moment::Registered,
        Moment::Asked,
        Moment::Polled,
        Moment::Stepped,
        Moment::Saved,
        Moment::Produced,
        Moment::OffsetsSent,
        Moment::Committed,
    ];
    for moment in moments {
        for nth in 1..=3 {
            let bench = Bench::new().await;
            bench.submit(0..20).await;
            let story = Story::dying_at(moment, nth);
            let deaths = bench.run_with_more(20, 40, story).await;
            // A quiet owner is assigned, registers and asks once only.
            let expected = if moment <= Moment::Asked { usize::from(nth == 1) } else { 1 };
            assert_eq!(deaths, expected, "{moment:?} {nth}");
            bench.assert_counted(40).await;
        }
    }
}

/// A panicking step is a dead letter with the record's bytes; the others of its batch go on.
#[tokio::test(start_paused = true)]
async fn a_panic_is_a_dead_letter() {
    let bench = Bench::new().await;
    bench.submit(0..5).await;
    bench.submit_raw("k1", "panic").await;
    bench.submit(5..10).await;
    bench.run_until_done(11, Story::quiet()).await;
    let dead = bench.dead_letters().await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].code.as_str(), &dead[0].value[..]), ("step-panicked", &b"panic"[..]));
    assert!(dead[0].message.contains("asked to panic"), "{}", dead[0].message);
}

/// A step whose output no log would take fails, and the worker goes on.
#[tokio::test(start_paused = true)]
async fn an_output_too_large_is_a_dead_letter() {
    let bench = Bench::new().await;
    bench.submit_raw("k1", "large").await;
    bench.submit(0..5).await;
    bench.run_until_done(6, Story::quiet()).await;
    let dead = bench.dead_letters().await;
    assert_eq!((dead.len(), dead[0].code.as_str()), (1, "output-too-large"));
}

/// An owner that finds its predecessor dead over nothing is not careful: its batches are whole.
#[tokio::test(start_paused = true)]
async fn an_idle_death_makes_nobody_careful() {
    let bench = Bench::new().await;
    // Dies right after its first asking, with nothing to read; then everything comes at once.
    let deaths = bench.run_idle_then(100, Story::dying_at(Moment::Asked, 1)).await;
    assert_eq!(deaths, 1);
    bench.assert_counted(100).await;
    assert!(bench.commits() < 40, "{} commits for 100 records", bench.commits());
}

/// A record in a partition where its key does not belong is not stepped and writes no row.
#[tokio::test(start_paused = true)]
async fn a_misplaced_record_is_a_dead_letter() {
    let bench = Bench::new().await;
    bench.submit_misplaced("k1").await;
    bench.submit(0..10).await;
    bench.run_until_done(11, Story::quiet()).await;
    let dead = bench.dead_letters().await;
    assert_eq!((dead.len(), dead[0].code.as_str()), (1, "wrong-partition"));
    bench.assert_counted(10).await;
}

/// A record whose step kills its owner is a dead letter after three deaths; kills elsewhere condemn
/// nobody.
#[tokio::test(start_paused = true)]
async fn a_killing_record_is_condemned() {
    let bench = Bench::new().await;
    bench.submit(0..3).await;
    bench.submit_raw("k1", "kill").await;
    bench.submit(3..6).await;
    let deaths = bench.run_until_done(7, Story::killed_by("kill")).await;
    assert!((3..=5).contains(&deaths), "{deaths} deaths");
    let dead = bench.dead_letters().await;
    assert_eq!((dead.len(), dead[0].code.as_str()), (1, "step-never-returned"));
    bench.assert_counted(6).await;
}

/// An owner with another store refuses, and says which store the last one had.
#[tokio::test(start_paused = true)]
async fn another_store_is_refused() {
    let bench = Bench::new().await;
    bench.submit(0..3).await;
    bench.run_until_done(3, Story::quiet()).await;
    let error = bench.with_another_store().run_to_error().await;
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.cause.contains("kept its state elsewhere"), "{error}");
}

/// A group whose offsets are gone while its owner's row says that there were some is refused, with the command
/// that puts them back; and whoever is refused leaves the row as he found it: where its last owner left.
#[tokio::test(start_paused = true)]
async fn lost_offsets_are_refused() {
    let bench = Bench::new().await;
    bench.submit(0..3).await;
    bench.run_until_done(3, Story::quiet()).await;
    bench.lose_offsets();
    let error = bench.run_to_error().await;
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.cause.contains("no committed offset"), "{error}");
    assert!(error.cause.contains("tributary group adopt"), "{error}");
    assert!(bench.are_closed().await, "a second start is refused in the same way");
}

/// A topic that was removed and made anew is refused: its positions begin again under old rows.
#[tokio::test(start_paused = true)]
async fn a_topic_made_anew_is_refused() {
    let bench = Bench::new().await;
    bench.submit(0..3).await;
    bench.run_until_done(3, Story::quiet()).await;
    bench.make_topic_anew().await;
    let error = bench.run_to_error().await;
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
}

/// A key's old versions are pruned, its newest stays; a tombstone goes after its time.
#[tokio::test(start_paused = true)]
async fn old_versions_are_pruned() {
    let bench = Bench::new().await;
    for _ in 0..40 {
        bench.submit_raw("k1", "x").await;
        bench.run_until_done(1, Story::quiet()).await;
    }
    assert!(bench.state_rows() <= 20, "{} rows of one key", bench.state_rows());
    bench.submit_raw("k1", "end").await;
    bench.run_until_done(1, Story::quiet()).await;
    assert_eq!(bench.state_rows(), 1, "the tombstone alone");
    tokio::time::advance(Duration::from_secs(7_200)).await;
    assert_eq!(bench.read_state("k1").await, None, "it has ended");
    let from_start = bench.outputs(Start::Beginning).await;
    assert_eq!(from_start.len(), 41);
}

/// Told to stop while the broker is away, an owner that waits leaves at once, one that works within the
/// bound of a transaction, and the next goes on where it was.
#[tokio::test(start_paused = true)]
async fn leaves_a_broker_that_is_away() {
    let at_once = Duration::from_millis(100);
    let in_time = Duration::from_millis(5_100);
    let cases = [
        (Away::at(Operation::Join), at_once),
        (Away::at(Operation::MakeTransactor), at_once),
        (Away::after_commit(Operation::MakeTransactor), at_once),
        (Away::at(Operation::Admin), in_time),
        (Away::at(Operation::Committed), in_time),
        (Away::at(Operation::Poll), at_once),
        (Away::at(Operation::Begin), in_time),
        (Away::at(Operation::Produce), in_time),
        (Away::at(Operation::SendOffsets), in_time),
        (Away::at(Operation::Commit), in_time),
        (Away::after_commit(Operation::Commit), in_time),
    ];
    for (number, (away, bound)) in cases.into_iter().enumerate() {
        let bench = Bench::new().await;
        bench.submit(0..20).await;
        let took = bench.leaves_after(away).await;
        assert!(took <= bound, "case {number} took {took:?}");
        assert!(!bench.are_closed().await, "case {number}: where it stopped is not known");
        bench.run_until_done(20, Story::quiet()).await;
        bench.assert_counted(20).await;
    }
}

/// While the store is slow the transaction is opened late, and is not open for longer either.
#[tokio::test(start_paused = true)]
async fn a_slow_store_holds_no_transaction_open() {
    let bench = Bench::new().await;
    bench.submit(0..1).await;
    let longest = bench.longest_transaction(Duration::from_secs(60)).await;
    assert!((4_900..5_200).contains(&longest.as_millis()), "open for {longest:?}");
}

/// A key that begins and ends leaves one tombstone, which goes after its time: whether one record was both
/// (then it is given its life when it is written), or two of one batch, or two of two.
#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_leaves_nothing() {
    let check = async |batches: &[&[&str]]| {
        let bench = Bench::new().await;
        for records in batches {
            for record in *records {
                bench.submit_raw("k1", record).await;
            }
            bench.run_until_done(records.len(), Story::quiet()).await;
        }
        assert_eq!(bench.state_rows(), 1, "{batches:?}: the tombstone alone");
        assert!(bench.read_state("k1").await.is_some(), "{batches:?}: it stands");
        tokio::time::advance(Duration::from_secs(7_200)).await;
        assert_eq!(bench.read_state("k1").await, None, "{batches:?}: it has ended");
    };
    check(&[&["end"]]).await;
    check(&[&["x", "end"]]).await;
    check(&[&["x"], &["end"]]).await;
    check(&[&["end", "end"]]).await;
}
