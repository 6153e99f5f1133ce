//! What an operator does to an inbox on an embedded log, step by step and each step twice; and what is read off
//! what stands.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a value that is not there is the failure")]

use agents_agent::{Agent, Effects, Event, Fault};
use schemas_records::{Stateless, Text};
use tokio_util::sync::CancellationToken;
use topics_runtime::worker::has_moved;

use super::*;
use crate::{Team, open};

struct Mute;

impl Agent for Mute {
    type Input = Text;
    type State = Stateless;

    fn step(&self, _: Event<Text>, _: &mut Stateless, _: &mut Effects) -> Result<(), Fault> {
        Ok(())
    }
}

async fn node() -> (Node, Config) {
    let config = Config::read(None, [], &["partitions=2".to_owned()]).unwrap();
    let team = Team::new("t").agent("first", Mute).agent("second", Mute);
    let node = Node::new(team, open(&config).await.unwrap(), config.settings.clone()).unwrap();
    node.plan(config.topics).await.unwrap().apply(&*node.doors().log).await.unwrap();
    (node, config)
}

fn moving(standing: Standing) -> Moving {
    match standing {
        Standing::Moving(moving) => *moving,
        other => panic!("{other:?}"),
    }
}

/// What is refused, in words.
async fn refused(node: &Node, config: &Config, agent: &str, wanted: i32) -> String {
    match Migration::open(node, config, agent, wanted).await {
        Err(error) => error.to_string(),
        Ok(migration) => migration.look().await.unwrap_err().to_string(),
    }
}

/// From one generation to two and, once nothing in the old one can matter or that is said, to one again.
#[tokio::test]
async fn an_inbox_moves_step_by_step() {
    let (node, config) = node().await;
    assert!(refused(&node, &config, "third", 3).await.contains("there are: first, second"));
    assert!(refused(&node, &config, "first", 0).await.contains("one partition or more"));
    let migration = Migration::open(&node, &config, "first", 3).await.unwrap();
    let Standing::Alone(old) = migration.look().await.unwrap() else { panic!("one generation") };
    let next = migration.next(&old);
    assert_eq!((&*next.topic, next.generation, next.partitions), ("tributary.t.first.inbox.g2", 2, 3));
    migration.make(&old, 0).await.unwrap();

    let made = moving(migration.look().await.unwrap());
    assert_eq!((made.draining.clone(), made.is_told()), (vec![None, None], false));
    let early = migration.remove(&made, false).await.unwrap_err();
    assert!(early.to_string().contains("was not told to drain"), "{early}");
    for _ in 0..2 {
        migration.drain(&made).await.unwrap();
    }
    let told = moving(migration.look().await.unwrap());
    assert_eq!(told.draining, [Some(0), Some(0)], "the first one counts");
    assert!(refused(&node, &config, "first", 4).await.contains("--partitions 3"));
    let early = migration.remove(&told, false).await.unwrap_err();
    assert!(early.to_string().contains("for 7 days"), "{early}");
    migration.remove(&told, true).await.unwrap();
    assert!(matches!(migration.look().await.unwrap(), Standing::Settled(inbox) if inbox.generation == 2));
    let names: Vec<String> =
        node.doors().log.topics("tributary.t.first").await.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["tributary.t.first.inbox.g2"]);
}

/// A node that reads both generations goes on with the new one when the old one is removed.
#[tokio::test(start_paused = true)]
async fn a_node_outlives_the_old_generation() {
    let (node, config) = node().await;
    let migration = Migration::open(&node, &config, "first", 3).await.unwrap();
    let Standing::Alone(old) = migration.look().await.unwrap() else { panic!("one generation") };
    migration.make(&old, 0).await.unwrap();
    let shutdown = CancellationToken::new();
    let ground = node.ground().await.unwrap();
    let role = node.role("first", &ground, &shutdown).unwrap();
    assert_eq!(role.watchdogs.len(), 2, "one for each generation");
    let running = tokio::spawn(role.run);
    let made = moving(migration.look().await.unwrap());
    migration.drain(&made).await.unwrap();
    let group = node.names().group("first");
    while !has_moved(&*node.doors().states, &group, &old).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await; // virtual clock
    }
    migration.remove(&made, true).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual clock
    assert!(!running.is_finished(), "{:?}", running.await);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// What is committed says whether the new generation has begun, and what is left to be read.
#[test]
fn what_stands_is_read_off() {
    let check = |draining: [Option<i64>; 2], committed: Option<Vec<i64>>, moved: Option<bool>, lag| {
        let inbox = |generation| Inbox { topic: format!("g{generation}").into(), generation, partitions: 2 };
        let moving = Moving {
            old: inbox(1),
            new: inbox(2),
            readers: None,
            draining: draining.to_vec(),
            committed,
            ends: vec![10, 20],
            removable_at: Timestamp(0),
        };
        assert_eq!((moving.has_moved(), moving.lag_records()), (moved, lag), "{moving:?}");
    };
    check([Some(4), Some(9)], Some(vec![5, 10]), Some(true), Some(15));
    check([Some(4), Some(9)], Some(vec![5, 9]), Some(false), Some(16));
    check([Some(4), None], Some(vec![5, 10]), Some(false), Some(15));
    // Markers of transactions stand behind the last record.
    check([Some(4), Some(9)], Some(vec![11, 21]), Some(true), Some(0));
    check([Some(4), Some(9)], None, None, None);
}

/// A time is told as long as it is.
#[test]
fn times_in_words() {
    for (seconds, words) in
        [(1, "1 min"), (3_600, "1 h 0 min"), (90_061, "1 days 1 h"), (604_800, "7 days 0 h")]
    {
        assert_eq!(in_words(Duration::from_secs(seconds)), words);
    }
}
