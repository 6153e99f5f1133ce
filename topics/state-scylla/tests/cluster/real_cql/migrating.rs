//! Making keyspaces, and what is refused instead of changed.

use bytes::Bytes;
use topics_state::{Epoch, Key, Position, Remedy, Row, StateStore};
use topics_state_scylla::{ScyllaStore, Settings, migrate, plan};

use super::ground::{run, session, settings, unique};

fn with_keyspace(name: &str) -> Settings {
    Settings { keyspace: unique(name), ..settings() }
}

/// Shows the life of a keyspace: refused while it is not there; planned without being made; made once;
/// and made again without touching what it holds, its id included.
#[tokio::test(flavor = "multi_thread")]
async fn made_once() {
    let settings = with_keyspace("made");
    let planned = plan(&settings).await.expect("plan");
    assert!(planned[0].starts_with("CREATE KEYSPACE IF NOT EXISTS"), "{planned:#?}");
    assert!(planned[1..].iter().all(|statement| statement.starts_with("CREATE TABLE IF NOT EXISTS")));
    let error = ScyllaStore::connect(&settings).await.map(|_| ()).expect_err("a plan makes nothing");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(error.cause.contains("does not exist: `tributary state migrate` makes it"), "{error}");

    assert_eq!(migrate(&settings).await.expect("migrate"), planned);
    let store = ScyllaStore::connect(&settings).await.expect("connect");
    let position = Position { generation: 1, partition: 0, offset: 1 };
    let row = Row { key: Key::new(b"k"), position, value: Bytes::from_static(b"v"), lives: None };
    store.write("agent", Epoch(1), vec![row]).await.expect("write");
    let identity = store.identity().await.expect("identity");

    assert_eq!(plan(&settings).await.expect("plan"), Vec::<String>::new());
    assert_eq!(migrate(&settings).await.expect("migrate"), Vec::<String>::new());
    let again = ScyllaStore::connect(&settings).await.expect("connect");
    assert_eq!(again.identity().await.expect("identity"), identity);
    let below = [(Key::new(b"k"), Position { offset: 2, ..position })];
    assert!(again.read("agent", &below).await.expect("read")[0].is_some());
    drop_keyspace(&settings).await;
}

/// Shows what is refused, by whom, and what the refusal says, for each way in which a keyspace can be
/// another one's: and that migrating mends only what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn refused() {
    let settings = with_keyspace("refused");
    migrate(&settings).await.expect("migrate");
    let session = session(&settings).await;
    let cases = [
        (
            "ALTER TABLE {ks}.due WITH gc_grace_seconds = 60",
            "keeps deletions for 60 s only",
            "ALTER TABLE {ks}.due WITH gc_grace_seconds = 864000",
        ),
        (
            "UPDATE {ks}.about SET value = '2' WHERE name = 'version' IF EXISTS",
            "its tables are of version 2, this program works with version 1",
            "UPDATE {ks}.about SET value = '1' WHERE name = 'version' IF EXISTS",
        ),
        (
            "ALTER TABLE {ks}.states ADD extra int",
            "its table states is not the one of version 1: it has column extra int",
            "ALTER TABLE {ks}.states DROP extra",
        ),
    ];
    for (harm, cause, mend) in cases {
        run(&session, &settings, harm).await;
        let connected = ScyllaStore::connect(&settings).await.map(|_| ());
        for outcome in [connected, migrate(&settings).await.map(|_| ()), plan(&settings).await.map(|_| ())] {
            let error = outcome.expect_err(harm);
            assert_eq!(error.remedy, Remedy::Stop, "{error}");
            assert!(error.cause.contains(cause), "{error}");
            assert!(error.attempted.contains(&settings.keyspace), "{error}");
        }
        run(&session, &settings, mend).await;
        drop(ScyllaStore::connect(&settings).await.expect(mend));
    }
    run(&session, &settings, "DROP TABLE {ks}.due").await;
    let error = ScyllaStore::connect(&settings).await.map(|_| ()).expect_err("a table is missing");
    assert!(error.cause.contains("not all of its tables are there"), "{error}");
    let made = migrate(&settings).await.expect("migrate");
    assert!(matches!(&made[..], [one] if one.contains(".due ")), "{made:#?}");
    drop(ScyllaStore::connect(&settings).await.expect("mended"));
    drop_keyspace(&settings).await;
}

/// Shows that a keyspace with more copies than there are nodes is not made, and that naming a datacenter
/// which the cluster does not have is told, with those that it has.
#[tokio::test(flavor = "multi_thread")]
async fn no_such_cluster() {
    let settings = with_keyspace("copies");
    let error = migrate(&Settings { replication: 3, ..settings.clone() }).await.expect_err("three of one");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(error.cause.contains("1 nodes, fewer than replication 3"), "{error}");
    let elsewhere = Settings { datacenter: Some("elsewhere".to_owned()), ..settings.clone() };
    let error = plan(&elsewhere).await.expect_err("no such datacenter");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(
        error.cause.contains("no datacenter elsewhere") && error.cause.contains("datacenter1"),
        "{error}"
    );
    let named = Settings { datacenter: Some("datacenter1".to_owned()), ..settings };
    assert!(!plan(&named).await.expect("plan").is_empty());
}

async fn drop_keyspace(settings: &Settings) {
    run(&session(settings).await, settings, "DROP KEYSPACE {ks}").await;
}
