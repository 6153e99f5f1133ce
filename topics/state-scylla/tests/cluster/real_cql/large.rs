//! Values that do not fit into a row.

use std::time::Instant;

use bytes::Bytes;
use topics_state::{Epoch, Key, KeyedStore, Position, Remedy, Row, StateStore};

use super::ground::{rows, run, session, settings, store, unique};

const ANSWER: usize = 5_000_000;

fn noise(length: usize) -> Bytes {
    (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>().into()
}

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn row(offset: i64, value: Bytes) -> Row {
    Row { key: Key::new(b"k"), position: at(offset), value, lives: None }
}

/// Shows that an answer of 5 MB comes back as it was, that pruning takes its chunks along and leaves those
/// of the newest version, and that a value beyond the bound is refused.
#[tokio::test(flavor = "multi_thread")]
async fn states() {
    let (store, agent, settings) = (store().await, unique("large"), settings());
    let session = session(&settings).await;
    let (first, second) = (noise(ANSWER), noise(ANSWER + 1));
    let began = Instant::now();
    store.write(&agent, Epoch(1), vec![row(1, first.clone())]).await.expect("write");
    let written = began.elapsed();
    let read = |below| {
        let (store, agent) = (store.clone(), agent.clone());
        async move {
            let found = store.read(&agent, &[(Key::new(b"k"), at(below))]).await.expect("read");
            found.into_iter().next().flatten().map(|version| version.value)
        }
    };
    let began = Instant::now();
    assert!(read(9).await == Some(first.clone()));
    println!("5 MB: written in {written:?}, read in {:?}", began.elapsed());

    store.write(&agent, Epoch(1), vec![row(2, second.clone())]).await.expect("write");
    store.prune(&agent, Epoch(1), &[(Key::new(b"k"), at(2))]).await.expect("prune");
    assert!(read(9).await == Some(second));
    assert!(read(2).await.is_none());
    let text = format!("SELECT position FROM {{ks}}.state_chunks WHERE agent = '{agent}' AND key = 0x6b");
    let left: Vec<(i64,)> = rows(&session, &settings, &text).await;
    assert_eq!(left, [(2,)].repeat(ANSWER.div_ceil(256 * 1024) - 1));

    let error =
        store.write(&agent, Epoch(1), vec![row(3, noise((64 << 20) + 1))]).await.expect_err("too large");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(error.cause.contains("67108865 bytes"), "{error}");
}

/// Shows that a version of which a chunk was lost is an error that says so, and never a shorter value.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_chunk() {
    let (store, agent, settings) = (store().await, unique("lost"), settings());
    let session = session(&settings).await;
    store.write(&agent, Epoch(1), vec![row(1, noise(ANSWER))]).await.expect("write");
    let id: String = blake3::hash(&noise(ANSWER)).to_hex().to_string();
    let text = format!(
        "DELETE FROM {{ks}}.state_chunks USING TIMESTAMP 1 WHERE agent = '{agent}' AND key = 0x6b \
         AND generation = 1 AND position = 1 AND id = 0x{id} AND chunk = 7"
    );
    run(&session, &settings, &text).await;
    let error = store.read(&agent, &[(Key::new(b"k"), at(9))]).await.expect_err("a chunk is missing");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(error.cause.contains("version at 1 are missing"), "{error}");
}

/// Shows that values by key may be as large, set or inserted, and that replacing and removing them, and
/// losing an insertion, leaves no chunk behind.
#[tokio::test(flavor = "multi_thread")]
async fn values() {
    let (store, space, settings) = (store().await, unique("large"), settings());
    let session = session(&settings).await;
    let (first, second) = (noise(ANSWER), noise(ANSWER + 1));
    for value in [&first, &second] {
        store.put(&space, b"put", value.clone(), None).await.expect("put");
        assert!(store.get(&space, b"put").await.expect("get").as_ref() == Some(value));
    }
    assert_eq!(store.insert_if_absent(&space, b"inserted", first.clone(), None).await.expect("insert"), None);
    let standing = store.insert_if_absent(&space, b"inserted", second, None).await.expect("insert");
    assert!(standing == Some(first.clone()));
    assert!(store.get(&space, b"inserted").await.expect("get") == Some(first));
    let chunks_of = async |key: &str| {
        let key: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("SELECT chunk FROM {{ks}}.value_chunks WHERE space = '{space}' AND key = 0x{key}");
        rows::<(i32,)>(&session, &settings, &text).await.len()
    };
    let one_value = ANSWER.div_ceil(256 * 1024) - 1;
    for key in ["put", "inserted"] {
        assert_eq!(chunks_of(key).await, one_value, "{key}");
        store.remove(&space, key.as_bytes()).await.expect("remove");
        assert_eq!(store.get(&space, key.as_bytes()).await.expect("get"), None);
        assert_eq!(chunks_of(key).await, 0, "{key}");
    }
}
