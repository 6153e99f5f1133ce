//! A server that stops in the middle of its work and goes on later. This test has one of its own.

use std::time::{Duration, Instant};

use bytes::Bytes;
use topics_state::{Epoch, Key, Position, Remedy, Row, Slot, StateStore};
use topics_state_scylla::Settings;

use super::ground::store_in;
use super::server::Server;

fn row(offset: i64, value: &'static str) -> Row {
    let position = Position { generation: 1, partition: 0, offset };
    Row { key: Key::new(b"k"), position, value: Bytes::from_static(value.as_bytes()), lives: None }
}

/// Shows that calls on a hung server end within their bound and may be made again; that the same store
/// goes on when the server does; and that what arrives then of an owner's late writes loses.
#[tokio::test(flavor = "multi_thread")]
async fn ends_in_time_and_goes_on() {
    let server = Server::start();
    let settings = Settings {
        request_timeout: Duration::from_millis(500),
        patience: Duration::from_secs(1),
        ..server.settings.clone()
    };
    let store = store_in(&settings).await;
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    let (_, one) = store.register(&slot, "topic").await.expect("register");
    store.write("agent", one, vec![row(1, "before")]).await.expect("write");

    server.freeze();
    let below = [(Key::new(b"k"), Position { generation: 1, partition: 0, offset: 9 })];
    let began = Instant::now();
    let outcomes = tokio::join!(
        async { store.write("agent", one, vec![row(2, "zzz, late")]).await.map(|()| "written") },
        async { store.read("agent", &below).await.map(|_| "read") },
        async { store.prune("agent", Epoch(1), &below[..0]).await.map(|()| "nothing to prune") },
        async { store.register(&slot, "topic").await.map(|_| "registered") },
    );
    let took = began.elapsed();
    server.thaw();
    assert_eq!(outcomes.2.expect("no question, no answer needed"), "nothing to prune");
    for outcome in [outcomes.0, outcomes.1, outcomes.3] {
        let error = outcome.expect_err("the server hangs");
        assert_eq!(error.remedy, Remedy::Retry, "{error}");
    }
    assert!(took < settings.patience + 3 * settings.request_timeout, "took {took:?}");

    let began = Instant::now();
    let (_, next) = loop {
        match store.register(&slot, "topic").await {
            Ok(registered) => break registered,
            Err(error) => {
                assert!(error.remedy == Remedy::Retry && began.elapsed() < Duration::from_secs(60), "{error}")
            }
        }
    };
    println!("registered {:?} after the server went on, epoch {}", began.elapsed(), next.0);
    assert!(next.0 > one.0);
    store.write("agent", next, vec![row(2, "after")]).await.expect("write");
    let found = store.read("agent", &below).await.expect("read");
    assert_eq!(found[0].as_ref().map(|version| &version.value[..]), Some(&b"after"[..]));
}
