//! The process is killed at random moments while many tasks flow, and asked to stop in the middle of calls.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::house::{House, Who};
use super::ledger::quiet;
use super::life::Life;
use super::tasks::{CALLS, questions, records};

/// Tasks that flow while the process is killed.
const TASKS: usize = 100;

/// How often it is killed.
const KILLS: u64 = 10;

/// Calls in flight at most: what a kill may cost.
const IN_FLIGHT: usize = 8;

/// How long each call takes: long against a step, so that most kills meet calls in flight.
const LATENCY: Duration = Duration::from_millis(100);

/// The shortest and the longest life: from before it has its partitions to well into the work.
const LIVES_MS: std::ops::Range<u64> = 200..1_500;

/// Names a seed, to have the same moments again.
const SEED: &str = "TRIBUTARY_TEST_SEED";

/// Killed ten times, a hundred tasks have a quiet run's results once each, and what was paid again is at
/// most what was in flight.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_by_kills_at_random() {
    let house = House::with_latency("kills", Who::Briefing, LATENCY).await;
    let tasks = questions(TASKS);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut chance = Chance::from_environment();
    println!("{SEED}={} gives the same lives again", chance.0);
    let sets = [format!("calls_in_flight_max={IN_FLIGHT}")];
    let since = Instant::now();
    house.publish(records(&house.names, &tasks)).await;
    for _ in 0..KILLS {
        let mut life = Life::with(&house, None, &sets);
        tokio::time::sleep(Duration::from_millis(chance.within(LIVES_MS))).await; // paces load
        assert!(!life.has_ended(), "the node ended by itself:\n{}", life.words());
        life.kill().await;
    }
    let done = house.ended().await.len();
    let mut life = Life::with(&house, None, &sets);
    house.wait_for_results(TASKS, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let again = house.verify(&before, &quiet, KILLS).await;
    println!(
        "{done} of {TASKS} tasks done when the last was killed, all after {:?}; {again} calls paid again",
        since.elapsed()
    );
    assert!(done < TASKS, "every task was done before the kills were");
    let most = KILLS * IN_FLIGHT as u64;
    assert!(again <= most, "{again} calls were paid again, {most} can have been in flight");
}

/// Asked to stop in the middle of calls, the process waits for them and ends well; the next one pays for
/// none of them again.
#[tokio::test(flavor = "multi_thread")]
async fn a_polite_stop_pays_for_nothing_again() {
    let house = House::with_latency("polite", Who::Briefing, LATENCY).await;
    let tasks = questions(40);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    house.publish(records(&house.names, &tasks)).await;
    let sets = [format!("calls_in_flight_max={IN_FLIGHT}")];
    for _ in 0..3 {
        let paid = house.provider.paid().calls;
        let mut life = Life::with(&house, None, &sets);
        let deadline = Instant::now() + super::house::SETTLE;
        // In the middle of its calls: some of this life's were made, and many are to come.
        while house.provider.paid().calls < paid + 10 {
            assert!(Instant::now() < deadline, "no calls; the node said:\n{}", life.words());
            tokio::task::yield_now().await;
        }
        life.stop().await;
    }
    let called = house.provider.paid().calls - before.calls;
    assert!(called < (tasks.len() * CALLS) as u64, "all {called} calls were made before the last stop");
    let mut life = Life::with(&house, None, &sets);
    house.wait_for_results(tasks.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
}

/// Numbers that look like chance and come of a seed (xorshift): enough to spread kills.
struct Chance(u64);

impl Chance {
    #[allow(clippy::disallowed_methods, reason = "the seed of a run is any number, and is printed")]
    fn from_environment() -> Self {
        let given = std::env::var(SEED).ok().map(|text| text.parse().expect("a seed is a number"));
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self(given.unwrap_or_else(|| u64::try_from(now() % 1_000_000_007).unwrap_or(1)).max(1))
    }

    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + self.0 % (range.end - range.start)
    }
}
