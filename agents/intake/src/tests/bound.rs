//! The bound N: never more open than that, over restart, rebalance and late closings; and always progress.

use std::collections::BTreeSet;
use std::time::Duration;

use topics_runtime::Moment;

use super::house::{House, PARTITIONS, TASKS, bad, good};

fn many(count: usize) -> Vec<topics_log::NewRecord> {
    (0..count).map(|number| good(number as i32 % PARTITIONS)).collect()
}

const SECOND: Duration = Duration::from_secs(1);

/// Without closings each partition takes its share and no more, however small N is; refusals take no room.
#[tokio::test(start_paused = true)]
async fn takes_its_share_and_no_more() {
    let check = async |open_max: u64, expected: usize| {
        let house = House::new().await;
        house.send((0..PARTITIONS).map(bad).collect()).await;
        house.send(many(90)).await;
        let mut settings = house.settings("a", 1);
        settings.open_max = open_max;
        let running = house.start_with(house.parts(), settings);
        tokio::time::sleep(10 * SECOND).await; // virtual clock
        running.end().await.unwrap();
        assert_eq!(
            house.open().into_values().collect::<Vec<_>>(),
            [expected; PARTITIONS as usize],
            "N = {open_max}"
        );
        assert_eq!(house.letters().len(), 3, "the refused did not wait");
    };
    check(1, 1).await;
    check(3, 1).await;
    check(17, 5).await;
    check(60, 20).await;
    check(90, 30).await;
    check(900, 30).await;
}

/// Tasks come and close, late and in any share: every one is taken in the end, and never too many at once.
#[tokio::test(start_paused = true)]
async fn makes_progress_as_closings_come() {
    for (open_max, share) in [(1, 100), (4, 1), (4, 30), (4, 100), (50, 10)] {
        let house = House::new().await;
        house.send(many(150)).await;
        house.send((0..PARTITIONS).map(bad).collect()).await;
        let running = house.start("a", open_max);
        house.live(30 * SECOND, share).await;
        running.end().await.unwrap();
        assert_eq!(house.inputs().len(), 150, "{open_max} {share}");
        assert!(house.most_open() <= open_max as usize, "{} of {open_max} open", house.most_open());
        house.check_outcomes("progress");
    }
}

/// A partition whose tasks never close does not hold up its neighbours, though one owner has them all.
#[tokio::test(start_paused = true)]
async fn keeps_no_neighbour_waiting() {
    let house = House::new().await;
    house.send((0..2_000).map(|_| good(0)).collect()).await;
    house.send((0..60).map(|number| good(1 + number % 2)).collect()).await;
    let running = house.start("a", 4);
    let mut closed = BTreeSet::new();
    for _ in 0..100 {
        tokio::time::sleep(SECOND / 10).await; // virtual clock
        let mut neighbours = house.inputs();
        neighbours.retain(|origin| origin.partition != 0 && closed.insert((origin.partition, origin.offset)));
        house.send(neighbours.iter().map(|origin| house.closing(origin)).collect()).await;
    }
    assert_eq!(house.inputs().len(), 4 + 60);
    for _ in 0..120 {
        tokio::time::sleep(SECOND / 10).await; // virtual clock
        house.close_some(100).await;
    }
    running.end().await.unwrap();
    assert!(house.inputs().len() > 64 + 300, "and goes on where it was: {}", house.inputs().len());
    let taken: Vec<i64> =
        house.inputs().iter().filter(|origin| origin.partition == 0).map(|origin| origin.offset).collect();
    assert!(taken.iter().copied().eq(0..taken.len() as i64), "in order, none left out");
    assert!(house.most_open() <= 4);
}

/// Ended and started again, politely or not, at any time: the count goes on where it was.
#[tokio::test(start_paused = true)]
async fn holds_over_restarts() {
    let house = House::new().await;
    house.send(many(200)).await;
    for round in 0..40 {
        let running = house.start("a", 5);
        house.live(SECOND / 2 * (1 + round % 2), 20).await;
        match round % 3 {
            0 => running.end().await.unwrap(),
            _ => running.kill().await,
        }
        house.close_some(10).await;
    }
    assert_eq!(house.inputs().len(), 200);
    assert!(house.most_open() <= 5, "{}", house.most_open());
    house.check_outcomes("restarts");
}

/// Instances come and go, so that partitions change hands: never too many open, none lost, none twice.
#[tokio::test(start_paused = true)]
async fn holds_over_rebalances() {
    let house = House::new().await;
    house.send(many(200)).await;
    let first = house.start("a", 5);
    house.live(2 * SECOND, 20).await;
    let second = house.start("b", 5);
    house.live(2 * SECOND, 20).await;
    let third = house.start("c", 5);
    house.live(2 * SECOND, 20).await;
    assert!(house.has_reached(Moment::Revoked), "nothing changed hands");
    first.end().await.unwrap();
    house.live(15 * SECOND, 20).await;
    second.kill().await;
    house.log.control().rebalance(super::house::GROUP);
    house.live(30 * SECOND, 20).await;
    third.end().await.unwrap();
    assert_eq!(house.inputs().len(), 200);
    assert!(house.most_open() <= 5, "{}", house.most_open());
    house.check_outcomes("rebalances");
}

/// Closings that come while no task does are committed by and by, so that a restart need not read them.
#[tokio::test(start_paused = true)]
async fn settles_closings_while_idle() {
    let house = House::new().await;
    house.send(many(30)).await;
    let running = house.start("a", 100);
    tokio::time::sleep(SECOND).await; // virtual clock
    house.close_some(100).await;
    tokio::time::sleep(10 * SECOND).await; // virtual clock
    running.kill().await;
    for (partition, (next, counts)) in house.committed() {
        assert_eq!((next, counts.accepted, counts.closed, counts.closings), (10, 10, 10, 10), "{partition}");
    }
}

/// A closing that is none, in a partition where no task ever came, holds up nobody's closings, and is a
/// dead letter.
#[tokio::test(start_paused = true)]
async fn a_bad_closing_where_no_task_came_holds_up_nobody() {
    let house = House::new().await;
    let running = house.start("a", 1);
    house.send(vec![good(0), good(0), good(0)]).await;
    tokio::time::sleep(SECOND).await; // virtual clock
    house.send(vec![topics_log::NewRecord { value: "?".into(), ..house.closing(&house.stray(1)) }]).await;
    house.live(5 * SECOND, 100).await;
    running.end().await.unwrap();
    assert_eq!(house.inputs().len(), 3);
    assert_eq!(house.letters().iter().map(|letter| letter.code.as_str()).collect::<Vec<_>>(), ["no-closing"]);
}

/// Every moment is reached.
#[tokio::test(start_paused = true)]
async fn reaches_its_moments() {
    let house = House::new().await;
    house.send(many(3)).await;
    let running = house.start("a", 5);
    tokio::time::sleep(SECOND).await; // virtual clock
    running.end().await.unwrap();
    let moments = [
        Moment::Assigned,
        Moment::Polled,
        Moment::Stepped,
        Moment::Produced,
        Moment::OffsetsSent,
        Moment::Committed,
    ];
    assert!(moments.into_iter().all(|moment| house.has_reached(moment)));
    assert_eq!(house.records(TASKS).len(), 3);
}
