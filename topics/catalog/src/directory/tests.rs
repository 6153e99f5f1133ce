//! Whom a name stands for while an inbox moves, and which addresses are answered.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use std::sync::Arc;

use topics_log::memory::MemoryLog;
use topics_log::{Timestamp, VirtualClock};

use super::*;
use crate::{Catalog, Topics};

/// An agent is the oldest generation of its inbox until it is turned to another. Every generation that there is
/// can be answered, and a later one too, which was made since; nothing else can.
#[tokio::test]
async fn finds_generations() {
    let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(Timestamp(0))));
    let (names, agents) = (Names::new("mine", "team").unwrap(), ["planner".to_owned()]);
    let catalog = Catalog::of(&names, &agents, Topics { partitions: 4, replication: 0 });
    catalog.plan(&log, &names).await.unwrap().apply(&log).await.unwrap();
    let six = Catalog::of(&names, &agents, Topics { partitions: 6, replication: 0 });
    log.create(&[six.inbox(&names.inbox_in("planner", 2)).unwrap()]).await.unwrap();

    let directory = Directory::look_up(&log, &names, &agents).await.unwrap();
    let [old, new] = directory.inboxes("planner") else { panic!("two generations") };
    assert_eq!((old.generation, old.partitions, new.generation, new.partitions), (1, 4, 2, 6));
    let stands_for = |directory: &Directory| directory.find("planner").unwrap().0.to_string();
    assert_eq!(stands_for(&directory), "mine.team.planner.inbox.g1");
    assert_eq!(stands_for(&directory.clone().turn_to("planner", new)), "mine.team.planner.inbox.g2");

    let namespace = directory.clone().with_namespace(&log, &names).await.unwrap();
    let check = |topic: &str, partition: i32, expected: bool| {
        let address = Address { topic: topic.into(), partition, key: Key::new(b"k") };
        for directory in [&directory, &namespace] {
            assert_eq!(directory.holds(&address), expected, "{address}");
        }
    };
    check("mine.team.planner.inbox.g1", 3, true);
    check("mine.team.planner.inbox.g1", 4, false);
    check("mine.team.planner.inbox.g2", 5, true);
    check("mine.team.planner.inbox.g2", 6, false);
    check("mine.team.planner.inbox.g3", 60, true);
    check("mine.team.planner.inbox.g3", -1, false);
    check("mine.team.planner.inbox.g03", 0, false);
    check("mine.team.stranger.inbox.g3", 0, false);
    check("mine.team.planner.outbox.g3", 0, false);

    log.remove(&["mine.team.planner.inbox.g1".to_owned()]).await.unwrap();
    let directory = Directory::look_up(&log, &names, &agents).await.unwrap();
    assert_eq!(stands_for(&directory), "mine.team.planner.inbox.g2");
    let address = Address { topic: names.inbox("planner"), partition: 0, key: Key::new(b"k") };
    assert!(!directory.holds(&address), "an earlier one is gone for good");
}
