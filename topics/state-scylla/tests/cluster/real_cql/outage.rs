//! A server that dies and comes back under load. This test has one of its own to kill.

use std::time::{Duration, Instant};

use bytes::Bytes;
use topics_state::{Epoch, Key, Position, Remedy, Row, Slot, StateStore};

use super::ground::store_in;
use super::server::Server;

/// Rows in one call.
const BATCH: i64 = 50;

/// How long all of it may take, the server's starts included.
const BOUND: Duration = Duration::from_secs(180);

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn key(offset: i64) -> Key {
    Key::new((offset % 10).to_string().as_bytes())
}

fn value(offset: i64) -> Bytes {
    offset.to_string().into()
}

/// Shows that a server which is killed twice in mid-load costs time and nothing else: all trouble is told
/// as passing, making the same call again is enough to go on, and every acknowledged row is there.
#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_that_was_acknowledged() {
    let server = Server::start();
    let store = store_in(&server.settings).await;
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    store.register(&slot, "topic").await.expect("register");
    let killer = tokio::task::spawn_blocking(move || {
        let mut back = Vec::new();
        for _ in 0..2 {
            // The load is in full swing by then; what it is doing at that moment must not matter.
            std::thread::park_timeout(Duration::from_millis(1500));
            server.stack("kill");
            server.stack("up");
            back.push(Instant::now());
        }
        (server, back)
    });
    let (began, mut next, mut troubles, mut resumed) = (Instant::now(), 0, 0, Vec::new());
    while !killer.is_finished() || next % 1000 != 0 {
        let rows = (next..next + BATCH).map(|offset| Row {
            key: key(offset),
            position: at(offset),
            value: value(offset),
            lives: None,
        });
        let rows: Vec<Row> = rows.collect();
        let before = troubles;
        while let Err(error) = store.write("agent", Epoch(1), rows.clone()).await {
            assert_eq!(error.remedy, Remedy::Retry, "{error}");
            assert!(began.elapsed() < BOUND, "{error}");
            troubles += 1;
        }
        if troubles > before {
            resumed.push(Instant::now());
        }
        next += BATCH;
    }
    let (server, back) = killer.await.expect("the killer");
    let gaps: Vec<Duration> = resumed
        .iter()
        .filter_map(|at| Some(at.duration_since(*back.iter().rfind(|back| *back < at)?)))
        .collect();
    println!(
        "{next} rows in {:?}, {troubles} calls failed, went on {gaps:?} after the server was back",
        began.elapsed()
    );
    let below: Vec<_> = (0..next).map(|offset| (key(offset), at(offset + 1))).collect();
    for (offset, found) in (0..).zip(store.read("agent", &below).await.expect("read")) {
        assert_eq!(found.map(|version| version.value), Some(value(offset)), "row {offset}");
    }
    let (before, epoch) = store.register(&slot, "topic").await.expect("register");
    assert_eq!((before.map(|owner| owner.epoch), epoch), (Some(Epoch(1)), Epoch(2)));
    drop(server);
}
