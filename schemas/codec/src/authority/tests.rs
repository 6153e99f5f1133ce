//! What a codec asks its authority, how often, and what it does with the answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use schemas_records::protocol::Timer;
use schemas_records::{Failure, Message};
use serde_json::json;

use super::*;
use crate::{Codec, Error, Registry, frame};

/// Ids out of a list: of schemas in the order in which they are asked for, and of what was put there.
#[derive(Debug, Default)]
struct Book {
    texts: Mutex<Vec<String>>,
    asked: AtomicUsize,
    is_shut: bool,
}

impl Book {
    fn of(texts: &[&str]) -> Arc<Self> {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Arc::new(Self { texts: Mutex::new(texts), ..Self::default() })
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl Authority for Book {
    fn id_of(&self, schema: &KnownSchema) -> Result<SchemaId, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_shut {
            return Err("it is shut".to_owned());
        }
        let mut texts = self.texts.lock().unwrap();
        let at = texts.iter().position(|text| text == schema.text()).unwrap_or_else(|| {
            texts.push(schema.text().to_owned());
            texts.len() - 1
        });
        Ok(SchemaId(u32::try_from(at).unwrap()))
    }

    fn text_of(&self, id: SchemaId) -> Result<String, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let texts = self.texts.lock().unwrap();
        texts.get(usize::try_from(id.0).unwrap()).cloned().ok_or_else(|| "no such page".to_owned())
    }
}

fn codec(book: &Arc<Book>) -> Codec {
    let codec = Codec::new(Registry::new().unwrap());
    assert!(codec.registry().entrust(book.clone()));
    assert!(!codec.registry().entrust(book.clone()), "only one can have the say");
    codec
}

fn timer() -> Timer {
    Timer { due: 7, name: "patience".into() }
}

/// Frames carry the authority's ids; it is asked once for a schema however many records there are, and by
/// another process once for the id.
#[test]
fn ids_are_asked_for_once() {
    let book = Book::of(&["a", "b", "c"]);
    let (writer, reader) = (codec(&book), codec(&book));
    let bytes = writer.encode(&timer()).unwrap();
    assert_eq!(frame::split(&bytes).unwrap().0, SchemaId(3));
    for _ in 0..3 {
        assert_eq!(writer.encode(&timer()).unwrap(), bytes);
        assert_eq!(writer.decode::<Timer>(&bytes).unwrap(), timer());
        assert_eq!(writer.from_json(Timer::NAME, &json!({"due": 7, "name": "patience"})).unwrap(), bytes);
    }
    assert_eq!(book.asked(), 1);
    for _ in 0..3 {
        assert_eq!(reader.decode::<Timer>(&bytes).unwrap(), timer());
        assert_eq!(reader.to_json(&bytes).unwrap()["due"], 7);
        assert_eq!(reader.name_of(&bytes).unwrap(), Timer::NAME);
        assert_eq!(reader.read_message(Timer::NAME, &bytes).unwrap(), bytes);
    }
    assert_eq!(book.asked(), 1);
}

/// What a stranger wrote by a schema that is not known here is read by asking for it: with other docs, which
/// are the same bytes, and with other fields, which are resolved.
#[test]
fn strangers_are_read() {
    let docs = Timer::SCHEMA.replacen('{', r#"{"doc": "as a stranger has it", "#, 1);
    let codec = codec(&Book::of(&[
        &docs,
        r#"{"type":"record","name":"tributary.Timer","fields":[
        {"name":"name","type":"string"},{"name":"due","type":"long"},{"name":"colour","type":"string"}]}"#,
    ]));
    let body = &codec.encode(&timer()).unwrap()[frame::FRAME_BYTES..];
    assert_eq!(codec.decode::<Timer>(&[&[0, 0, 0, 0, 0], body].concat()).unwrap(), timer());
    let other = b"\0\0\0\0\x01\x10patience\x0e\x06red";
    assert_eq!(codec.decode::<Timer>(other).unwrap(), timer());
    assert_eq!(codec.to_json(other).unwrap()["colour"], "red");
}

/// Messages that were framed before there was an authority, by ids made from their schemas, are read still;
/// but what the authority says an id means goes first.
#[test]
fn frames_from_before_are_read() {
    let before = Codec::new(Registry::new().unwrap());
    let bytes = before.encode(&timer()).unwrap();
    let book = Book::of(&[]);
    let codec = codec(&book);
    assert_eq!(codec.decode::<Timer>(&bytes).unwrap(), timer());
    let old = before.registry().versions(Failure::NAME)[0].id();
    assert_eq!(codec.registry().schema(old).unwrap().name(), Failure::NAME);
    assert_eq!(book.asked(), 0);
}

/// What the authority cannot say is an error in its words, of that record alone; state does not need it.
#[test]
fn errors_carry_its_words() {
    let shut = Arc::new(Book { is_shut: true, ..Book::default() });
    let codec = codec(&shut);
    let error = codec.encode(&timer()).unwrap_err();
    assert!(matches!(&error, Error::Unregistered { reason, .. } if reason == "it is shut"), "{error}");
    let error = codec.decode::<Timer>(&[0, 0, 0, 0, 9, 0]).unwrap_err().to_string();
    assert!(error.contains("schema id 9 is not known here; no such page"), "{error}");
    let check = |text: &str, expected: &str| {
        let codec = self::codec(&Book::of(&[text]));
        let error = codec.decode::<Timer>(&[0, 0, 0, 0, 0, 0]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("not json", "cannot be used: parse schema of id 0: ");
    check("\"string\"", "cannot be used: parse schema of id 0: it is a string, not a record");
    check(r#"{"type":"record","name":"R","fields":[]}"#, "the bytes hold a R");
    shut.asked();
    let state = codec.encode_state(&timer()).unwrap();
    assert_eq!(codec.decode_state::<Timer>(&state).unwrap(), timer());
    assert_eq!(state, Codec::new(Registry::new().unwrap()).encode_state(&timer()).unwrap());
    assert_eq!(shut.asked(), 0);
}

/// However many ids are asked for, no more than so many schemas are kept, and those in use are found again.
#[test]
fn what_is_kept_has_a_bound() {
    let texts: Vec<String> =
        (0..1_100).map(|at| format!(r#"{{"type":"record","name":"R{at}","fields":[]}}"#)).collect();
    let codec = codec(&Book::of(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    let timed = codec.encode(&timer()).unwrap();
    for at in 0..1_100 {
        assert_eq!(codec.registry().schema(SchemaId(at)).unwrap().name(), format!("R{at}"));
    }
    assert!(codec.registry().kept() <= 1_000);
    assert_eq!(codec.read_message(Timer::NAME, &Bytes::clone(&timed)).unwrap(), timed);
}

/// Of a node's schemas a registry is told the messages: what a type is read and written as, not what only
/// rows hold, and not the runtime's own, which have their topics.
#[test]
fn messages_and_states_are_told_apart() {
    let registry = Registry::new().unwrap();
    assert_eq!(registry.messages(), Vec::<String>::new());
    registry.register_state::<schemas_records::Stateless>().unwrap();
    registry.register::<schemas_records::Text>().unwrap();
    registry.register_text("R", r#"{"type":"record","name":"R","fields":[]}"#).unwrap();
    assert_eq!(registry.messages(), ["R", schemas_records::Text::NAME]);
}
