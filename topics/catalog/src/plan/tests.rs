//! What is made for a team, and what goes with it.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use std::sync::Arc;

use topics_log::memory::MemoryLog;
use topics_log::{Log, NewTopic, Timestamp, VirtualClock};

use super::{Catalog, Removal, Topics};
use crate::names::Names;

async fn apply(log: &MemoryLog, team: &str) -> (Catalog, Names) {
    let names = Names::new("mine", team).unwrap();
    let catalog = Catalog::of(&names, &["planner".to_owned()], Topics::default());
    catalog.plan(log, &names).await.unwrap().apply(log).await.unwrap();
    (catalog, names)
}

async fn remove(log: &MemoryLog, (catalog, names): &(Catalog, Names)) -> Removal {
    let removal = catalog.removal(log, names).await.unwrap();
    log.remove(&removal.remove).await.unwrap();
    removal
}

async fn left(log: &MemoryLog) -> Vec<String> {
    log.topics("").await.unwrap().into_iter().map(|topic| topic.name).collect()
}

/// Of two teams in a namespace the first that goes takes its own topics, the last takes the shared ones
/// too; what is nobody's stays and holds nothing back.
#[tokio::test]
async fn the_last_team_takes_what_is_shared() {
    let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(Timestamp(0))));
    let stranger = |name: &str| NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replication: 0,
        config: Default::default(),
    };
    log.create(&[stranger("mine.audit"), stranger("yours.one.tasks")]).await.unwrap();
    let (one, two) = (apply(&log, "one").await, apply(&log, "two").await);
    let shared = ["mine.dead-letters", "mine.model.requests", "mine.timers"];
    let own = |team: &str| {
        ["closings", "planner.inbox.g1", "results", "tasks"].map(|topic| format!("mine.{team}.{topic}"))
    };

    let gone = remove(&log, &one).await;
    assert_eq!((gone.remove, gone.leave), (own("one").to_vec(), shared.map(str::to_owned).to_vec()));
    assert_eq!(gone.others.into_iter().collect::<Vec<_>>(), ["two"]);
    // Again: there is nothing more of it.
    assert_eq!(remove_nothing(&log, &one).await, shared.map(str::to_owned));

    let gone = remove(&log, &two).await;
    assert_eq!((gone.remove.len(), gone.leave.len(), gone.others.len()), (7, 0, 0));
    assert_eq!(left(&log).await, ["mine.audit", "yours.one.tasks"]);
}

async fn remove_nothing(log: &MemoryLog, (catalog, names): &(Catalog, Names)) -> Vec<String> {
    let removal = catalog.removal(log, names).await.unwrap();
    assert!(removal.remove.is_empty(), "{:?}", removal.remove);
    removal.leave
}

/// An inbox that moved goes with its team in all its generations, and is planned in those that there are.
#[tokio::test]
async fn every_generation_goes_with_its_team() {
    let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(Timestamp(0))));
    let (catalog, names) = apply(&log, "one").await;
    let next = catalog.inbox(&names.inbox_in("planner", 2)).unwrap();
    assert_eq!((next.name.as_str(), next.partitions), ("mine.one.planner.inbox.g2", 12));
    assert!(next.config.contains_key("retention.ms") && catalog.inbox("mine.one.tasks").is_none());
    log.create(&[next]).await.unwrap();
    let plan = catalog.plan(&log, &names).await.unwrap();
    assert_eq!((plan.create.len(), plan.keep.len()), (0, 8));
    log.remove(&["mine.one.planner.inbox.g1".to_owned()]).await.unwrap();
    let plan = catalog.plan(&log, &names).await.unwrap();
    assert_eq!((plan.create.len(), plan.keep.len()), (0, 7), "the first generation is not made again");
    remove(&log, &(catalog, names)).await;
    assert_eq!(left(&log).await, Vec::<String>::new());
}
