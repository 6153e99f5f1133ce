//! A log that makes trouble, unknown outcomes, owners that are cut off, and closings that are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use topics_log::memory::{Door, Fate, Faults, NoFaults, Operation, Rebalance, Strike};
use topics_log::{NewRecord, Remedy};

use super::house::{CLOSINGS, GROUP, House, PARTITIONS, TASKS, bad, good};

const SECOND: Duration = Duration::from_secs(1);
const OPEN_MAX: u64 = 4;

fn tasks() -> Vec<NewRecord> {
    (0..100)
        .map(|number| if number % 7 == 0 { bad(number % PARTITIONS) } else { good(number % PARTITIONS) })
        .collect()
}

/// A number that looks random and is the same in every run.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let next = |seed: u64| {
            Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        let seed = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap();
        (seed >> 33) % sides
    }

    fn fate(&self) -> Fate {
        let soon = Duration::from_millis(self.roll(400));
        [Fate::Happened, Fate::Never, Fate::Late(soon), Fate::UnderWay(soon)][self.roll(4) as usize]
    }
}

impl Faults for Dice {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let is_ours = door.operation != Operation::Join && door.operation != Operation::Publish;
        match self.roll(10) {
            0 if is_ours => Strike::Fail(Remedy::Retry),
            1 if is_ours => Strike::Delay(Duration::from_millis(self.roll(50))),
            2 if door.operation == Operation::Commit => Strike::Unknown(self.fate()),
            3 if !door.transactor.is_empty() => Strike::Fail(Remedy::Abort),
            _ => Strike::None,
        }
    }
}

/// Calls that fail or take long, and commits whose outcome is unknown: one outcome for each task, and
/// never too many open.
#[tokio::test(start_paused = true)]
async fn outlives_faults() {
    for seed in 0..12 {
        let house = House::new().await;
        house.send(tasks()).await;
        let _ = house.log.clone().with_faults(Arc::new(Dice(AtomicU64::new(seed))));
        let running = house.start("a", OPEN_MAX);
        house.live(100 * SECOND, 50).await;
        let _ = house.log.clone().with_faults(Arc::new(NoFaults));
        house.live(20 * SECOND, 50).await;
        running.end().await.unwrap();
        house.check_outcomes(&format!("seed {seed}"));
        assert!(house.most_open() <= OPEN_MAX as usize, "seed {seed}: {}", house.most_open());
    }
}

/// Strikes the n-th commit with an unknown outcome.
struct Doubt {
    seen: AtomicU64,
    at: u64,
    fate: Fate,
}

impl Faults for Doubt {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let is_it =
            door.operation == Operation::Commit && self.seen.fetch_add(1, Ordering::Relaxed) == self.at;
        if is_it { Strike::Unknown(self.fate) } else { Strike::None }
    }
}

/// Each of the first commits in doubt, whatever became of it: read back, never guessed.
#[tokio::test(start_paused = true)]
async fn reads_unknown_outcomes_back() {
    for at in 0..6 {
        for fate in [Fate::Happened, Fate::Never, Fate::Late(SECOND / 2), Fate::UnderWay(SECOND / 2)] {
            let house = House::new().await;
            house.send(tasks()).await;
            let _ = house.log.clone().with_faults(Arc::new(Doubt { seen: AtomicU64::new(0), at, fate }));
            let running = house.start("a", OPEN_MAX);
            house.live(30 * SECOND, 50).await;
            running.end().await.unwrap();
            house.check_outcomes(&format!("commit {at} {fate:?}"));
            assert!(house.most_open() <= OPEN_MAX as usize);
        }
    }
}

/// An owner that is cut off is overtaken; what it still tries is refused, and it goes on when it is back.
#[tokio::test(start_paused = true)]
async fn fences_a_frozen_owner() {
    for rebalance in [Rebalance::Cooperative, Rebalance::Eager] {
        let house = House::new().await;
        let settings = topics_log::memory::Settings { rebalance, ..Default::default() };
        let _ = house.log.clone().with_settings(settings);
        house.send(tasks()).await;
        let first = house.start("a", OPEN_MAX);
        house.live(SECOND / 2, 50).await;
        house.log.control().freeze(GROUP, "a");
        let second = house.start("b", OPEN_MAX);
        house.live(20 * SECOND, 50).await;
        house.log.control().thaw(GROUP, "a");
        house.live(30 * SECOND, 50).await;
        first.end().await.unwrap();
        second.end().await.unwrap();
        house.check_outcomes(&format!("{rebalance:?}"));
        assert!(house.most_open() <= OPEN_MAX as usize, "{rebalance:?}: {}", house.most_open());
    }
}

/// A second process under the same instance name ends the first, which says so.
#[tokio::test(start_paused = true)]
async fn ends_when_its_name_is_taken() {
    let house = House::new().await;
    house.send(tasks()).await;
    let first = house.start("a", OPEN_MAX);
    house.live(SECOND, 50).await;
    let second = house.start("a", OPEN_MAX);
    let error = first.ended.await.unwrap().unwrap_err();
    assert_eq!(error.remedy, topics_runtime::Remedy::Fenced);
    house.live(30 * SECOND, 50).await;
    second.end().await.unwrap();
    house.check_outcomes("two of one name");
}

/// What is no closing becomes one dead letter, closes nothing, and holds up nothing, over restarts too.
#[tokio::test(start_paused = true)]
async fn buries_what_closes_nothing() {
    let house = House::new().await;
    let _ = house.send(tasks()).await;
    let running = house.start("a", OPEN_MAX);
    house.live(SECOND, 50).await;
    let mut stranger = house.inputs()[0].clone();
    stranger.partition = 1;
    let nonsense =
        |value: &'static str| NewRecord { value: value.into(), ..house.closing(&house.inputs()[0]) };
    let misplaced = NewRecord { partition: Some(0), ..house.closing(&stranger) };
    house.send(vec![nonsense("x"), nonsense(""), misplaced]).await;
    house.live(SECOND, 50).await;
    running.kill().await;
    let running = house.start("a", OPEN_MAX);
    house.live(40 * SECOND, 50).await;
    running.end().await.unwrap();
    let letters = house.letters();
    let buried: Vec<&str> =
        letters.iter().filter(|letter| letter.topic == CLOSINGS).map(|letter| letter.code.as_str()).collect();
    assert_eq!(buried, ["no-closing"; 3]);
    assert_eq!(letters.iter().filter(|letter| letter.topic == TASKS).count(), 15);
    assert_eq!(house.inputs().len(), 85);
}

/// Closings of another life of the group, whose offsets were lost, are not counted for this one.
#[tokio::test(start_paused = true)]
async fn begins_where_closings_end() {
    let house = House::new().await;
    house.send(vec![good(0), good(0)]).await;
    let running = house.start("a", OPEN_MAX);
    house.live(SECOND, 100).await;
    running.end().await.unwrap();
    tokio::time::sleep(20 * SECOND).await; // virtual clock
    assert!(house.log.control().members(GROUP).is_empty() || house.log.control().rebalance(GROUP));
    house.log.control().lose_offsets(GROUP);
    let running = house.start("b", OPEN_MAX);
    tokio::time::sleep(20 * SECOND).await; // virtual clock
    running.end().await.unwrap();
    let (next, counts) = house.committed()[&0];
    assert_eq!((next, counts.accepted, counts.closed, counts.closings), (2, 2, 0, 2));
}

/// Metadata of another program is refused with what was found.
#[tokio::test(start_paused = true)]
async fn refuses_metadata_of_others() {
    use topics_log::{Consumer, Group, Log, OffsetCommit, Polled};
    let house = House::new().await;
    let group = Group { id: GROUP.to_owned(), instance: "a".to_owned() };
    let mut other: Box<dyn Consumer> = house.log.join(group, &[TASKS]).await.unwrap();
    let Polled::Assigned(assigned) = other.poll(1, SECOND).await.unwrap() else {
        panic!("nothing was assigned")
    };
    let commit = OffsetCommit { assignment: assigned[0].clone(), next: 0, metadata: "lag=7".to_owned() };
    other.commit(&[commit]).await.unwrap();
    drop(other);
    let error = house.start("a", OPEN_MAX).ended.await.unwrap().unwrap_err();
    assert_eq!(error.remedy, topics_runtime::Remedy::Stop);
    assert!(
        error.to_string().contains("could not take over ns.team.tasks/")
            && error.to_string().contains("lag=7"),
        "{error}"
    );
}

/// A broker that is away: calls of one kind do not come back.
struct Away(Operation);

impl Faults for Away {
    fn strike(&self, door: &Door<'_>) -> Strike {
        if door.operation == self.0 { Strike::Delay(1_000 * SECOND) } else { Strike::None }
    }
}

/// Told to stop while the broker is away, intake leaves at once if it only waits, and within its bound if
/// it works; whoever comes next finds what it was about.
#[tokio::test(start_paused = true)]
async fn leaves_a_broker_that_is_away() {
    let at_once = SECOND / 10;
    let in_time = 10 * SECOND + at_once;
    let cases = [
        (Operation::Join, at_once),
        (Operation::MakeTransactor, at_once),
        (Operation::Committed, at_once),
        (Operation::ReadFrom, at_once),
        (Operation::Poll, in_time),
        (Operation::Begin, in_time),
        (Operation::Produce, in_time),
        (Operation::SendOffsets, in_time),
        (Operation::Commit, in_time),
    ];
    for (operation, bound) in cases {
        let house = House::new().await;
        house.send(tasks()).await;
        let _ = house.log.clone().with_faults(Arc::new(Away(operation)));
        let running = house.start("a", OPEN_MAX);
        tokio::time::sleep(SECOND).await; // virtual clock
        let told = tokio::time::Instant::now();
        running.end().await.unwrap();
        assert!(told.elapsed() <= bound, "{operation:?} took {:?}", told.elapsed());
        let _ = house.log.clone().with_faults(Arc::new(NoFaults));
        let running = house.start("a", OPEN_MAX);
        house.live(60 * SECOND, 50).await;
        running.end().await.unwrap();
        house.check_outcomes(&format!("{operation:?}"));
    }
}
