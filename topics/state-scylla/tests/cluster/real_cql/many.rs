//! Many keys at once, and many versions of one.

use std::time::{Duration, Instant};

use bytes::Bytes;
use topics_state::{Epoch, Key, Position, Row, StateStore};

use super::ground::{store, unique};

const KEYS: usize = 10_000;

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn key(n: usize) -> Key {
    Key::new(format!("key {n}").as_bytes())
}

/// Shows that ten thousand keys are written, read and pruned in one call each, every answer in its place.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys() {
    let (store, agent) = (store().await, unique("many"));
    let value = |n: usize, offset: i64| Bytes::from(format!("{n} at {offset} {}", "x".repeat(1000)));
    let below: Vec<_> = (0..KEYS).map(|n| (key(n), at(2))).collect();
    for offset in 1..=2 {
        let rows = (0..KEYS).map(|n| Row {
            key: key(n),
            position: at(offset),
            value: value(n, offset),
            lives: None,
        });
        let began = Instant::now();
        store.write(&agent, Epoch(1), rows.collect()).await.expect("write");
        println!("{KEYS} writes of 1 KB: {:?}", began.elapsed());
    }
    let read = async |below: &[(Key, Position)]| {
        let began = Instant::now();
        let found = store.read(&agent, below).await.expect("read");
        println!("{KEYS} reads: {:?}", began.elapsed());
        found.into_iter().map(|version| version.map(|version| version.value)).collect::<Vec<_>>()
    };
    assert!(read(&below).await == (0..KEYS).map(|n| Some(value(n, 1))).collect::<Vec<_>>());
    let began = Instant::now();
    store.prune(&agent, Epoch(1), &below).await.expect("prune");
    println!("{KEYS} prunes: {:?}", began.elapsed());
    assert!(read(&below).await == vec![None; KEYS]);
    let above: Vec<_> = (0..KEYS).map(|n| (key(n), at(3))).collect();
    assert!(read(&above).await == (0..KEYS).map(|n| Some(value(n, 2))).collect::<Vec<_>>());
}

/// Shows that a read does not walk over what was pruned: of a key with ten thousand versions it takes no
/// longer, but for a factor that a busy machine explains, than of one with a single version.
#[tokio::test(flavor = "multi_thread")]
async fn pruned_versions_are_not_met() {
    let (store, agent) = (store().await, unique("pruned"));
    for part in 0..20 {
        let rows = (part * 500..(part + 1) * 500).map(|offset| Row {
            key: key(0),
            position: at(offset),
            value: Bytes::from_static(b"v"),
            lives: None,
        });
        store.write(&agent, Epoch(1), rows.collect()).await.expect("write");
    }
    let single = Row { key: key(1), position: at(9_999), value: Bytes::from_static(b"v"), lives: None };
    store.write(&agent, Epoch(1), vec![single]).await.expect("write");
    store.prune(&agent, Epoch(1), &[(key(0), at(9_999))]).await.expect("prune");
    let median = async |of: Key| {
        let mut times = Vec::new();
        for _ in 0..101 {
            let began = Instant::now();
            let found = store.read(&agent, &[(of.clone(), at(20_000))]).await.expect("read");
            assert_eq!(found[0].as_ref().map(|version| version.position.offset), Some(9_999));
            times.push(began.elapsed());
        }
        times.sort();
        times[50]
    };
    let (pruned, single) = (median(key(0)).await, median(key(1)).await);
    println!("newest of 10,000 versions, pruned: {pruned:?}; of one: {single:?}");
    assert!(pruned < 10 * single + Duration::from_millis(5), "{pruned:?}, {single:?}");
}
