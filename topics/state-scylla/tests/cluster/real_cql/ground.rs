//! A corner of the CQL server under test for one test: a store, names of its own, and a way to look at
//! rows behind the store's back.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use topics_state_scylla::{ScyllaStore, Settings, migrate};

/// Names the node to test against.
const CQL: &str = "TRIBUTARY_TEST_CQL";

/// The keyspace that tests share.
const KEYSPACE: &str = "tributary_test";

/// Settings for the server under test, and a keyspace that several tests share.
pub fn settings() -> Settings {
    let node = std::env::var(CQL).unwrap_or_default();
    assert!(!node.is_empty(), "{CQL} is not set: run scripts/test, which starts a server and sets it");
    Settings { nodes: vec![node], keyspace: KEYSPACE.to_owned(), replication: 1, ..Settings::default() }
}

/// A store in the shared keyspace, which the first who asks makes.
pub async fn store() -> ScyllaStore {
    store_in(&settings()).await
}

/// A store in a keyspace that is made if it is not there.
pub async fn store_in(settings: &Settings) -> ScyllaStore {
    static MIGRATING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let alone = MIGRATING.lock().await;
    migrate(settings).await.expect("migrate");
    drop(alone);
    ScyllaStore::connect(settings).await.expect("connect")
}

/// A name that no two tests and no two runs have in common; a keyspace may have it too.
#[allow(clippy::disallowed_methods, reason = "a name, not a decision, comes of this time")]
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("t{}_{}_{name}", now.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A session of its own, to look behind the store's back.
pub async fn session(settings: &Settings) -> Session {
    SessionBuilder::new().known_nodes(&settings.nodes).build().await.expect("a session")
}

/// Runs a statement in which `{ks}` stands for the keyspace.
pub async fn run(session: &Session, settings: &Settings, text: &str) {
    let text = text.replace("{ks}", &settings.keyspace);
    session.query_unpaged(text.as_str(), ()).await.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// The rows of a statement in which `{ks}` stands for the keyspace.
pub async fn rows<Row>(session: &Session, settings: &Settings, text: &str) -> Vec<Row>
where
    Row: for<'a> DeserializeRow<'a, 'a>,
{
    let text = text.replace("{ks}", &settings.keyspace);
    let answer = session.query_unpaged(text.as_str(), ()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{text}: {error}"));
    let answer = answer.into_rows_result().expect("rows");
    answer.rows::<Row>().expect("rows of this type").map(|row| row.expect("a row")).collect()
}
