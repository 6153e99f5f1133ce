//! Groups: who reads what, from where, and what happens when members come and go.

use std::time::Duration;

use tokio::time::Instant;
use topics_log::{Error, Polled, Start};

use super::Verdict;
use super::member::{Member, begin};
use super::scene::{Scene, numbers, values};

/// Polls several members in turn until something is so of all of them, at most as long as it may take.
pub async fn together(
    members: &mut [&mut Member],
    done: impl Fn(&[&mut Member]) -> bool,
) -> Result<(), Error> {
    let Some(settle) = members.first().map(|first| first.settle()) else { return Ok(()) };
    let deadline = Instant::now() + settle;
    while !done(members) {
        assert!(Instant::now() < deadline, "the group did not settle within {settle:?}");
        for member in members.iter_mut() {
            member.turn(100).await?;
        }
    }
    Ok(())
}

/// An assigned partition brings no records before its owner has said where to begin.
pub async fn reads_nothing_before_it_is_told_where(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    scene.publish(&input, 0, 0..5).await?;
    let mut consumer = scene.log.join(scene.group("one"), &[&input]).await?;
    let deadline = Instant::now() + scene.timing.settle;
    let assigned = loop {
        assert!(Instant::now() < deadline, "no partition was assigned");
        match consumer.poll(10, Duration::from_millis(50)).await? {
            Polled::Assigned(assigned) => break assigned,
            other => {
                assert!(matches!(&other, Polled::Records(none) if none.is_empty()), "first came {other:?}")
            }
        }
    };
    let early = consumer.poll(10, scene.timing.quiet).await?;
    assert!(matches!(&early, Polled::Records(none) if none.is_empty()), "then came {early:?}");
    let start = [(assigned[0].clone(), Start::At(2))];
    begin(&mut *consumer, &start, scene.timing).await?;
    let found = poll_records(&mut *consumer, 3, &scene).await?;
    assert_eq!(found, numbers(2..5), "records from the place named");
    Ok(())
}

/// Whoever asks for no records still hears of its assignment, waits as long as it said, gets nothing, and
/// later gets everything, however much lay there meanwhile.
pub async fn serves_rebalances_without_records(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    // More than an implementation may set aside.
    scene.publish(&input, 0, 0..3_000).await?;
    let mut consumer = scene.log.join(scene.group("one"), &[&input]).await?;
    let deadline = Instant::now() + scene.timing.settle;
    let assigned = loop {
        assert!(Instant::now() < deadline, "no partition was assigned");
        match consumer.poll(0, Duration::from_millis(50)).await? {
            Polled::Assigned(assigned) => break assigned,
            other => assert!(matches!(&other, Polled::Records(none) if none.is_empty()), "{other:?}"),
        }
    };
    begin(&mut *consumer, &[(assigned[0].clone(), Start::Beginning)], scene.timing).await?;
    let until = Instant::now() + 3 * scene.timing.quiet;
    let mut polls = 0;
    while Instant::now() < until {
        let polled = consumer.poll(0, scene.timing.quiet).await?;
        assert!(matches!(&polled, Polled::Records(none) if none.is_empty()), "{polled:?}");
        polls += 1;
    }
    assert!(polls < 2_000, "{polls} polls: it does not wait");
    let found = poll_records(&mut *consumer, 3_000, &scene).await?;
    assert_eq!(found, numbers(0..3_000), "everything, in order");
    Ok(())
}

/// Going back or forward begins there with the next poll: what was fetched ahead is forgotten.
pub async fn goes_back_and_forgets_what_it_fetched(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    scene.publish(&input, 0, 0..10).await?;
    let mut member = Member::join(&scene, "one", &input).await?;
    member.until(|member| !member.owned.is_empty()).await?;
    let own = member.assignment(&input, 0);
    for (start, count, expected) in [
        (Start::Beginning, 2, 0..2),
        (Start::At(7), 2, 7..9),
        (Start::At(3), 7, 3..10),
        (Start::Beginning, 10, 0..10),
    ] {
        let place = [(own.clone(), start)];
        begin(&mut *member.consumer, &place, scene.timing).await?;
        let found = poll_records(&mut *member.consumer, count, &scene).await?;
        assert_eq!(found, numbers(expected), "{count} records from {start:?}");
    }
    let place = [(own, Start::End)];
    begin(&mut *member.consumer, &place, scene.timing).await?;
    scene.publish(&input, 0, 10..11).await?;
    assert_eq!(poll_records(&mut *member.consumer, 1, &scene).await?, ["10"], "records from the end");
    Ok(())
}

/// A member that is alone gets every partition of every topic it subscribes to, and every record.
pub async fn gives_everything_to_who_is_alone(scene: Scene) -> Verdict {
    let input = scene.topic("in", 4).await?;
    let mut member = Member::owning(&scene, "one", &input, 4).await?;
    for partition in 0..4 {
        scene.publish(&input, partition, 0..25).await?;
    }
    member.until(|member| member.seen.len() >= 100).await?;
    for partition in 0..4 {
        let mut own = member.seen.clone();
        own.retain(|record| record.topic_partition.partition == partition);
        assert_eq!(values(&own), numbers(0..25), "partition {partition}");
    }
    Ok(())
}

/// A member that closes and comes back under its name before its session ends gets its partitions
/// again with new tokens, reads on at its commits, and the others notice nothing.
pub async fn gives_a_returning_member_its_partitions(scene: Scene) -> Verdict {
    let input = scene.topic("in", 4).await?;
    let mut one = Member::join(&scene, "one", &input).await?;
    let mut two = Member::join(&scene, "two", &input).await?;
    together(&mut [&mut one, &mut two], |all| all.iter().all(|member| member.owned.len() == 2)).await?;
    let before = one.owned.clone();
    let commits: Vec<_> = before.keys().map(|at| one.offset(&at.topic, at.partition, 3, "")).collect();
    for at in before.keys() {
        scene.publish(&input, at.partition, 0..5).await?;
    }
    one.consumer.commit(&commits).await?;
    let changes = two.changes;
    one.consumer.close().await;
    let mut one = Member::join(&scene, "one", &input).await?;
    together(&mut [&mut one, &mut two], |all| all[0].seen.len() >= 4).await?;
    assert!(one.owned.keys().eq(before.keys()), "the same partitions");
    assert!(before.values().all(|old| !old.token.is_alive()), "the old tokens are dead");
    assert_eq!(one.seen.iter().filter(|record| record.offset < 3).count(), 0, "records before the commits");
    assert_eq!(two.changes, changes, "changes of the other member's assignment");
    Ok(())
}

/// From one member to two and back to one, with transactions all the while: every record is copied
/// once, and in each partition in order.
pub async fn loses_and_doubles_nothing_from_one_member_to_two_and_back(scene: Scene) -> Verdict {
    let (input, output) = (scene.topic("in", 4).await?, scene.topic("out", 4).await?);
    let publish = async |values: std::ops::Range<usize>| -> Result<(), Error> {
        for partition in 0..4 {
            scene.publish(&input, partition, values.clone()).await?;
        }
        Ok(())
    };
    publish(0..20).await?;
    let mut one = Member::owning(&scene, "one", &input, 4).await?;
    let mut first = one.consumer.transactor(&scene.name("one")).await?;
    let mut copied = one.copy(&mut *first, &output).await?;
    let mut two = Member::join(&scene, "two", &input).await?;
    let mut second = two.consumer.transactor(&scene.name("two")).await?;
    let deadline = Instant::now() + scene.timing.settle;
    while copied < 80 || two.owned.is_empty() {
        assert!(Instant::now() < deadline, "two members copied {copied} of 80 in time");
        copied += one.copy(&mut *first, &output).await?;
        copied += two.copy(&mut *second, &output).await?;
    }
    publish(20..30).await?;
    copied += two.copy(&mut *second, &output).await?;
    drop(second);
    two.consumer.close().await;
    let deadline = Instant::now() + scene.timing.settle + scene.timing.session_timeout;
    while copied < 120 {
        assert!(Instant::now() < deadline, "one member copied {copied} of 120 in time");
        copied += one.copy(&mut *first, &output).await?;
    }
    let found = scene.everything(&output, 4).await?;
    for partition in 0..4 {
        let mut own = found.clone();
        own.retain(|record| record.topic_partition.partition == partition);
        assert_eq!(values(&own), numbers(0..30), "copies in partition {partition}");
    }
    Ok(())
}

/// A member that waits gets a record when it comes, not when its wait is over.
pub async fn wakes_a_waiting_member(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let long = scene.timing.settle * 4;
    let since = Instant::now();
    let publish = async {
        tokio::time::sleep(Duration::from_millis(200)).await; // paces load
        scene.publish(&input, 0, 0..1).await
    };
    let (polled, published) = tokio::join!(member.consumer.poll(10, long), publish);
    published?;
    let Polled::Records(records) = polled? else { unreachable!("nothing changed hands") };
    assert_eq!(values(&records), ["0"], "records");
    assert!(since.elapsed() < scene.timing.settle, "waited {:?} of {long:?}", since.elapsed());
    Ok(())
}

/// The values of exactly `count` records; fewer if they do not come in time.
async fn poll_records(
    consumer: &mut dyn topics_log::Consumer,
    count: usize,
    scene: &Scene,
) -> Result<Vec<String>, Error> {
    let deadline = Instant::now() + scene.timing.settle;
    let mut all = Vec::new();
    while all.len() < count && Instant::now() < deadline {
        if let Polled::Records(records) = consumer.poll(count - all.len(), Duration::from_millis(100)).await?
        {
            all.extend(records);
        }
    }
    Ok(values(&all))
}
