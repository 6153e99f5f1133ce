//! The broker's clock is never ahead, whatever the reports say, and takes the better of two bounds.

use std::time::Duration;

use schemas_records::Timestamp;
use tokio::time::{Instant, advance};

use super::{BrokerClock, REPORT_AGE_MAX};

const MS: Duration = Duration::from_millis(1);

/// What happens to a clock, in order.
enum Do {
    /// Time passes here.
    Pass(Duration),
    /// A report that took so long to come tells an append time.
    Report(Duration, i64),
    /// A report on what was sent so long before it came, while other reports came.
    Overlap(Duration, i64),
    /// A record that was appended then is read.
    Read(i64),
}

use Do::{Overlap, Pass, Read, Report};

/// Does all that, then compares what the clock shows and whether the last report was behind.
async fn check(steps: &[Do], now: Option<i64>, is_behind: bool) {
    let (mut clock, mut was_behind) = (BrokerClock::default(), false);
    for step in steps {
        match step {
            Pass(time) => advance(*time).await,
            Report(took, appended) => {
                let sent = Instant::now();
                advance(*took).await;
                was_behind = clock.learn(sent, Timestamp(*appended));
            }
            Overlap(took, appended) => {
                was_behind = clock.learn(Instant::now() - *took, Timestamp(*appended));
            }
            Read(appended) => clock.learn_read(Timestamp(*appended)),
        }
    }
    assert_eq!(clock.now(), now.map(Timestamp));
    assert_eq!(was_behind, is_behind);
}

/// Shows nothing before a report, what it said after it, and a little less than the time that passed.
#[tokio::test(start_paused = true)]
async fn shows_a_lower_bound() {
    check(&[], None, false).await;
    check(&[Pass(MS)], None, false).await;
    check(&[Report(5 * MS, 1_000)], Some(1_000), false).await;
    check(&[Report(MS, 1_000), Pass(100 * MS)], Some(1_099), false).await;
    check(&[Report(MS, 1_000), Pass(10_000 * MS)], Some(10_990), false).await;
}

/// A report that took long does not make the clock slow; one that says more makes it faster.
#[tokio::test(start_paused = true)]
async fn keeps_the_better_bound() {
    check(&[Report(MS, 1_000), Report(3_000 * MS, 1_001)], Some(3_997), false).await;
    check(&[Report(MS, 1_000), Report(MS, 5_000)], Some(5_000), false).await;
}

/// A broker's clock that stepped back is believed at once.
#[tokio::test(start_paused = true)]
async fn steps_back_with_the_broker() {
    check(&[Report(MS, 100_000), Pass(MS), Report(MS, 40_000)], Some(40_000), true).await;
    check(&[Report(MS, 100_000), Report(MS, 40_000), Report(MS, 40_001)], Some(40_001), false).await;
}

/// A report on what was sent before the clock was known so well does not say that it stepped back.
#[tokio::test(start_paused = true)]
async fn bears_reports_that_overlap() {
    check(&[Report(5 * MS, 1_000), Overlap(3 * MS, 998)], Some(1_000), false).await;
    check(&[Report(5 * MS, 1_000), Overlap(3 * MS, 1_003)], Some(1_003), false).await;
    check(&[Report(5 * MS, 1_000), Pass(4 * MS), Overlap(3 * MS, 999)], Some(999), true).await;
}

/// What is read has been appended: old records say little, a newer one more; but they say nothing of a
/// clock that has stepped back since, until it is past the step.
#[tokio::test(start_paused = true)]
async fn learns_from_what_is_read() {
    check(&[Read(1_000)], Some(1_000), false).await;
    check(&[Read(1_000), Pass(100 * MS), Read(1_001), Read(900)], Some(1_099), false).await;
    check(&[Read(1_000), Read(60_000)], Some(60_000), false).await;
    check(&[Read(1_000), Report(MS, 90_000), Read(80_000)], Some(90_000), false).await;
    let back = [Read(100_000), Pass(MS), Report(MS, 40_000)];
    check(&back, Some(40_000), true).await;
    let [read, pass, report] = back;
    let steps = [read, pass, report, Read(99_000), Read(100_001)];
    check(&steps, Some(40_000), true).await;
    check(&[Read(100_000), Report(MS, 40_000), Read(100_002)], Some(100_002), true).await;
}

/// At the instant of a time the clock shows it, and a microsecond before it does not.
#[tokio::test(start_paused = true)]
async fn knows_when_a_time_will_be() {
    let mut clock = BrokerClock::default();
    assert_eq!(clock.instant_of(Timestamp(7)), None);
    clock.learn(Instant::now(), Timestamp(1_000));
    for due in [1_001, 1_999, 2_000, 61_000, 3_601_000] {
        let instant = clock.instant_of(Timestamp(due)).unwrap();
        let wait = instant - Instant::now();
        let show = |wait: Duration| clock.known.unwrap().time_at(Instant::now() + wait);
        assert_eq!((show(wait - Duration::from_micros(1)), show(wait)), (Timestamp(due - 1), Timestamp(due)));
    }
    assert_eq!(clock.instant_of(Timestamp(0)), Some(Instant::now()), "what is past is now");
    assert_eq!(clock.instant_of(Timestamp(i64::MAX)), None, "and what is too far away is nowhere");
}

/// A report grows old, and a new one is young; what is read does not count.
#[tokio::test(start_paused = true)]
async fn trusts_a_report_for_a_while() {
    let mut clock = BrokerClock::default();
    assert!(!clock.is_fresh());
    clock.learn_read(Timestamp(0));
    assert!(!clock.is_fresh());
    clock.learn(Instant::now(), Timestamp(0));
    advance(REPORT_AGE_MAX).await;
    assert!(clock.is_fresh());
    advance(MS).await;
    assert!(!clock.is_fresh());
}
