//! Reading across versions, and each way in which bytes can be wrong.

use std::sync::LazyLock;

use proptest::prelude::{ProptestConfig, any, prop_assert_eq};
use proptest::sample::Index;
use schemas_records::Failure;
use schemas_records::FailureCode;
use schemas_records::model::ModelAnswer;
use schemas_records::protocol::{Cancellation, JoinPolicy, Timer};
use schemas_records::work::{JoinRow, WorkRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::SchemaId;

fn codec() -> Codec {
    Codec::new(Registry::new().unwrap())
}

fn timer() -> Timer {
    Timer { due: 300, name: "t".into() }
}

/// Today's schema of `M` with one piece of text replaced: a version this program does not write.
fn register_newer<M: Message>(codec: &Codec, from: &str, to: &str) {
    let newer = M::SCHEMA.replacen(from, to, 1);
    assert_ne!(newer, M::SCHEMA, "{from} is not in the schema");
    codec.registry().register_text("newer", &newer).unwrap();
}

/// An older program reads what a newer one wrote: unknown fields are left out, unknown symbols become the
/// enum's default, also deep inside.
#[test]
fn newer_versions_are_read() {
    let codec = codec();
    register_newer::<Failure>(&codec, "\"bad_answer\"", "\"bad_answer\", \"rate_limited\"");
    let newer = json!({"code": "rate_limited", "message": "m", "remedy": "r", "path": "p", "calls_spent": 1});
    let bytes = codec.from_json(Failure::NAME, &newer).unwrap();
    assert_ne!(frame::split(&bytes).unwrap().0, codec.registry().register::<Failure>().unwrap());
    let failure: Failure = codec.decode(&bytes).unwrap();
    assert_eq!((failure.code, failure.calls_spent), (FailureCode::Unknown, 1));

    register_newer::<ModelAnswer>(
        &codec,
        "\"fields\": [",
        "\"fields\": [{\"name\": \"price\", \"type\": \"double\", \"default\": 0.5},",
    );
    let newer = json!({"text": "t", "model": "m", "finish": "stop", "input_tokens": 1, "output_tokens": 2, "attempts": 3});
    let answer: ModelAnswer = codec.decode(&codec.from_json(ModelAnswer::NAME, &newer).unwrap()).unwrap();
    assert_eq!((answer.attempts, answer.unknown_attempts), (3, 0));
}

/// The same for a state, where the change lies in a record inside a union and an enum inside that.
#[test]
fn newer_states_are_read() {
    let codec = codec();
    register_newer::<WorkRow>(&codec, "\"first\"", "\"first\", \"majority\"");
    let newest = codec.registry().newest(WorkRow::NAME).unwrap();
    let mut bytes = Vec::new();
    frame::begin_state(&mut bytes, newest.fingerprint());
    let row = row();
    newest.write(&row, &mut bytes).unwrap();
    assert_eq!(codec.decode_state::<WorkRow>(&bytes).unwrap(), row);

    // The join's policy is the byte after its fork's text.
    let at = bytes.windows(5).position(|window| window == b"1/2/3").unwrap() + 5;
    assert_eq!(bytes[at], 4);
    bytes[at] = 6;
    let read: WorkRow = codec.decode_state(&bytes).unwrap();
    assert_eq!(read.join.unwrap().policy, JoinPolicy::All);
}

/// A symbol that today's enum does not have and gives no default for cannot be read: an error, which says
/// which record and symbol.
#[test]
fn symbols_without_a_default_are_errors() {
    let codec = codec();
    register_newer::<WorkRow>(&codec, "\"delegated\"", "\"delegated\", \"paused\"");
    let newest = codec.registry().newest(WorkRow::NAME).unwrap();
    let mut bytes = Vec::new();
    frame::begin_state(&mut bytes, newest.fingerprint());
    newest.write(&row(), &mut bytes).unwrap();
    bytes[frame::STATE_FRAME_BYTES] = 10;
    let error = codec.decode_state::<WorkRow>(&bytes).unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }));
    let text = error.to_string();
    assert!(text.contains("read tributary.WorkRow") && text.contains("paused"), "{text}");
}

fn row() -> WorkRow {
    let policy = JoinPolicy::First;
    let join = JoinRow { fork: "1/2/3".into(), policy, needed: 1, context: Bytes::new(), parts: Vec::new() };
    let codec = codec();
    let empty = codec.registry().versions(WorkRow::NAME).pop().unwrap();
    // Each field is one byte 0: status absent, texts empty, nothing pending.
    let row: WorkRow = empty.read(&vec![0; empty.records()[0].fields.len()]).unwrap();
    WorkRow { join: Some(join), ..row }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    level: i64,
    share: f64,
    tags: Vec<String>,
}

impl Message for Reading {
    const NAME: &'static str = "t.Reading";
    const SCHEMA: &'static str = r#"{"type":"record","name":"t.Reading","fields":[
        {"name":"level","type":"long"},{"name":"share","type":"double"},
        {"name":"tags","type":{"type":"array","items":"string"},"default":["old"]}]}"#;
}

/// Numbers of an older version are widened, and a default may have parts.
#[test]
fn older_numbers_are_widened() {
    let codec = codec();
    let older = r#"{"type":"record","name":"t.Reading","fields":[
        {"name":"level","type":"int"},{"name":"share","type":"float"}]}"#;
    codec.registry().register_text("older", older).unwrap();
    let bytes = codec.from_json(Reading::NAME, &json!({"level": -7, "share": 0.5})).unwrap();
    let expected = Reading { level: -7, share: 0.5, tags: vec!["old".into()] };
    assert_eq!(codec.decode::<Reading>(&bytes).unwrap(), expected);
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Reading")]
struct Misread {
    level: String,
    share: f64,
    tags: Vec<String>,
}

impl Message for Misread {
    const NAME: &'static str = Reading::NAME;
    const SCHEMA: &'static str = Reading::SCHEMA;
}

/// Everything that bytes can have wrong is an error of its own and says what was attempted.
#[test]
fn wrong_bytes_are_errors() {
    let codec = codec();
    let good = codec.encode(&timer()).unwrap();
    let check = |bytes: &[u8], expected: &str| {
        let error = codec.decode::<Timer>(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{bytes:?}: {error}");
        assert_eq!(codec.to_json(bytes).is_ok(), expected.contains("hold a"), "{bytes:?}");
    };
    check(&good[..3], "3 bytes, at least 5 are needed");
    check(b"\x09nonsense", "first byte is 0x09");
    check(&[0, 0, 0, 0, 1, 2], "schema id 1 is not known here");
    check(&good[..good.len() - 1], "read tributary.Timer: name: a length of 1 does not fit");
    check(&good[..5], "due: the bytes end before the long does");
    check(&[&good[..], b"x"].concat(), "1 bytes are left after its end");
    let mut not_text = good.to_vec();
    *not_text.last_mut().unwrap() = 0xff;
    check(&not_text, "name: the string is not UTF-8");
    let other = codec.encode(&Cancellation { reason: String::new(), due: 0 }).unwrap();
    check(&other, "read tributary.Timer: the bytes hold a tributary.Cancellation");
}

/// The same for stored state.
#[test]
fn wrong_states_are_errors() {
    let codec = codec();
    let good = codec.encode_state(&timer()).unwrap();
    let check = |bytes: &[u8], expected: &str| {
        let error = codec.decode_state::<Timer>(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{bytes:?}: {error}");
    };
    check(&good[..9], "9 bytes, at least 10 are needed");
    check(&codec.encode(&timer()).unwrap(), "9 bytes, at least 10");
    check(&[0; 10], "begins with [00, 00]");
    check(&[0xC3, 1, 0, 0, 0, 0, 0, 0, 0, 0], "fingerprint 0000000000000000 is not known");
    check(&good[..good.len() - 1], "read tributary.Timer: name: ");
    check(&[&good[..], b"x"].concat(), "1 bytes are left");
    let other = codec.encode_state(&Cancellation { reason: String::new(), due: 0 }).unwrap();
    check(&other, "the bytes hold a tributary.Cancellation");
}

/// A Rust type that does not follow its schema is an error both ways, not other data.
#[test]
fn types_apart_from_their_schema_are_errors() {
    let codec = codec();
    let reading = Reading { level: 1, share: 0.5, tags: Vec::new() };
    let bytes = codec.encode(&reading).unwrap();
    let error = codec.decode::<Misread>(&bytes).unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error}");
    let misread = Misread { level: "1".into(), share: 0.5, tags: Vec::new() };
    let error = codec.encode(&misread).unwrap_err();
    assert!(matches!(error, Error::Encode { .. }), "{error}");
    assert!(error.to_string().contains("write t.Reading: field level: "), "{error}");
}

/// A producer's value is told apart by its first byte; what is neither has its own error.
#[test]
fn values_of_producers() {
    let codec = codec();
    let good = codec.encode(&timer()).unwrap();
    let accept = |value: &[u8]| codec.read_message(Timer::NAME, &Bytes::copy_from_slice(value));
    assert_eq!(accept(&good).unwrap(), good);
    assert_eq!(accept(b" \r\n\t{\"name\": \"t\", \"due\": 300}").unwrap(), good);

    let check = |value: &[u8], expected: &str| {
        let error = accept(value).unwrap_err().to_string();
        assert!(error.contains(expected), "{value:?}: {error}");
    };
    check(b"", "the value is neither JSON nor Avro: it is empty");
    check(b"  ", "neither JSON nor Avro: it is empty");
    check(b"[1]", "neither JSON nor Avro: it begins with '['");
    check(b"\xff", "neither JSON nor Avro: it begins with '\u{ff}'");
    check(b"{\"due\":3", "read tributary.Timer from JSON: EOF while parsing");
    check(b"{\"name\":\"\xff\"}", "byte 9 is not UTF-8");
    check(&[0, 0, 0, 0, 9], "schema id 9 is not known here");
    check(&[0, 0], "2 bytes, at least 5");
    check(&good[..good.len() - 1], "name: a length of 1");
    check(&[&good[..], b"x"].concat(), "1 bytes are left");
    let other = codec.encode(&Cancellation { reason: String::new(), due: 0 }).unwrap();
    check(&other, "the bytes hold a tributary.Cancellation");
    let error = codec.read_message("t.None", &Bytes::from_static(b"{}")).unwrap_err();
    assert!(matches!(error, Error::UnknownRecord { .. }), "{error}");
    assert!(matches!(codec.name_of(&[0, 0, 0, 0, 9]), Err(Error::UnknownSchema { id: SchemaId(9), .. })));
}

/// A row's schema and body, made once for all cases.
static ROW: LazyLock<(Arc<KnownSchema>, Vec<u8>)> = LazyLock::new(|| {
    let own = codec().registry().of_type::<WorkRow>().unwrap();
    let mut body = Vec::new();
    own.write(&row(), &mut body).unwrap();
    (own, body)
});

proptest::proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Both ways of reading take the same bodies for the same rows: whole ones, and those with a byte changed.
    #[test]
    fn both_ways_agree(at in any::<Index>(), byte in 0..=255_u8) {
        let (own, body) = &*ROW;
        let mut body = body.clone();
        *at.get_mut(&mut body) = byte;
        if body::check(own, &body).is_ok() {
            let direct = own.read::<WorkRow>(&body).unwrap();
            prop_assert_eq!(own.read_resolved::<WorkRow>(own, &body).unwrap(), direct);
        }
    }
}

/// Clones share what is registered, and may go to other threads.
#[test]
fn clones_share_the_registry() {
    fn shared<T: Clone + Send + Sync + 'static>(value: T) -> T {
        value
    }
    let codec = shared(codec());
    let clone = codec.clone();
    let id = std::thread::spawn(move || clone.registry().register::<Reading>().unwrap()).join().unwrap();
    assert_eq!(codec.registry().schema(id).unwrap().name(), Reading::NAME);
}
