//! Owners that overlap: what a late one writes or deletes, small or large, does not count.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use topics_state::{Epoch, Key, Owner, Position, Remedy, Row, Slot, StateStore};
use topics_state_scylla::ScyllaStore;

use super::ground::{rows, session, settings, store, unique};

/// A size that needs three chunks beside the row.
const LARGE: usize = 900_000;

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn row(key: &str, offset: i64, value: Bytes) -> Row {
    Row { key: Key::new(key.as_bytes()), position: at(offset), value, lives: None }
}

fn bytes(of: u8, length: usize) -> Bytes {
    vec![of; length].into()
}

async fn newest(store: &ScyllaStore, agent: &str, key: &str, below: i64) -> Option<(i64, Bytes)> {
    let found = store.read(agent, &[(Key::new(key.as_bytes()), at(below))]).await.expect("read");
    found.into_iter().next().flatten().map(|version| (version.position.offset, version.value))
}

/// Shows that an owner which was replaced and still writes and deletes changes nothing that the later one
/// sees, whatever the sizes of the two values, and though its own would win a tie.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_writer_changes_nothing() {
    let (early, late, agent) = (store().await, store().await, unique("late"));
    let slot = Slot { agent: agent.as_str().into(), generation: 1, partition: 0 };
    let (_, one) = early.register(&slot, "topic").await.expect("register");
    let sizes = [(10, 10), (10, LARGE), (LARGE, 10), (LARGE, LARGE), (LARGE, LARGE + 1)];
    for (index, (of_one, _)) in sizes.iter().enumerate() {
        let key = index.to_string();
        early.write(&agent, one, vec![row(&key, 5, bytes(b'z', *of_one))]).await.expect("write");
    }
    let (before, two) = late.register(&slot, "topic").await.expect("register");
    assert_eq!((before.map(|owner| owner.epoch), two), (Some(one), Epoch(2)));
    for (index, (of_one, of_two)) in sizes.iter().enumerate() {
        let key = index.to_string();
        let written = (4..7).map(|offset| row(&key, offset, bytes(b'b', *of_two))).collect();
        late.write(&agent, two, written).await.expect("write");
        // Everything that the earlier one still had in hand.
        let again = (4..7).map(|offset| row(&key, offset, bytes(b'z', *of_one))).collect();
        early.write(&agent, one, again).await.expect("write");
        early.prune(&agent, one, &[(Key::new(key.as_bytes()), at(7))]).await.expect("prune");
        for below in 5..8 {
            let found = newest(&late, &agent, &key, below).await;
            assert!(
                found == Some((below - 1, bytes(b'b', *of_two))),
                "sizes {of_one} and {of_two} below {below}"
            );
        }
    }
}

/// Shows that two owners which write the same positions at the same time, through connections of their
/// own, leave every position as the later one wrote it.
#[tokio::test(flavor = "multi_thread")]
async fn two_owners_at_once() {
    let (one, two, agent) = (store().await, store().await, unique("overlap"));
    let writing = |store: ScyllaStore, epoch: i64, value: &'static str| {
        let agent = agent.clone();
        async move {
            for round in 0..3 {
                let rows = (0..200).map(|n| row(&(n % 20).to_string(), n / 20, value.into()));
                store.write(&agent, Epoch(epoch), rows.collect()).await.expect("write");
                if round == 1 {
                    let below: Vec<_> =
                        (0..20).map(|n| (Key::new(n.to_string().as_bytes()), at(5))).collect();
                    store.prune(&agent, Epoch(epoch), &below).await.expect("prune");
                }
            }
        }
    };
    let both = [tokio::spawn(writing(one.clone(), 1, "zzz of one")), tokio::spawn(writing(two, 2, "of two"))];
    for ended in join_all(both).await {
        ended.expect("no panic");
    }
    for key in 0..20 {
        for below in 6..=10 {
            let found = newest(&one, &agent, &key.to_string(), below).await;
            assert_eq!(found, Some((below - 1, "of two".into())), "key {key}");
        }
    }
}

/// Shows that a write which was given up half way leaves the version before it, or itself, and never a
/// part; that writing again settles it; and that a registration which was given up costs an epoch at most.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_outcomes() {
    let (store, agent) = (store().await, unique("unknown"));
    let (old, new) = (bytes(b'o', LARGE), bytes(b'n', LARGE));
    store.write(&agent, Epoch(1), vec![row("k", 1, old.clone())]).await.expect("write");
    let mut given_up = 0;
    for micros in [0, 200, 1_000, 3_000, 10_000] {
        let write = store.write(&agent, Epoch(1), vec![row("k", 2, new.clone())]);
        given_up += u32::from(tokio::time::timeout(Duration::from_micros(micros), write).await.is_err());
        let found = newest(&store, &agent, "k", 9).await;
        assert!(found == Some((1, old.clone())) || found == Some((2, new.clone())), "after {micros} us");
    }
    assert!(given_up > 0, "none was given up");
    store.write(&agent, Epoch(1), vec![row("k", 2, new.clone())]).await.expect("write");
    assert!(newest(&store, &agent, "k", 9).await == Some((2, new)));

    let slot = Slot { agent: agent.as_str().into(), generation: 1, partition: 0 };
    let mut last = 0;
    for micros in [300, 1_000, 2_000, 4_000] {
        drop(tokio::time::timeout(Duration::from_micros(micros), store.register(&slot, "topic")).await);
        let (_, epoch) = store.register(&slot, "topic").await.expect("register");
        assert!((last + 1..=last + 2).contains(&epoch.0), "epoch {} after {last}", epoch.0);
        last = epoch.0;
    }
}

/// Shows that every cell of a state and of its chunks is as old as its epoch says, whatever any clock
/// says: with clocks that are off by an hour the same writes win.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_do_not_matter() {
    let (store, agent, settings) = (store().await, unique("clock"), settings());
    for (epoch, offset) in [(7, 1), (3, 2), (1_000_000, 3)] {
        let rows = vec![row("k", offset, "v".into()), row("large", offset, bytes(b'v', LARGE))];
        store.write(&agent, Epoch(epoch), rows).await.expect("write");
    }
    let session = session(&settings).await;
    for (table, key, expected) in [
        ("states", "k", vec![1_000_000, 3, 7]),
        ("states", "large", vec![1_000_000, 3, 7]),
        ("state_chunks", "large", [1_000_000, 3, 7].into_iter().flat_map(|epoch| [epoch; 3]).collect()),
    ] {
        let key: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        let text =
            format!("SELECT WRITETIME(value) FROM {{ks}}.{table} WHERE agent = '{agent}' AND key = 0x{key}");
        let times: Vec<(i64,)> = rows(&session, &settings, &text).await;
        assert_eq!(times.into_iter().map(|(time,)| time).collect::<Vec<_>>(), expected, "{table}");
    }
}

/// Shows that registering compares the whole row: whoever notes between a look and a registration is
/// handed on, and a row that a later owner wrote is `Lost` to the earlier one.
#[tokio::test(flavor = "multi_thread")]
async fn registering_and_noting_at_once() {
    let (store, agent) = (store().await, unique("nonce"));
    let slot = Slot { agent: agent.as_str().into(), generation: 1, partition: 0 };
    for round in 1..=100 {
        let (_, epoch) = store.register(&slot, "topic").await.expect("register");
        let standing = store.owner(&slot).await.expect("owner").expect("a row");
        let mine = Owner { committed: Some(round), ..standing };
        let noting = async {
            // Somewhere between the look and the write of the registration beside it.
            tokio::time::sleep(Duration::from_millis(round as u64 % 6)).await; // paces load
            store.note(&slot, &mine).await
        };
        let (noted, registered) = tokio::join!(noting, store.register(&slot, "topic"));
        let (before, next) = registered.expect("register");
        assert_eq!(next, Epoch(epoch.0 + 1));
        let handed_on = before.expect("a row").committed == Some(round);
        match noted {
            Ok(()) => assert!(handed_on, "a note that was accepted is handed on"),
            Err(error) => {
                assert_eq!(error.remedy, Remedy::Lost, "{error}");
                assert!(!handed_on, "a note that was refused is not");
            }
        }
    }
}
