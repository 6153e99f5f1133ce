//! What is remembered of works, and what is not any more.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::{Key, Position};
use topics_state::{Epoch, Row, StateStore, Version};

use super::{Bounds, Rows};

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn row(key: &str, offset: i64, bytes: usize, has_ended: bool) -> Row {
    Row {
        key: Key::new(key.as_bytes()),
        position: at(offset),
        value: Bytes::from(vec![7; bytes]),
        lives: has_ended.then_some(Duration::from_secs(1)),
    }
}

async fn read(rows: &Rows, key: &str, below: i64) -> Option<i64> {
    let read = rows.read("agent", &[(Key::new(key.as_bytes()), at(below))]).await.unwrap();
    read.into_iter().flatten().next().map(|Version { position, .. }| position.offset)
}

/// A key's newest version below a position is read, also when a step is made a second time; one above it never.
#[tokio::test]
async fn reads_below_a_position() {
    let rows = Rows::new(Bounds::default());
    for offset in [3, 5, 9, 9] {
        rows.write("agent", Epoch(1), vec![row("a", offset, 1, false)]).await.unwrap();
    }
    for (below, expected) in [(10, Some(9)), (9, Some(5)), (5, None)] {
        assert_eq!(read(&rows, "a", below).await, expected, "below {below}");
    }
    assert_eq!(read(&rows, "b", 10).await, None);
}

/// Open works are never forgotten, and count towards the bound; ended ones go, the oldest first, and that is known.
#[tokio::test]
async fn forgets_what_has_ended() {
    let rows = Rows::new(Bounds { open_bytes_max: 100, ended_max: 2 });
    rows.write("agent", Epoch(1), vec![row("long", 0, 101, false)]).await.unwrap();
    assert!(rows.is_full());
    for (offset, key) in ["a", "b"].into_iter().enumerate() {
        let offset = i64::try_from(offset).unwrap() + 1;
        rows.write("agent", Epoch(1), vec![row(key, offset, 50, true)]).await.unwrap();
    }
    // Met again, late: it ended again, and later than the other.
    rows.write("agent", Epoch(1), vec![row("a", 7, 50, true)]).await.unwrap();
    assert!(!rows.has_forgotten() && rows.open() == 1, "one entry is an earlier end of the same");
    rows.write("agent", Epoch(1), vec![row("c", 8, 50, true)]).await.unwrap();
    let known = ["long", "a", "b", "c"].map(|key| rows.knows(&Key::new(key.as_bytes())));
    assert_eq!(known, [true, true, false, true]);
    assert!(rows.has_forgotten());
    rows.write("agent", Epoch(1), vec![row("long", 9, 1, true)]).await.unwrap();
    assert!(!rows.is_full() && rows.open() == 0);
}
