//! Files: opened again, held, of another format, and what is swept. The contract itself is held by the
//! conformance suite.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::{Key, Position, Timestamp};
use tempfile::TempDir;
use topics_log::VirtualClock;

use super::*;
use crate::error::Remedy;
use crate::keyed::{DueRow, KeyedStore};
use crate::state::{Epoch, LATE_WRITE_MAX, Row, Slot, StateStore};

const SECOND: Duration = Duration::from_secs(1);

fn open(folder: &TempDir) -> Result<FjallStore, Error> {
    FjallStore::open(folder.path(), Arc::new(VirtualClock::starting_at(Timestamp(1_000_000))))
}

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn row(key: &str, offset: i64, lives: Option<Duration>) -> Row {
    Row { key: Key::new(key.as_bytes()), position: at(offset), value: Bytes::from_static(b"value"), lives }
}

/// How many rows a table has.
fn rows(table: &fjall::Keyspace) -> usize {
    table.len().unwrap()
}

/// Shows that all that was acknowledged is there when the store is opened again, under the same id.
#[tokio::test(start_paused = true)]
async fn opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    let due = DueRow { due: Timestamp(5), key: Bytes::from_static(b"k"), value: Bytes::from_static(b"v") };
    let identity = {
        let store = open(&folder).unwrap();
        store.register(&slot, "topic").await.unwrap();
        store.write("agent", Epoch(1), vec![row("k", 1, None), row("k", 2, None)]).await.unwrap();
        store.prune("agent", Epoch(1), &[(Key::new(b"k"), at(2))]).await.unwrap();
        store.insert_if_absent("space", b"k", Bytes::from_static(b"v"), None).await.unwrap();
        store.schedule("space", 0, 0, due.clone()).await.unwrap();
        store.identity().await.unwrap()
    };
    let store = open(&folder).unwrap();
    assert_eq!(store.identity().await.unwrap(), identity);
    assert_eq!(store.register(&slot, "topic").await.unwrap().1, Epoch(2));
    store.write("agent", Epoch(1), vec![row("k", 1, None)]).await.unwrap();
    let found = store.read("agent", &[(Key::new(b"k"), at(9)), (Key::new(b"k"), at(2))]).await.unwrap();
    assert_eq!(found[0].as_ref().map(|version| version.position), Some(at(2)));
    assert_eq!(found[1], None, "the deletion still hides late writes");
    assert_eq!(store.get("space", b"k").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(store.due("space", 0, 0, None, 9).await.unwrap(), [due]);
}

/// Shows that two stores have different ids.
#[tokio::test(start_paused = true)]
async fn another_folder_another_id() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (open(&one).unwrap(), open(&other).unwrap());
    assert_ne!(one.identity().await.unwrap(), other.identity().await.unwrap());
}

/// Shows that a store which is held is refused with the holder's name, and taken once it is let go.
#[tokio::test(start_paused = true)]
async fn held_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let clone = store.clone();
    drop(store);
    let error = open(&folder).map(drop).unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    let holder = format!("process {}", std::process::id());
    for part in [holder.as_str(), "holds it", folder.path().to_str().unwrap()] {
        assert!(error.to_string().contains(part), "{error}");
    }
    drop(clone);
    open(&folder).unwrap();
}

/// Shows that another version's files are refused, with both formats in the cause, and left as they are.
#[tokio::test(start_paused = true)]
async fn another_format() {
    let folder = tempfile::tempdir().unwrap();
    let set_format = |format: u32| {
        let database = fjall::Database::builder(folder.path().join("rows")).open().unwrap();
        let about = database.keyspace("about", fjall::KeyspaceCreateOptions::default).unwrap();
        about.insert("format", format.to_be_bytes()).unwrap();
    };
    drop(open(&folder).unwrap());
    set_format(files::FORMAT + 1);
    let error = open(&folder).map(drop).unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.cause.contains("format 2") && error.cause.contains("format 1"), "{error}");
    set_format(files::FORMAT);
    open(&folder).unwrap();
}

/// Shows that a place where no store can be is refused with its path and a hint.
#[test]
fn no_place_for_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for path in [file.clone(), file.join("below")] {
        let clock = Arc::new(topics_log::SystemClock);
        let error = FjallStore::open(&path, clock).map(drop).unwrap_err();
        assert_eq!(error.remedy, Remedy::Stop);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(error.cause.contains("a file stands where a folder is needed"), "{error}");
    }
}

/// Shows what an operator reads when the disk is full, and after that.
#[test]
fn full_disk() {
    let full = fjall::Error::Io(std::io::ErrorKind::StorageFull.into());
    for (trouble, hint) in [(full, "the disk is full"), (fjall::Error::Poisoned, "an earlier write failed")] {
        let error =
            trouble::Trouble::from(trouble).explain(Path::new("/the/store"), "write 3 states of agent");
        assert_eq!(error.remedy, Remedy::Stop);
        let text = error.to_string();
        assert!(text.starts_with("could not write 3 states of agent: store at /the/store: "), "{text}");
        assert!(text.contains(hint), "{text}");
    }
}

/// Shows that a disk which has failed, and catches up no more, is not waited for, however far it is behind.
#[test]
fn a_failed_disk_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Timestamp(0), Durability::Process).unwrap();
    let table = disk.table("table", SMALL_TABLE_BYTES).unwrap();
    assert!(disk.should_wait(true) && !disk.should_wait(false) && !disk.is_behind([&table]));
    // What is written out has no folder any more.
    std::fs::remove_dir_all(folder.path().join("rows")).unwrap();
    let mut batch = disk.batch();
    batch.insert(&table, b"key".into(), b"value".into());
    batch.commit().unwrap();
    table.engine_rows().rotate_memtable().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while disk.should_wait(true) {
        assert!(std::time::Instant::now() < deadline, "the disk does not fail");
        std::thread::yield_now();
    }
}

/// Shows that what has ended is removed from all tables by the changes that follow, once no late write
/// can come, and nothing else is.
#[tokio::test(start_paused = true)]
async fn swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let tables = &store.shared.tables;
    for n in 0..100 {
        let key = format!("k{n}");
        store.write("agent", Epoch(1), vec![row(&key, 1, Some(SECOND)), row(&key, 2, None)]).await.unwrap();
        store.prune("agent", Epoch(1), &[(Key::new(key.as_bytes()), at(1))]).await.unwrap();
        store.put("space", key.as_bytes(), Bytes::new(), Some(SECOND)).await.unwrap();
    }
    assert_eq!([&tables.cells, &tables.floors, &tables.held, &tables.ends].map(rows), [200, 100, 100, 300]);
    tokio::time::advance(2 * SECOND).await;
    for n in 0..200 {
        store.put("space", format!("more{n}").as_bytes(), Bytes::new(), None).await.unwrap();
    }
    assert_eq!([&tables.cells, &tables.floors, &tables.held, &tables.ends].map(rows), [200, 100, 200, 200]);
    tokio::time::advance(LATE_WRITE_MAX).await;
    for n in 0..200 {
        store.put("space", format!("more{n}").as_bytes(), Bytes::new(), None).await.unwrap();
    }
    assert_eq!([&tables.cells, &tables.floors, &tables.held, &tables.ends].map(rows), [100, 0, 200, 0]);
}

/// Shows that sweeping goes on after the store was opened again, and finds what ended in between, also
/// where entries were added behind the place it had come to.
#[tokio::test(start_paused = true)]
async fn swept_after_opening() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(VirtualClock::starting_at(Timestamp(1_000_000)));
    let open = || FjallStore::open(folder.path(), clock.clone()).unwrap();
    let fill = async |store: &FjallStore, name: &str, lives: Option<Duration>| {
        for n in 0..50 {
            store.put("space", format!("{name}{n}").as_bytes(), Bytes::new(), lives).await.unwrap();
        }
    };
    let store = open();
    fill(&store, "late", Some(60 * SECOND)).await;
    drop(store);
    let store = open();
    fill(&store, "stays", None).await;
    fill(&store, "early", Some(SECOND)).await;
    tokio::time::advance(2 * SECOND).await;
    fill(&store, "stays", None).await;
    assert_eq!(rows(&store.shared.tables.held), 100, "what ended early is gone");
    tokio::time::advance(60 * SECOND).await;
    fill(&store, "stays", None).await;
    assert_eq!([&store.shared.tables.held, &store.shared.tables.ends].map(rows), [50, 0]);
}
