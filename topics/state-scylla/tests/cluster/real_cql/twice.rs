//! Values by key and due rows: what arrives twice, late, changes nothing.

use topics_state::{DueRow, KeyedStore, Timestamp};

use super::ground::{rows, run, session, settings, store, unique};

/// Shows that all a call sends carries one time: a copy of it that arrives after the value was replaced or
/// removed (of a node that hung while another one was asked) changes neither; and that times rise, so that
/// of two calls one after the other the second one stands.
#[tokio::test(flavor = "multi_thread")]
async fn late_copies() {
    let (store, space, settings) = (store().await, unique("twice"), settings());
    let session = session(&settings).await;
    let place = format!("space = '{space}' AND key = 0x6b");
    let time_of = async |table: &str, place: &str| {
        let text = format!("SELECT WRITETIME(value) FROM {{ks}}.{table} WHERE {place}");
        rows::<(i64,)>(&session, &settings, &text).await[0].0
    };
    store.put(&space, b"k", "first".into(), None).await.expect("put");
    let first = time_of("kept", &place).await;
    // The cell of `first`, as the store writes it: the value and a zero.
    let copy = format!("UPDATE {{ks}}.kept USING TIMESTAMP {first} SET value = 0x666972737400 WHERE {place}");
    store.put(&space, b"k", "a later one".into(), None).await.expect("put");
    assert!(time_of("kept", &place).await > first);
    run(&session, &settings, &copy).await;
    assert_eq!(store.get(&space, b"k").await.expect("get"), Some("a later one".into()));
    store.remove(&space, b"k").await.expect("remove");
    run(&session, &settings, &copy).await;
    assert_eq!(store.get(&space, b"k").await.expect("get"), None);
    store.put(&space, b"k", "anew".into(), None).await.expect("put");
    assert_eq!(store.get(&space, b"k").await.expect("get"), Some("anew".into()));

    let row = DueRow { due: Timestamp(5), key: "k".into(), value: "v".into() };
    let place = format!("space = '{space}' AND bucket = 0 AND minute = 0 AND due = 5 AND key = 0x6b");
    store.schedule(&space, 0, 0, row.clone()).await.expect("schedule");
    let time = time_of("due", &place).await;
    store.unschedule(&space, 0, 0, row.due, &row.key).await.expect("unschedule");
    run(
        &session,
        &settings,
        &format!("UPDATE {{ks}}.due USING TIMESTAMP {time} SET value = 0x76 WHERE {place}"),
    )
    .await;
    assert_eq!(store.due(&space, 0, 0, None, 9).await.expect("due"), []);
    store.schedule(&space, 0, 0, row.clone()).await.expect("schedule");
    assert_eq!(store.due(&space, 0, 0, None, 9).await.expect("due"), [row]);
}
