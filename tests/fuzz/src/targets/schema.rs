//! Schemas that somebody else wrote, two versions of one record, and a message by the older: as a team's
//! folder and a registry bring them.

use schemas_codec::{Codec, Registry, frame};

use crate::bytes::{joined, parts};

/// Parts: an older schema, a newer one, the body of a message, JSON.
pub(super) fn run(bytes: &[u8]) {
    let parts = parts(bytes);
    let Ok(registry) = Registry::new() else { return };
    let codec = Codec::new(registry);
    let mut known = Vec::new();
    for text in parts.iter().take(2) {
        let text = String::from_utf8_lossy(text);
        let checked = codec.registry().check("a schema", &text);
        match codec.registry().register_text("a schema", &text) {
            Ok(id) => {
                assert!(checked.is_ok(), "what could be registered was said not to be: {checked:?}");
                known.push(id);
            }
            Err(error) => drop(error.to_string()),
        }
    }
    let body = parts.get(2).copied().unwrap_or_default();
    for id in known {
        let Ok(schema) = codec.registry().schema(id) else { continue };
        let mut message = Vec::new();
        frame::begin(&mut message, id);
        message.extend_from_slice(body);
        let _ = codec.to_json(&message);
        let _ = codec.read_message(schema.name(), &message.into());
        let json = parts.get(3).copied().unwrap_or_default().to_vec();
        if let Ok(taken) = codec.read_message(schema.name(), &json.into()) {
            let shown = codec.to_json(&taken);
            assert!(shown.is_ok(), "what was taken cannot be shown: {shown:?}");
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let folder = super::project().join("schemas/avro");
    let text = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
    let body = |name: &str| text(&format!("golden/{name}")).get(frame::FRAME_BYTES..).map(<[u8]>::to_vec);
    let body = |name: &str| body(name).unwrap_or_default();
    let tree = br#"{"type":"record","name":"Tree","fields":[{"name":"leaves","type":{"type":"map","values":"Tree"}}]}"#;
    let odd = br#"{"type":"record","name":"a.Odd","fields":[
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"},"default":"B"},
        {"name":"f","type":{"type":"fixed","name":"F","size":4}},
        {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
        {"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"u","type":["null",{"type":"string","logicalType":"uuid"}],"default":null}]}"#;
    let doubled = doubled();
    vec![
        joined(&[&doubled, &doubled, b"", br#"{"a":{},"b":{}}"#]),
        joined(&[&text("Failure.v1.avsc"), &text("Failure.avsc"), &body("Failure.v1.bin"), b"{}"]),
        joined(&[
            &text("ModelAnswer.v1.avsc"),
            &text("ModelAnswer.avsc"),
            &body("ModelAnswer.v1.bin"),
            b"{}",
        ]),
        joined(&[tree, tree, b"\x02\x02a\x00\x00", br#"{"leaves":{"a":{"leaves":{}}}}"#]),
        joined(&[
            odd,
            odd,
            b"\x02abcd\x04\x01\x02\x0e\x00",
            br#"{"e":"A","f":"abcd","d":"a","t":7,"u":null}"#,
        ]),
    ]
}

/// Records of records, two of the one below in each: 2 to the power of 60 values in a body of no bytes.
fn doubled() -> Vec<u8> {
    let fields = |level: usize, first: &str| {
        format!(
            r#"{{"type":"record","name":"R{level}","fields":[{{"name":"a","type":{first}}},{{"name":"b","type":"R{}"}}]}}"#,
            level - 1
        )
    };
    let lowest = r#"{"type":"record","name":"R0","fields":[]}"#.to_owned();
    (1..=60).fold(lowest, |below, level| fields(level, &below)).into_bytes()
}
