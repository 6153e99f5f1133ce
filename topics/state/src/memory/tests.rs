//! Trouble on purpose, late arrivals, and what is forgotten. The contract itself is held by the
//! conformance suite.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use schemas_records::{Key, Position};
use topics_log::VirtualClock;

use super::*;
use crate::keyed::{DueRow, KeyedStore};
use crate::state::{Epoch, Row, StateStore};

/// Strikes from a list, then none.
struct Listed(Mutex<VecDeque<Strike>>);

impl Faults for Listed {
    fn strike(&self, _: Door) -> Strike {
        self.0.lock().unwrap().pop_front().unwrap_or(Strike::None)
    }
}

/// A store without trouble, and the same one with these strikes.
fn stores(strikes: &[Strike]) -> (MemoryStore, MemoryStore) {
    let store = MemoryStore::new(Arc::new(VirtualClock::starting_at(Timestamp(1_000_000))));
    let listed = Listed(Mutex::new(strikes.iter().copied().collect()));
    (store.clone(), store.with_faults(Arc::new(listed)))
}

fn row(key: &str, offset: i64, value: &str) -> Row {
    let position = Position { generation: 1, partition: 0, offset };
    Row {
        key: Key::new(key.as_bytes()),
        position,
        value: Bytes::copy_from_slice(value.as_bytes()),
        lives: None,
    }
}

/// The newest value of a key, below any offset.
async fn newest(store: &MemoryStore, key: &str) -> Option<String> {
    let below = [(Key::new(key.as_bytes()), Position { generation: 1, partition: 0, offset: i64::MAX })];
    let found = store.read("agent", &below).await.unwrap().remove(0);
    found.map(|version| String::from_utf8(version.value.to_vec()).unwrap())
}

async fn write(store: &MemoryStore, epoch: i64, rows: Vec<Row>) -> Result<(), Remedy> {
    store.write("agent", Epoch(epoch), rows).await.map_err(|error| error.remedy)
}

const SECOND: Duration = Duration::from_secs(1);

/// Shows what each strike does to the caller and to the row.
#[tokio::test(start_paused = true)]
async fn strikes() {
    let check = async |strike, outcome: Result<(), Remedy>, at_once: bool, later: bool| {
        let (store, troubled) = stores(&[strike]);
        assert_eq!(write(&troubled, 1, vec![row("k", 1, "v")]).await, outcome, "{strike:?}");
        assert_eq!(newest(&store, "k").await.is_some(), at_once, "{strike:?} at once");
        tokio::time::advance(10 * SECOND).await;
        assert_eq!(newest(&store, "k").await.is_some(), later, "{strike:?} later");
    };
    check(Strike::None, Ok(()), true, true).await;
    check(Strike::Delay(4 * SECOND), Ok(()), true, true).await;
    check(Strike::Fail(Remedy::Retry), Err(Remedy::Retry), false, false).await;
    check(Strike::Fail(Remedy::Stop), Err(Remedy::Stop), false, false).await;
    check(Strike::FailWritten, Err(Remedy::Retry), true, true).await;
    check(Strike::Late(4 * SECOND), Err(Remedy::Retry), false, true).await;
}

/// Shows that a delayed call which is dropped early was not made, and one dropped late was.
#[tokio::test(start_paused = true)]
async fn a_dropped_call_may_have_been_made() {
    let check = async |dropped_after: Duration, expected: Option<&str>| {
        let (store, troubled) = stores(&[Strike::Delay(4 * SECOND)]);
        let call = write(&troubled, 1, vec![row("k", 1, "v")]);
        assert!(tokio::time::timeout(dropped_after, call).await.is_err(), "still under way");
        tokio::time::advance(10 * SECOND).await;
        assert_eq!(newest(&store, "k").await.as_deref(), expected, "dropped after {dropped_after:?}");
    };
    check(SECOND, None).await;
    check(3 * SECOND, Some("v")).await;
}

/// Shows that of several rows some may be written and some not.
#[tokio::test(start_paused = true)]
async fn rows_are_not_written_at_once() {
    let (store, troubled) = stores(&[Strike::None, Strike::Fail(Remedy::Retry)]);
    let rows = vec![row("first", 1, "v"), row("second", 1, "v")];
    assert_eq!(write(&troubled, 1, rows.clone()).await, Err(Remedy::Retry));
    assert_eq!(newest(&store, "first").await.as_deref(), Some("v"));
    assert_eq!(newest(&store, "second").await, None);
    assert_eq!(write(&troubled, 1, rows).await, Ok(()));
    assert_eq!(newest(&store, "second").await.as_deref(), Some("v"));
}

/// Shows that late writes and deletions lose against what a later owner did meanwhile, and land where
/// nobody did anything: they are not refused.
#[tokio::test(start_paused = true)]
async fn late_arrivals_lose() {
    let (store, troubled) =
        stores(&[Strike::Late(4 * SECOND), Strike::Late(4 * SECOND), Strike::Late(SECOND)]);
    let above = [(Key::new(b"pruned"), Position { generation: 1, partition: 0, offset: 9 })];
    let rows = vec![row("contested", 1, "zzz of one"), row("alone", 1, "of one")];
    write(&troubled, 1, rows).await.unwrap_err();
    troubled.prune("agent", Epoch(1), &above).await.unwrap_err();
    write(&store, 2, vec![row("contested", 1, "of two"), row("pruned", 1, "of two")]).await.unwrap();
    tokio::time::advance(10 * SECOND).await;
    assert_eq!(newest(&store, "contested").await.as_deref(), Some("of two"));
    assert_eq!(newest(&store, "pruned").await.as_deref(), Some("of two"));
    assert_eq!(newest(&store, "alone").await, None, "the write stopped at its first half");
    write(&store, 1, vec![row("alone", 1, "of one, again")]).await.unwrap();
    assert_eq!(newest(&store, "alone").await.as_deref(), Some("of one, again"), "not refused");
}

/// Shows that a late write's life begins when it arrives, also if nobody looks before its end.
#[tokio::test(start_paused = true)]
async fn late_lives_begin_at_arrival() {
    let (store, troubled) = stores(&[Strike::Late(4 * SECOND)]);
    let living = Row { lives: Some(10 * SECOND), ..row("k", 1, "v") };
    write(&troubled, 1, vec![living]).await.unwrap_err();
    tokio::time::advance(13 * SECOND).await;
    assert_eq!(newest(&store, "k").await.as_deref(), Some("v"));
    tokio::time::advance(2 * SECOND).await;
    assert_eq!(newest(&store, "k").await, None);
}

/// Shows that a late registration takes an epoch only if nobody has registered since, as a
/// compare-and-set on its way would.
#[tokio::test(start_paused = true)]
async fn late_registrations() {
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    for (registered_meanwhile, expected) in [(false, 1), (true, 1)] {
        let (store, troubled) = stores(&[Strike::Late(4 * SECOND)]);
        troubled.register(&slot, "topic").await.unwrap_err();
        if registered_meanwhile {
            store.register(&slot, "topic").await.unwrap();
        }
        tokio::time::advance(5 * SECOND).await;
        let standing = store.owner(&slot).await.unwrap().map(|owner| owner.epoch.0);
        assert_eq!(standing, Some(expected), "registered meanwhile: {registered_meanwhile}");
    }
}

/// Shows that of two registrations which wait side by side both succeed, with different epochs.
#[tokio::test(start_paused = true)]
async fn registrations_side_by_side() {
    let (_, troubled) = stores(&[Strike::Delay(2 * SECOND), Strike::Delay(3 * SECOND)]);
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    let (first, second) = tokio::join!(troubled.register(&slot, "topic"), troubled.register(&slot, "topic"));
    assert_eq!((first.unwrap().1, second.unwrap().1), (Epoch(1), Epoch(2)));
}

/// Shows that rows are counted, and that what expired, was pruned or was fired leaves nothing behind
/// once no late write can come.
#[tokio::test(start_paused = true)]
async fn counts() {
    let (store, _) = stores(&[]);
    let living = Row { lives: Some(SECOND), ..row("ends", 1, "12345") };
    write(&store, 1, vec![row("k", 1, "123"), row("k", 2, "1234"), living]).await.unwrap();
    store.put("space", b"key", Bytes::from_static(b"12"), Some(SECOND)).await.unwrap();
    let due = DueRow { due: Timestamp(5), key: Bytes::from_static(b"key"), value: Bytes::from_static(b"1") };
    store.schedule("space", 0, 0, due).await.unwrap();
    let expected = Count {
        state_rows: 3,
        state_bytes: 3 * 5 + 1 + 1 + 4 + 3 + 4 + 5,
        value_rows: 1,
        value_bytes: 5 + 3 + 2,
        due_rows: 1,
        due_bytes: 5 + 3 + 1,
    };
    assert_eq!(store.count(), expected);
    let below = [(Key::new(b"k"), Position { generation: 1, partition: 0, offset: 2 })];
    store.prune("agent", Epoch(1), &below).await.unwrap();
    store.unschedule("space", 0, 0, Timestamp(5), b"key").await.unwrap();
    tokio::time::advance(2 * SECOND).await;
    let expected = Count { state_rows: 2, state_bytes: 5 + 1 + 4 + 5 + 4 + 5, ..Count::default() };
    assert_eq!(store.count(), expected, "the expired version still beats late writes");
    tokio::time::advance(LATE_WRITE_MAX).await;
    assert_eq!(store.count(), Count { state_rows: 1, state_bytes: 5 + 1 + 4, ..Count::default() });
    let tables = store.now().0;
    assert!(tables.versions.is_settled(), "nothing waits to be forgotten");
}

/// Shows that two stores have different ids, clones the same, and that one can be chosen.
#[tokio::test(start_paused = true)]
async fn identities() {
    let ((one, clone), (other, _)) = (stores(&[]), stores(&[]));
    let id = one.identity().await.unwrap();
    assert_eq!(clone.identity().await.unwrap(), id);
    assert_ne!(other.identity().await.unwrap(), id);
    assert_eq!(other.with_identity("chosen").identity().await.unwrap(), "chosen");
}
