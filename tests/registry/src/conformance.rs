//! What every authority on ids must do: the same cases for the ids that schemas have by themselves, for a
//! registry in the test's process and for a real one.
//!
//! A case is given a way to put up a new process: a codec that has heard of nothing but what it was built
//! with.

use bytes::Bytes;
use schemas_codec::{Codec, Error, KnownSchema, Registry, SchemaId, frame};
use schemas_records::protocol::{Cancellation, Timer};
use schemas_records::{Failure, Message, ModelAnswer};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Puts up a process that knows these schemas, besides the runtime's, oldest version first.
pub type Process<'a> = &'a dyn Fn(&[&str]) -> Codec;

/// A message with a past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// Since its second version.
    pub stars: i32,
}

impl Message for Note {
    const NAME: &'static str = "conformance.Note";
    const SCHEMA: &'static str = NOTE;
}

/// Its schema today.
pub const NOTE: &str = r#"{"type": "record", "name": "Note", "namespace": "conformance", "doc": "A note.",
    "fields": [{"name": "text", "type": "string"}, {"name": "stars", "type": "int", "default": 3}]}"#;

/// Its first schema.
pub const NOTE_V1: &str = r#"{"type": "record", "name": "Note", "namespace": "conformance",
    "fields": [{"name": "text", "type": "string"}]}"#;

/// All cases.
pub fn all(process: Process<'_>) {
    what_one_writes_another_reads(process);
    older_versions_are_read(process);
    unknown_ids_are_errors(process);
    state_needs_no_registry(process);
}

/// What one process writes another reads, and both frame alike: for each schema one id, which other
/// clients can read as a signed number.
fn what_one_writes_another_reads(process: Process<'_>) {
    let (one, other) = (process(&[NOTE]), process(&[NOTE]));
    let note = Note { text: "a note".into(), stars: 5 };
    let bytes = one.encode(&note).expect("write a note");
    assert_eq!(other.decode::<Note>(&bytes).expect("read a note"), note);
    assert_eq!(other.encode(&note).expect("write it too"), bytes);
    assert_eq!(other.to_json(&bytes).expect("show it"), json!({"text": "a note", "stars": 5}));
    let by_json = Bytes::from_static(br#"{"text": "a note", "stars": 5}"#);
    assert_eq!(other.read_message(Note::NAME, &by_json).expect("take it as json"), bytes);
    assert_eq!(other.read_message(Note::NAME, &bytes).expect("take it as avro"), bytes);
    let timer = one.encode(&Timer { due: 7, name: "t".into() }).expect("write a timer");
    let ids = [id(&bytes), id(&timer)];
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| i32::try_from(id.0).is_ok()), "{ids:?}");
    assert_eq!(other.name_of(&timer).expect("name a timer"), Timer::NAME);
    for name in [Failure::NAME, ModelAnswer::NAME, Cancellation::NAME] {
        assert_eq!(other.registry().newest(name).expect("the runtime's own").name(), name);
    }
}

/// An older release and a newer one go side by side: what the older writes the newer reads, each with an id
/// of its own.
fn older_versions_are_read(process: Process<'_>) {
    let (older, newer) = (process(&[NOTE_V1]), process(&[NOTE_V1, NOTE]));
    let old = older.from_json(Note::NAME, &json!({"text": "old"})).expect("write an old note");
    assert_eq!(newer.decode::<Note>(&old).expect("read it"), Note { text: "old".into(), stars: 3 });
    let new = newer.encode(&Note { text: "new".into(), stars: 1 }).expect("write a new one");
    assert_ne!(id(&old), id(&new));
}

/// An id that nobody gave is an error that says so, at once the second time too, and everything else goes on.
fn unknown_ids_are_errors(process: Process<'_>) {
    let codec = process(&[NOTE]);
    for _ in 0..2 {
        let error = codec.decode::<Note>(&[0, 0x7f, 0xff, 0xff, 0xfe, 0]).expect_err("nobody gave it");
        assert!(matches!(&error, Error::UnknownSchema { id: SchemaId(2_147_483_646), .. }), "{error}");
    }
    codec.encode(&Note { text: String::new(), stars: 0 }).expect("write on");
}

/// State carries the schema's own fingerprint, the same whoever has the say on ids.
fn state_needs_no_registry(process: Process<'_>) {
    let note = Note { text: "kept".into(), stars: 4 };
    let kept = process(&[NOTE]).encode_state(&note).expect("write a state");
    let alone = Codec::new(Registry::new().expect("the runtime's schemas"));
    assert_eq!(alone.encode_state(&note).expect("write it alone"), kept);
    assert_eq!(process(&[NOTE]).decode_state::<Note>(&kept).expect("read it"), note);
    let schema = KnownSchema::parse("Note", NOTE).expect("a schema");
    let (fingerprint, _) = frame::split_state(&kept).expect("its frame");
    assert_eq!(fingerprint, schema.fingerprint());
}

fn id(bytes: &[u8]) -> SchemaId {
    frame::split(bytes).expect("a frame").0
}
