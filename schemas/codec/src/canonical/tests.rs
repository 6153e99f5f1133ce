//! Canonical forms and fingerprints.

use apache_avro::rabin::Rabin;

use super::*;
use crate::registry::Registry;

/// The fingerprints that Avro's own tests list (`schema-tests.txt`).
#[test]
fn fingerprints_of_the_specification() {
    let check = |json: &str, expected: i64| {
        let schema = Schema::parse_str(json).unwrap();
        assert_eq!(fingerprint(&form(&schema)) as i64, expected, "{json}");
    };
    check("\"null\"", 7_195_948_357_588_979_594);
    check("\"boolean\"", -6_970_731_678_124_411_036);
    check("\"int\"", 8_247_732_601_305_521_295);
    check("\"long\"", -3_434_872_931_120_570_953);
    check("\"float\"", 5_583_340_709_985_441_680);
    check("\"double\"", -8_181_574_048_448_539_266);
    check("\"bytes\"", 5_746_618_253_357_095_269);
    check("\"string\"", -8_142_146_995_180_207_161);
}

/// apache-avro's canonical form and fingerprint are the same for every schema of the runtime.
#[test]
fn the_library_agrees() {
    let registry = Registry::new().unwrap();
    for name in registry.names() {
        for schema in registry.versions(&name) {
            assert_eq!(schema.canonical(), schema.avro().canonical_form());
            let theirs = schema.avro().fingerprint::<Rabin>().bytes;
            assert_eq!(schema.fingerprint().to_le_bytes().as_slice(), theirs);
        }
    }
}

/// What does not change the bytes does not change the form; what does, does.
#[test]
fn only_what_is_written_counts() {
    let plain = r#"{"type":"record","name":"a.B","fields":[{"name":"x","type":"long"},
        {"name":"y","type":["null",{"type":"enum","name":"E","symbols":["p","q"]}]},
        {"name":"z","type":{"type":"map","values":{"type":"array","items":"a.E"}}},
        {"name":"f","type":{"type":"fixed","name":"F","size":4}}]}"#;
    let adorned = r#"{"type":"record","name":"B","namespace":"a","doc":"d","size":"odd","fields":[
        {"name":"x","type":{"type":"long","logicalType":"timestamp-millis"},"default":3},
        {"name":"y","type":["null",{"type":"enum","name":"E","symbols":["p","q"],"default":"q"}],"default":null},
        {"name":"z","type":{"type":"map","values":{"type":"array","items":"E"}}},
        {"name":"f","type":{"type":"fixed","name":"F","size":4,"aliases":["G"]}}]}"#;
    let parse = |json: &str| form(&Schema::parse_str(json).unwrap());
    let expected = concat!(
        r#"{"name":"a.B","type":"record","fields":[{"name":"x","type":"long"},"#,
        r#"{"name":"y","type":["null",{"name":"a.E","type":"enum","symbols":["p","q"]}]},"#,
        r#"{"name":"z","type":{"type":"map","values":{"type":"array","items":"a.E"}}},"#,
        r#"{"name":"f","type":{"name":"a.F","type":"fixed","size":4}}]}"#,
    );
    assert_eq!(parse(plain), expected);
    assert_eq!(parse(adorned), expected);
    for changed in [
        plain.replace("a.B", "a.C"),
        plain.replace("\"x\"", "\"w\""),
        plain.replace("long", "int"),
        plain.replace("\"p\",\"q\"", "\"q\",\"p\""),
        plain.replace(":4", ":5"),
    ] {
        assert_ne!(parse(&changed), expected, "{changed}");
    }
}
