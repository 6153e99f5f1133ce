//! Bytes, JSON and schema texts that nobody should have sent: an error at most, never a panic, and the same
//! verdict whichever way the bytes are read.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

mod samples;

use std::fmt::Debug;
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use schemas_codec::{Codec, Registry, SchemaId, frame};
use schemas_records::model::{ModelAnswer, ModelRequest};
use schemas_records::protocol::{Cancellation, Closing, DeadLetter, Draining, Expectation, Timer};
use schemas_records::work::WorkRow;
use schemas_records::{Failure, Message};
use serde::{Deserialize, Serialize};

/// A schema with all that the runtime's own do not have: itself, maps, items without bytes, logical types.
const ODD: &str = r#"{"type":"record","name":"t.Odd","fields":[
    {"name":"children","type":{"type":"array","items":"Odd"}},
    {"name":"by_name","type":{"type":"map","values":["null","Odd","string"]}},
    {"name":"nulls","type":{"type":"array","items":"null"}},
    {"name":"pair","type":{"type":"fixed","name":"Pair","size":2}},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"day","type":{"type":"int","logicalType":"date"}},
    {"name":"single","type":"float"},
    {"name":"id","type":{"type":"string","logicalType":"uuid"}},
    {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"big","type":{"type":"bytes","logicalType":"big-decimal"}},
    {"name":"span","type":{"type":"fixed","name":"Span","size":12,"logicalType":"duration"}}]}"#;

/// The part of such a schema that serde can have directly.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    label: Option<String>,
    children: Vec<Tree>,
    nulls: Vec<()>,
    weights: std::collections::BTreeMap<String, f64>,
}

impl Message for Tree {
    const NAME: &'static str = "t.Tree";
    const SCHEMA: &'static str = r#"{"type":"record","name":"t.Tree","fields":[
        {"name":"label","type":["null","string"]},{"name":"children","type":{"type":"array","items":"Tree"}},
        {"name":"nulls","type":{"type":"array","items":"null"}},
        {"name":"weights","type":{"type":"map","values":"double"}}]}"#;
}

/// Another version of the tree, so that the same bytes also go the resolving way.
const TREE_V0: &str = r#"{"type":"record","name":"t.Tree","fields":[
    {"name":"label","type":["null","string"]},{"name":"children","type":{"type":"array","items":"Tree"}},
    {"name":"nulls","type":{"type":"array","items":"null"}},
    {"name":"weights","type":{"type":"map","values":"float"}}]}"#;

/// One codec for all cases: parsing the schemas takes longer than a case.
static CODEC: LazyLock<Codec> = LazyLock::new(codec);

fn codec() -> Codec {
    let registry = Registry::new().unwrap();
    registry.register_text("Odd.avsc", ODD).unwrap();
    registry.register_text("Tree.v0.avsc", TREE_V0).unwrap();
    registry.register::<Tree>().unwrap();
    Codec::new(registry)
}

fn ids(codec: &Codec) -> Vec<SchemaId> {
    let versions = |name: String| codec.registry().versions(&name);
    codec.registry().names().into_iter().flat_map(versions).map(|schema| schema.id()).collect()
}

/// Reads bytes in every way there is. What is read as `M` and written again is read as the same.
fn read_all_ways(codec: &Codec, bytes: &[u8]) {
    fn read<M: Message + Debug>(codec: &Codec, bytes: &[u8]) {
        if let Ok(message) = codec.decode::<M>(bytes) {
            let again = codec.encode(&message).unwrap();
            let back: M = codec.decode(&again).unwrap();
            assert_eq!(codec.encode(&back).unwrap(), again);
            assert!(codec.to_json(bytes).is_ok());
        }
        let _ = codec.decode_state::<M>(bytes);
        let _ = codec.read_message(M::NAME, &Bytes::copy_from_slice(bytes));
    }
    read::<Cancellation>(codec, bytes);
    read::<Closing>(codec, bytes);
    read::<DeadLetter>(codec, bytes);
    read::<Draining>(codec, bytes);
    read::<Expectation>(codec, bytes);
    read::<Failure>(codec, bytes);
    read::<ModelAnswer>(codec, bytes);
    read::<ModelRequest>(codec, bytes);
    read::<Timer>(codec, bytes);
    read::<WorkRow>(codec, bytes);
    read::<Tree>(codec, bytes);
    let _ = codec.name_of(bytes);
    let _ = codec.to_json(bytes);
}

/// Good bytes of several kinds, to be broken.
fn good_bytes(codec: &Codec) -> Vec<Vec<u8>> {
    let leaf = || Tree {
        label: None,
        children: Vec::new(),
        nulls: Vec::new(),
        weights: std::collections::BTreeMap::new(),
    };
    let tree = Tree {
        label: Some("root".into()),
        children: vec![leaf(), Tree { label: Some("b".into()), ..leaf() }],
        nulls: vec![(), ()],
        weights: [("w".to_owned(), 0.5)].into(),
    };
    let mut good = vec![
        codec.encode(&tree).unwrap().to_vec(),
        codec.encode(&samples::work_rows()[0]).unwrap().to_vec(),
        codec.encode_state(&samples::work_rows()[0]).unwrap().to_vec(),
        codec.encode(&samples::dead_letters()[0]).unwrap().to_vec(),
        codec.encode(&samples::model_requests()[0]).unwrap().to_vec(),
        codec.encode(&samples::model_answers()[0]).unwrap().to_vec(),
    ];
    for golden in ["ModelAnswer.v1.bin", "WorkRow.v1.bin", "WorkRow.v1.state.bin"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../avro/golden");
        good.push(std::fs::read(folder.join(golden)).unwrap());
    }
    good
}

/// One way to break bytes.
#[derive(Clone, Debug)]
enum Break {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Cut(Index),
}

fn breaks() -> impl Strategy<Value = Break> {
    // Lengths that lie: the largest and smallest numbers, and some in between.
    let number = prop_oneof![
        Just(vec![0xff; 9].into_iter().chain([1]).collect::<Vec<u8>>()),
        Just(vec![0xfe, 0xff, 0xff, 0xff, 0x0f]),
        Just(vec![0x80, 0x80, 0x80, 0x80, 0x08]),
        proptest::collection::vec(any::<u8>(), 1..6),
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Break::Set(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Break::Flip(at, bit)),
        (any::<Index>(), number).prop_map(|(at, bytes)| Break::Insert(at, bytes)),
        (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Break::Remove(at, count)),
        any::<Index>().prop_map(Break::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Break) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Break::Set(at, byte) => *at.get_mut(bytes) = *byte,
        Break::Flip(at, bit) => *at.get_mut(bytes) ^= 1 << bit,
        Break::Insert(at, inserted) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, inserted.iter().copied());
        }
        Break::Remove(at, count) => {
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + count);
            bytes.drain(at..end);
        }
        Break::Cut(at) => bytes.truncate(at.index(bytes.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random bytes, bare and behind every known schema's frame.
    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all_ways(&CODEC, &bytes);
        for id in ids(&CODEC) {
            let mut framed = Vec::new();
            frame::begin(&mut framed, id);
            framed.extend_from_slice(&bytes);
            read_all_ways(&CODEC, &framed);
        }
    }

    /// Good bytes, broken in up to four places.
    #[test]
    fn broken_bytes(which in any::<Index>(), changes in proptest::collection::vec(breaks(), 1..5)) {
        let mut bytes = which.get(&good_bytes(&CODEC)).clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        read_all_ways(&CODEC, &bytes);
    }

    /// Good bodies under another known schema's id.
    #[test]
    fn exchanged_ids(which in any::<Index>(), id in any::<Index>()) {
        let mut bytes = which.get(&good_bytes(&CODEC)).clone();
        let id = *id.get(&ids(&CODEC));
        bytes[1..5].copy_from_slice(&id.0.to_be_bytes());
        bytes[0] = 0;
        read_all_ways(&CODEC, &bytes);
    }

    /// JSON texts broken in up to three places; what is still taken can be shown and taken again.
    #[test]
    fn broken_json(changes in proptest::collection::vec(breaks(), 0..4)) {
        for name in CODEC.registry().names() {
            let mut text = JSON.as_bytes().to_vec();
            for change in &changes {
                apply(&mut text, change);
            }
            if let Ok(framed) = CODEC.read_message(&name, &text.into()) {
                let shown = CODEC.to_json(&framed).unwrap();
                prop_assert_eq!(CODEC.from_json(&name, &shown).unwrap(), framed);
            }
        }
    }

    /// Schema texts broken in up to three places are refused or registered; either way without a panic.
    #[test]
    fn broken_schemas(which in any::<Index>(), changes in proptest::collection::vec(breaks(), 1..4)) {
        let texts = [ODD, Tree::SCHEMA, WorkRow::SCHEMA, ModelAnswer::SCHEMA, DeadLetter::SCHEMA];
        let mut text = which.get(&texts).as_bytes().to_vec();
        for change in &changes {
            apply(&mut text, change);
        }
        let codec = codec();
        let text = String::from_utf8_lossy(&text);
        let checked = codec.registry().check("broken", &text).is_ok();
        let registered = codec.registry().register_text("broken", &text).is_ok();
        prop_assert_eq!(checked, registered);
    }
}

const JSON: &str = r#"{"model":"m","messages":[{"role":"user","content":"c"},{"role":"system","content":""}],
    "temperature":0.5,"max_tokens":7,"shared":false}"#;

/// Whatever is cut off, of today's and of older versions, is missed: no record comes of a part of one.
#[test]
fn cut_bytes_are_errors() {
    for bytes in good_bytes(&CODEC) {
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert!(CODEC.to_json(cut).is_err());
            assert!(CODEC.decode::<WorkRow>(cut).is_err());
            assert!(CODEC.decode_state::<WorkRow>(cut).is_err());
            assert!(CODEC.decode::<ModelAnswer>(cut).is_err());
            assert!(CODEC.decode::<DeadLetter>(cut).is_err());
        }
    }
}

/// Attributes that apache-avro's canonical form stumbles over are no matter: ours does not look at them.
#[test]
fn odd_attributes_are_no_matter() {
    let codec = codec();
    for attribute in
        [r#""size":"big""#, r#""items":5"#, r#""values":null"#, r#""precision":{}"#, r#""symbols":1"#]
    {
        let text = format!(r#"{{"type":"record","name":"t.A","fields":[],{attribute}}}"#);
        codec.registry().register_text("A.avsc", &text).unwrap();
    }
}

/// A record of records, two of the one below in each, with a default for each or none.
fn doubled(levels: usize, default: &str) -> String {
    let lowest = r#"{"type":"record","name":"R0","fields":[]}"#.to_owned();
    (1..=levels).fold(lowest, |below, level| {
        let under = level - 1;
        format!(
            r#"{{"type":"record","name":"R{level}","fields":[{{"name":"a","type":{below}{default}}},{{"name":"b","type":"R{under}"{default}}}]}}"#
        )
    })
}

/// A few lines of schema that come to 2 to the power of 40 records without a byte, or as many defaults, are
/// refused at once; what stays within the bounds is read.
#[test]
fn records_that_double_end() {
    let codec = codec();
    let framed = |id: SchemaId| {
        let mut message = Vec::new();
        frame::begin(&mut message, id);
        message
    };
    let id = codec.registry().register_text("R.avsc", &doubled(40, "")).unwrap();
    let error = codec.to_json(&framed(id)).unwrap_err().to_string();
    assert!(error.contains("more than 100000 records without a byte"), "{error}");
    let small = codec.registry().register_text("R.avsc", &doubled(10, "")).unwrap();
    assert!(codec.to_json(&framed(small)).is_ok());
    let error =
        codec.registry().register_text("R.avsc", &doubled(30, r#","default":{}"#)).unwrap_err().to_string();
    assert!(error.contains("defaults come to more than 10000 values"), "{error}");
    assert!(codec.registry().register_text("R.avsc", &doubled(6, r#","default":{}"#)).is_ok());
    // One that stands for itself, without end; and a list, which ends at null.
    let field = |kind: &str, default: &str| {
        format!(
            r#"{{"type":"record","name":"S","fields":[{{"name":"s","type":{kind},"default":{default}}}]}}"#
        )
    };
    let error = codec.registry().register_text("S.avsc", &field("\"S\"", "{}")).unwrap_err().to_string();
    assert!(error.contains("defaults are nested deeper than 64 levels"), "{error}");
    assert!(codec.registry().register_text("S.avsc", &field(r#"["null","S"]"#, "null")).is_ok());
    // A message that leaves out more than any holds.
    let many = r#"{"type":"record","name":"M","fields":[{"name":"m","type":{"type":"array","items":
        {"type":"record","name":"I","fields":[{"name":"a","type":"int","default":1},{"name":"b","type":"int","default":2}]}}}]}"#;
    codec.registry().register_text("M.avsc", many).unwrap();
    let json = |count: usize| Bytes::from(format!(r#"{{"m":[{}{{}}]}}"#, "{},".repeat(count)));
    assert!(codec.read_message("M", &json(1_000)).is_ok());
    let error = codec.read_message("M", &json(500_000)).unwrap_err().to_string();
    assert!(error.contains("defaults come to more than 1000000 values"), "{error}");
}
