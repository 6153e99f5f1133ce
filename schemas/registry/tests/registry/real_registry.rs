//! Against the registry that `scripts/test` starts: what the other tests hold of one in their own process
//! holds of one that others wrote.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemas_codec::{Authority, SchemaId};
use schemas_registry::{Error, HttpRegistry, Lookup, Settings, Standing, start};
use tests_registry::conformance::{NOTE, NOTE_V1, all};

use crate::{codec, process, subject};

/// Names the registry to test against.
const REGISTRY: &str = "TRIBUTARY_TEST_REGISTRY";

/// The registry under test, which is waking up when the first test asks it.
fn real() -> Settings {
    let url = std::env::var(REGISTRY).unwrap_or_default();
    assert!(!url.is_empty(), "{REGISTRY} is not set: run scripts/test, which starts a registry and sets it");
    let patience = Duration::from_secs(20);
    Settings { request_max: patience, lookup_max: patience, ..Settings::new(&url) }
}

/// A name that no other run has.
#[allow(clippy::disallowed_methods, reason = "a name, not a decision, comes of this time")]
fn name(test: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("it-{test}-{}-conformance.Note", now.as_nanos())
}

/// The conformance suite.
#[test]
fn it_conforms() {
    let (settings, name) = (real(), name("conforms"));
    all(&|schemas| process(&settings, &name, schemas));
}

/// What is missing is filed once, under one id however many subjects have it, and what it cannot follow is
/// refused: by us with the field, and by the registry's own rule, which we set.
#[tokio::test]
async fn schemas_are_filed_and_refused() {
    let registry = HttpRegistry::new(&real()).unwrap();
    let (a, b) = (name("filed-a"), name("filed-b"));
    let both = [subject(&a, &[NOTE_V1, NOTE]), subject(&b, &[NOTE_V1, NOTE])];
    let is_new = |standing: &Standing| matches!(standing, Standing::New { there: 0 });
    assert!(registry.check(&both).await.unwrap().iter().all(is_new));
    let registered = registry.register(&both).await.unwrap();
    assert!(
        matches!(registered[0], Standing::Registered(_)) && registered[0] == registered[1],
        "{registered:?}"
    );
    assert_eq!(registry.check(&both).await.unwrap(), registered);

    let other = NOTE.replace("\"int\", \"default\": 3", "\"string\"");
    let standings = registry.register(&[subject(&a, &[&other])]).await.unwrap();
    let Standing::Refused(refusal) = &standings[0] else { panic!("{standings:?}") };
    assert!(refusal.to_string().contains("stars: "), "{refusal}");
    assert_eq!((refusal.version, refusal.changes.len()), (Some(1), 1), "{refusal}");

    let rule = reqwest::get(format!("{}/config/{a}", real().url)).await.unwrap().text().await.unwrap();
    assert!(rule.contains("BACKWARD_TRANSITIVE"), "{rule}");
    let body = serde_json::json!({"schema": other});
    let sent = reqwest::Client::new().post(format!("{}/subjects/{a}/versions", real().url)).json(&body);
    assert_eq!(sent.send().await.unwrap().status(), 409);
}

/// An id that nobody has is known to be none; a schema that refers to another, registered by another client,
/// is read whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_schemas_are_read() {
    let lookup = Lookup::new(&real()).unwrap();
    assert!(lookup.text_of(SchemaId(2_000_000_000)).unwrap_err().contains("has no schema 2000000000"));
    let (inner, outer) = (name("inner"), name("outer"));
    let post = async |subject: &str, body: serde_json::Value| -> u32 {
        let sent =
            reqwest::Client::new().post(format!("{}/subjects/{subject}/versions", real().url)).json(&body);
        let answer: serde_json::Value = sent.send().await.unwrap().json().await.unwrap();
        u32::try_from(answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))).unwrap()
    };
    let street =
        r#"{"type":"record","name":"Street","namespace":"a","fields":[{"name":"name","type":"string"}]}"#;
    post(&inner, serde_json::json!({"schema": street})).await;
    let note = NOTE.replace("\"string\"", "\"a.Street\"");
    let references = serde_json::json!([{"name": "a.Street", "subject": inner, "version": 1}]);
    let id = post(&outer, serde_json::json!({"schema": note, "references": references})).await;
    let codec = codec(lookup, &[]);
    let bytes = [&[0], &id.to_be_bytes()[..], b"\x06abc\x08"].concat();
    assert_eq!(codec.to_json(&bytes).unwrap(), serde_json::json!({"text": {"name": "abc"}, "stars": 4}));
}

/// A path that is not its api is said to be none.
#[tokio::test]
async fn a_wrong_path_is_named() {
    let mut settings = real();
    settings.url = settings.url.replace("/ccompat/v7", "/ccompat/none");
    let error = start(&settings, &[subject("x", &[NOTE])]).await.unwrap_err();
    assert!(matches!(error, Error::Strange { .. }), "{error}");
}
