//! The start: a registry that is away, one that comes, and what an earlier start left on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use schemas_codec::{Authority, SchemaId};
use schemas_registry::{Settings, start};
use serde_json::json;
use tests_registry::conformance::{NOTE, NOTE_V1, Note};
use tests_registry::{Fake, Mood};

use crate::{codec, note, settings, subject};

fn cached(url: &str, path: &Path) -> Settings {
    Settings { cache: Some(path.to_owned()), ..settings(url) }
}

/// A registry that is away is waited for, and one that comes within that time is as good as any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_waited_for() {
    let mut fake = Fake::start();
    fake.goes();
    let patient = Settings { start_max: Duration::from_secs(60), ..settings(&fake.url()) };
    let starting = tokio::spawn(async move { start(&patient, &note()).await.map(drop) });
    fake.comes_back();
    fake.says(503, "");
    while fake.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!starting.is_finished());
    fake.mood(Mood::Well);
    starting.await.unwrap().unwrap();
}

/// What waiting does not mend is told at once; what it might mend after the wait, which has an end.
#[tokio::test]
async fn a_wait_has_an_end() {
    let fake = Fake::start();
    let check = async |start_max: Duration, mood: Mood, expected: &str| {
        fake.mood(mood);
        let begin = Instant::now();
        let error = start(&Settings { start_max, ..settings(&fake.url()) }, &note()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    };
    check(Duration::from_secs(3_600), Mood::Says { status: 401, body: String::new() }, "it answered 401")
        .await;
    check(Duration::from_secs(3_600), Mood::Says { status: 200, body: "hello".into() }, "let the url be")
        .await;
    check(Duration::from_millis(300), Mood::Says { status: 503, body: String::new() }, "it answered 503")
        .await;
    check(Duration::ZERO, Mood::Hangs, "it did not answer in time").await;
}

/// A node whose schemas had ids before starts with these while the registry is away, others' schemas too;
/// one with a schema that is new does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_survives_a_registry_that_is_away() {
    let mut fake = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.json");
    let settings = cached(&fake.url(), &path);
    let theirs = fake.file("theirs", &NOTE.replace("A note.", "Another client's."), &json!(null));
    let first = start(&settings, &note()).await.unwrap();
    first.text_of(SchemaId(theirs)).unwrap();
    let codec_before = codec(first, &[NOTE]);
    let a_note = Note { text: "a".into(), stars: 1 };
    let bytes = codec_before.encode(&a_note).unwrap();
    fake.goes();

    let again = codec(start(&settings, &note()).await.unwrap(), &[NOTE]);
    assert_eq!(again.encode(&a_note).unwrap(), bytes);
    let from_them = [&[0, 0, 0, 0, u8::try_from(theirs).unwrap()], &bytes[5..]].concat();
    assert_eq!(again.decode::<Note>(&from_them).unwrap(), a_note);

    let newer =
        [note(), vec![subject("b-t.New", &[r#"{"type":"record","name":"t.New","fields":[]}"#])]].concat();
    assert!(start(&settings, &newer).await.unwrap_err().passes());
    assert!(
        start(&cached("http://127.0.0.1:1/other", &path), &note()).await.is_err(),
        "another registry's ids"
    );
}

/// A registry that gives other ids than before has lost what it had: nothing that it said before is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_registry_at_the_same_place_is_noticed() {
    let fake = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = cached(&fake.url(), &folder.path().join("registry.json"));
    let theirs = fake.file("theirs", NOTE_V1, &json!(null));
    start(&settings, &note()).await.unwrap().text_of(SchemaId(theirs)).unwrap();
    fake.forget(0);
    let lookup = start(&settings, &note()).await.unwrap();
    let text = lookup.text_of(SchemaId(1)).unwrap();
    assert!(text.contains("stars"), "{text}");
    assert!(lookup.text_of(SchemaId(2)).unwrap_err().contains("has no schema 2"));
}

/// A file that cannot be read or written costs nothing but the start while the registry is away.
#[tokio::test]
async fn a_broken_file_is_as_none() {
    let mut fake = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.json");
    let settings = cached(&fake.url(), &path);
    for text in ["", "{", r#"{"registry":"x","schemas":[{"id":-1,"schema":""}]}"#] {
        std::fs::write(&path, text).unwrap();
        start(&settings, &note()).await.unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("conformance"));
    }
    let nowhere = cached(&fake.url(), &folder.path().join("none/registry.json"));
    start(&nowhere, &note()).await.unwrap();
    fake.goes();
    assert!(start(&nowhere, &note()).await.unwrap_err().passes());
    start(&settings, &note()).await.unwrap();
}
