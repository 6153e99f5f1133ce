//! Kills a process that writes to a store on disk, again and again, and looks for every row that it had
//! acknowledged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bytes::Bytes;
use topics_log::SystemClock;
use topics_state::fjall::FjallStore;
use topics_state::{DueRow, Epoch, Key, KeyedStore, Position, Row, Slot, StateStore, Timestamp};

/// Set for the process that writes and is killed: the store's folder, and the number to begin with.
const FOLDER: &str = "STATE_TEST_FOLDER";
const BEGIN: &str = "STATE_TEST_BEGIN";

/// Most rows one process writes: if nobody kills it, it ends by itself.
const STEPS_MAX: i64 = 50_000;

/// Longest silence of a process that should be writing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keys that are written in turn.
const KEYS: i64 = 7;

/// Shows that every acknowledged write, deletion, insertion, due row and registration is there after
/// `kill -9` in the middle of writing: early, late, and while memory is being written out to files; and
/// that nobody else can open the store before.
#[tokio::test]
async fn nothing_acknowledged_is_lost() {
    if let (Ok(folder), Ok(begin)) = (std::env::var(FOLDER), std::env::var(BEGIN)) {
        return write_until_killed(Path::new(&folder), begin.parse().unwrap()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut begin = 0;
    for (round, steps) in [1, 40, 5500, 200].into_iter().enumerate() {
        let last = kill_after(folder.path(), begin, steps);
        let store = FjallStore::open(folder.path(), Arc::new(SystemClock)).unwrap();
        check(&store, last, round as i64 + 1).await;
        // The step after the last acknowledged one may have been made: the next process makes it again.
        begin = last + 1;
    }
}

/// One step: everything that can be acknowledged, then its number on standard output.
async fn write_until_killed(folder: &Path, begin: i64) {
    let store = FjallStore::open(folder, Arc::new(SystemClock)).unwrap();
    let (_, epoch) = store.register(&slot(), "topic").await.unwrap();
    let mut acknowledged = std::io::stdout().lock();
    for n in begin..begin + STEPS_MAX {
        let rows = vec![row(&format!("k{}", n % KEYS), n), row("pruned", n)];
        store.write("agent", epoch, rows).await.unwrap();
        store.prune("agent", epoch, &[(Key::new(b"pruned"), at(n))]).await.unwrap();
        store.insert_if_absent("journal", &n.to_be_bytes(), value(n), None).await.unwrap();
        let due = DueRow { due: Timestamp(n), key: Bytes::from_static(b"k"), value: value(n) };
        store.schedule("timers", 0, 0, due).await.unwrap();
        writeln!(acknowledged, "{n}").unwrap();
        acknowledged.flush().unwrap();
    }
}

/// Runs a process that writes from `begin` on, kills it once it has acknowledged so many steps, and
/// returns the last step that it acknowledged.
fn kill_after(folder: &Path, begin: i64, steps: i64) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "nothing_acknowledged_is_lost", "--nocapture"])
        .env(FOLDER, folder)
        .env(BEGIN, begin.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let acknowledged = numbers(&mut child);
    let mut last = begin - 1;
    while last < begin + steps - 1 {
        let Ok(n) = acknowledged.recv_timeout(PATIENCE) else {
            child.kill().unwrap();
            panic!("the writing process stopped after {last} with {:?}", child.wait());
        };
        assert_eq!(n, last + 1, "acknowledged in order");
        last = n;
    }
    let refused = FjallStore::open(folder, Arc::new(SystemClock)).map(drop).unwrap_err();
    assert!(refused.cause.contains(&format!("process {} ", child.id())), "names the holder: {refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died, and nobody had read yet, was acknowledged too.
    acknowledged.iter().last().unwrap_or(last)
}

/// The numbers that a process writes to its output, as they come.
fn numbers(child: &mut Child) -> Receiver<i64> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        // The test harness writes lines of its own; a number that is cut off by the kill has no end of
        // line and may be half of one.
        for line in output.split(b'\n').map_while(Result::ok) {
            let Some(n) = std::str::from_utf8(&line).ok().and_then(|line| line.parse().ok()) else {
                continue;
            };
            if sender.send(n).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Looks for all that was acknowledged.
async fn check(store: &FjallStore, last: i64, registrations: i64) {
    let owner = store.owner(&slot()).await.unwrap().unwrap();
    assert_eq!(owner.epoch, Epoch(registrations), "one registration each round");
    let due = store.due("timers", 0, 0, None, usize::MAX).await.unwrap();
    for n in 0..=last {
        let key = Key::new(format!("k{}", n % KEYS).as_bytes());
        let found = store.read("agent", &[(key, at(n + 1))]).await.unwrap().remove(0);
        let found = found.map(|version| (version.position.offset, version.value));
        assert_eq!(found, Some((n, value(n))), "state {n} of {last}");
        assert_eq!(store.get("journal", &n.to_be_bytes()).await.unwrap(), Some(value(n)), "{n} of {last}");
        assert_eq!(due[usize::try_from(n).unwrap()].due, Timestamp(n), "due row {n} of {last}");
    }
    let below = [at(last), at(last + 1)].map(|position| (Key::new(b"pruned"), position));
    let found = store.read("agent", &below).await.unwrap();
    assert_eq!(found[0], None, "deleted below {last}");
    // The next step may have been made as far as its deletion.
    assert!(found[1].as_ref().is_none_or(|version| version.position == at(last)), "kept at {last}");
    let newest = store.read("agent", &[(Key::new(b"pruned"), at(i64::MAX))]).await.unwrap().remove(0);
    assert!(newest.is_some_and(|version| version.position.offset >= last), "kept at {last} or written above");
}

fn slot() -> Slot {
    Slot { agent: "agent".into(), generation: 1, partition: 0 }
}

fn at(offset: i64) -> Position {
    Position { generation: 1, partition: 0, offset }
}

fn row(key: &str, n: i64) -> Row {
    Row { key: Key::new(key.as_bytes()), position: at(n), value: value(n), lives: None }
}

/// Some hundreds of bytes that only step `n` writes.
fn value(n: i64) -> Bytes {
    n.to_be_bytes().repeat(100).into()
}
