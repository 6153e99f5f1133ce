//! Rust types and `.avsc` files agree, whichever way a message goes.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

mod samples;

use std::collections::BTreeSet;
use std::path::Path;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use schemas_codec::{Codec, KnownSchema, Registry, frame, released};
use schemas_records::{Message, Stateless};

fn codec() -> Codec {
    Codec::new(Registry::new().unwrap())
}

/// Every value of every message is the same bytes straight through serde as through apache-avro's values,
/// and either way leads back to it; framed and as state.
#[test]
fn types_agree_with_their_schemas() {
    check(samples::cancellations());
    check(samples::closings());
    check(samples::dead_letters());
    check(samples::expectations());
    check(samples::failures());
    check(samples::model_answers());
    check(samples::model_requests());
    check(vec![Stateless {}]);
    check(samples::texts());
    check(samples::timers());
    check(samples::work_rows());
    check(samples::gateway::journal_entries());
    check(samples::gateway::model_attempts());
    check(samples::manifest::manifest_states());
    check(samples::tool::tool_requests());
    check(samples::tool::sql_queries());
    check(samples::tool::tables());
    check(samples::tool::knowledge_queries());
    check(samples::tool::passages());
}

fn check<M: Message + PartialEq + std::fmt::Debug>(messages: Vec<M>) {
    let codec = codec();
    let schema = codec.registry().schema(codec.registry().register::<M>().unwrap()).unwrap();
    let writer = GenericDatumWriter::builder(schema.avro()).build().unwrap();
    let reader = GenericDatumReader::builder(schema.avro()).reader_schema(schema.avro()).build().unwrap();
    for message in messages {
        let framed = codec.encode(&message).unwrap();
        let (id, direct) = frame::split(&framed).unwrap();
        assert_eq!(id, schema.id());

        let value = apache_avro::to_value(&message).unwrap().resolve(schema.avro()).unwrap();
        assert_eq!(writer.write_value_to_vec(value).unwrap(), direct, "{message:?}");

        let value = reader.read_value(&mut &*direct).unwrap();
        assert_eq!(apache_avro::from_value::<M>(&value).unwrap(), message);
        assert_eq!(codec.decode::<M>(&framed).unwrap(), message);

        let state = codec.encode_state(&message).unwrap();
        assert_eq!(codec.decode_state::<M>(&state).unwrap(), message);
        assert_eq!(frame::split_state(&state).unwrap(), (schema.fingerprint(), direct));
        assert_eq!(codec.name_of(&framed).unwrap(), M::NAME);
    }
}

/// What people see as JSON is what serde makes of the Rust type, names, symbols and order included; and
/// that JSON is the same message again. (Messages with `bytes` have no JSON of their own.)
#[test]
fn json_agrees_with_serde() {
    fn check<M: Message>(messages: Vec<M>) {
        let codec = codec();
        for message in messages {
            let json = serde_json::to_value(&message).unwrap();
            let framed = codec.encode(&message).unwrap();
            assert_eq!(codec.to_json(&framed).unwrap().to_string(), json.to_string());
            assert_eq!(codec.from_json(M::NAME, &json).unwrap(), framed);
            let text = json.to_string().into_bytes().into();
            assert_eq!(codec.read_message(M::NAME, &text).unwrap(), framed);
            assert_eq!(codec.read_message(M::NAME, &framed).unwrap(), framed);
        }
    }
    check(samples::cancellations());
    check(samples::closings());
    check(samples::failures());
    check(samples::model_answers());
    check(samples::model_requests());
    check(samples::texts());
    check(samples::timers());
    check(samples::gateway::model_attempts());
    check(samples::tool::knowledge_queries());
    check(samples::tool::passages());
}

/// Bytes are shown one character for each byte.
#[test]
fn json_shows_bytes() {
    let codec = codec();
    let framed = codec.encode(&samples::dead_letters()[0]).unwrap();
    let json = codec.to_json(&framed).unwrap();
    assert_eq!(json["value"], "\u{ff}\u{fe} not avro");
    assert_eq!(json["headers"][1]["value"], "\u{80}");
}

/// Every `.avsc` file is listed as released and registered, and the newest version of a record is its
/// current file.
#[test]
fn every_file_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../avro");
    let registry = Registry::new().unwrap();
    let mut files = BTreeSet::new();
    let mut records = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = file.strip_suffix(".avsc") else {
            continue;
        };
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        let (record, version) = stem.split_once('.').unwrap_or((stem, ""));
        let schema = KnownSchema::parse(&file, &text).unwrap();
        assert_eq!(schema.name(), format!("tributary.{record}"), "{file}");
        assert!(registry.schema(schema.id()).is_ok(), "{file} is not registered: list it in released.rs");
        let is_newest = registry.newest(schema.name()).unwrap().id() == schema.id();
        assert_eq!(is_newest, version.is_empty(), "{file}");
        records.insert(schema.name().to_owned());
        files.insert(file);
    }
    let listed: BTreeSet<String> = released::FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(listed, files);
    assert_eq!(registry.names(), records.into_iter().collect::<Vec<_>>());
}
