//! The authority of a running process: what it asks for, how often, and what becomes of a registry that is
//! slow, wrong or gone while it runs.

use std::time::{Duration, Instant};

use schemas_codec::{Authority, KnownSchema, SchemaId};
use schemas_registry::{Lookup, Settings, start};
use serde_json::json;
use tests_registry::Fake;
use tests_registry::conformance::{NOTE, NOTE_V1, Note};

use crate::{codec, note, settings};

const FOREIGN: &str = r#"{"type":"record","name":"Note","namespace":"conformance","fields":[
    {"name":"stars","type":"int"},{"name":"colour","type":"string"},{"name":"text","type":"string"}]}"#;
const BODY: &[u8] = b"\x0a\x06red\x0ca note";

fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], body].concat()
}

fn a_note() -> Note {
    Note { text: "a note".into(), stars: 5 }
}

/// Another client's schema is asked for once, with the first record that it wrote, on whatever thread that
/// is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_asked_for_once() {
    let fake = Fake::start();
    let codec = codec(start(&settings(&fake.url()), &note()).await.unwrap(), &[NOTE]);
    let bytes = framed(fake.file("theirs", FOREIGN, &json!(null)), BODY);
    let _ = fake.requests();
    for _ in 0..3 {
        assert_eq!(codec.decode::<Note>(&bytes).unwrap(), a_note());
    }
    let on_a_thread = codec.clone();
    let read = tokio::task::spawn_blocking(move || on_a_thread.decode::<Note>(&bytes).unwrap());
    assert_eq!(read.await.unwrap(), a_note());
    assert_eq!(fake.requests(), ["GET schemas/ids/2"]);
}

/// An id that there is none of is asked for once, then not for some seconds, then again: a schema that was
/// registered late is found.
#[test]
fn an_absence_is_remembered_for_a_while() {
    let fake = Fake::start();
    let check = |absent_for: Duration, expected: usize| {
        let settings = Settings { absent_for, ..settings(&fake.url()) };
        let lookup = Lookup::new(&settings).unwrap();
        for _ in 0..3 {
            let error = lookup.text_of(SchemaId(77)).unwrap_err();
            assert!(error.contains("has no schema 77; write with one that is registered there"), "{error}");
        }
        assert_eq!(fake.requests().len(), expected);
        lookup
    };
    check(Duration::from_secs(3_600), 1);
    let forgetful = check(Duration::ZERO, 3);
    fake.forget(76);
    let _ = fake.file("late", FOREIGN, &json!(null));
    assert_eq!(forgetful.text_of(SchemaId(77)).unwrap(), FOREIGN);
}

/// While the registry hangs or is gone, what is known goes on, and unknown ids, also many, fail after one
/// wait, with a sentence; when it is back they are found.
#[test]
fn what_is_known_goes_on() {
    let mut fake = Fake::start();
    let id = fake.file("theirs", FOREIGN, &json!(null));
    let patient = Settings { absent_for: Duration::from_secs(3_600), ..settings(&fake.url()) };
    let hasty = Settings { absent_for: Duration::ZERO, ..settings(&fake.url()) };
    for is_gone in [false, true] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        fake.mood(tests_registry::Mood::Well);
        let codecs = [&patient, &hasty]
            .map(|settings| codec(runtime.block_on(start(settings, &note())).unwrap(), &[NOTE]));
        let bytes = codecs[0].encode(&a_note()).unwrap();
        let expected = if is_gone {
            fake.goes();
            "onnection refused"
        } else {
            fake.mood(tests_registry::Mood::Hangs);
            "it did not answer"
        };
        let begin = Instant::now();
        for unknown in (1_000..1_100).chain([id]) {
            let error = codecs[0].decode::<Note>(&framed(unknown, BODY)).unwrap_err().to_string();
            assert!(
                error.contains(&format!("schema id {unknown} is not known")) && error.contains(expected),
                "{error}"
            );
            assert_eq!(codecs[0].decode::<Note>(&bytes).unwrap(), a_note());
            assert_eq!(codecs[0].encode(&a_note()).unwrap(), bytes);
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        codecs[1].decode::<Note>(&framed(id, BODY)).unwrap_err();
        if is_gone {
            fake.comes_back();
        }
        fake.mood(tests_registry::Mood::Well);
        assert_eq!(codecs[1].decode::<Note>(&framed(id, BODY)).unwrap(), a_note());
    }
}

/// A message that nobody named before the start is filed under its own name when it is first written; if that
/// cannot be, only this message fails, and says how to have it filed at the start.
#[test]
fn late_messages_are_filed_under_their_own_name() {
    let mut fake = Fake::start();
    let settings = settings(&fake.url());
    let late = codec(Lookup::new(&settings).unwrap(), &[NOTE]);
    let bytes = late.encode(&a_note()).unwrap();
    assert_eq!(bytes[..5], framed(fake.ids("conformance.Note")[0], b"")[..]);
    fake.set_rule("conformance.Note", "BACKWARD_TRANSITIVE");
    let refused = Lookup::new(&settings).unwrap();
    let v3 = KnownSchema::parse("v3", &NOTE_V1.replace("\"text\"", "\"words\"")).unwrap();
    assert!(refused.id_of(&v3).unwrap_err().contains("+ words: string is new here"));
    fake.goes();
    let error = codec(Lookup::new(&settings).unwrap(), &[NOTE]).encode(&a_note()).unwrap_err().to_string();
    assert!(error.contains("a message that is named before the start is registered then"), "{error}");
    assert!(
        error.contains(
            "write conformance.Note: its schema has no id: look for the schema of conformance.Note at"
        ),
        "{error}"
    );
}
