//! JSON against a schema: what fits, and how each misfit is named.

use bytes::Bytes;

use super::*;
use crate::{Codec, Registry};

/// A task as a team might define it, with one field of each kind.
const TASK: &str = r#"{"type":"record","name":"t.Task","fields":[
    {"name":"question","type":"string"},
    {"name":"plan","type":{"type":"record","name":"Plan","fields":[
        {"name":"headcount","type":"int"},
        {"name":"wage","type":"float","default":1.5},
        {"name":"months","type":{"type":"array","items":"int"},"default":[1,2]}]}},
    {"name":"sector","type":{"type":"enum","name":"Sector","symbols":["healthcare","retail"]},"default":"retail"},
    {"name":"limits","type":{"type":"map","values":"long"},"default":{}},
    {"name":"note","type":["null","string"],"default":null},
    {"name":"backup","type":["null","Plan"],"default":null},
    {"name":"share","type":"double","default":0},
    {"name":"strict","type":"boolean","default":true},
    {"name":"raw","type":"bytes","default":"ab"},
    {"name":"either","type":["null","int","long"],"default":null},
    {"name":"nothing","type":"null","default":null}]}"#;

fn codec() -> Codec {
    let codec = Codec::new(Registry::new().unwrap());
    codec.registry().register_text("Task.avsc", TASK).unwrap();
    codec
}

fn accept(codec: &Codec, text: &str) -> Result<Value, Error> {
    let framed = codec.read_message("t.Task", &Bytes::copy_from_slice(text.as_bytes()))?;
    codec.to_json(&framed)
}

/// What fits comes back with every default, in the schema's order, whatever the order it came in.
#[test]
fn what_fits_is_completed() {
    let codec = codec();
    let check = |text: &str, expected: &str| {
        assert_eq!(accept(&codec, text).unwrap().to_string(), expected);
    };
    check(
        r#"{"plan":{"headcount":3},"question":"hire?"}"#,
        concat!(
            r#"{"question":"hire?","plan":{"headcount":3,"wage":1.5,"months":[1,2]},"sector":"retail","#,
            r#""limits":{},"note":null,"backup":null,"share":0.0,"strict":true,"raw":"ab","either":null,"#,
            r#""nothing":null}"#
        ),
    );
    check(
        r#"{"question":"\u00fc \"q\"","plan":{"months":[],"wage":0.1,"headcount":-2147483648},
            "sector":"healthcare","limits":{"b":9223372036854775807,"a":-9223372036854775808},"note":"n",
            "backup":{"headcount":1},"share":-0.25,"strict":false,"either":null}"#,
        concat!(
            r#"{"question":"ü \"q\"","plan":{"headcount":-2147483648,"wage":0.1,"months":[]},"#,
            r#""sector":"healthcare","limits":{"a":-9223372036854775808,"b":9223372036854775807},"note":"n","#,
            r#""backup":{"headcount":1,"wage":1.5,"months":[1,2]},"share":-0.25,"strict":false,"raw":"ab","#,
            r#""either":null,"nothing":null}"#
        ),
    );
}

/// Each misfit is an error of its kind, with its path and what would do.
#[test]
fn misfits_are_named() {
    let codec = codec();
    let check = |text: &str, expected: &str| {
        let error = accept(&codec, text).unwrap_err();
        assert!(matches!(error, Error::Json { .. }), "{text}: {error}");
        assert_eq!(error.to_string(), format!("read t.Task from JSON: {expected}"), "{text}");
    };
    let plan = |inner: &str| format!(r#"{{"question":"q","plan":{inner}}}"#);
    check(&plan(r#"{"headcount":"three"}"#), "plan.headcount: expected int, found \"three\"");
    check(&plan(r#"{"headcount":3.5}"#), "plan.headcount: expected int, found 3.5");
    check(&plan(r#"{"headcount":null}"#), "plan.headcount: expected int, found null");
    check(&plan(r#"{"headcount":{}}"#), "plan.headcount: expected int, found an object");
    check(&plan(r#"{"headcount":2147483648}"#), "plan.headcount: 2147483648 is out of range for int");
    check(&plan(r#"{"headcount":1e300}"#), "plan.headcount: 1e+300 is out of range for int");
    check(&plan(r#"{"headcount":1,"wage":1e39}"#), "plan.wage: 1e+39 is out of range for float");
    check(&plan(r#"{"headcount":1,"months":[1,"2"]}"#), "plan.months[1]: expected int, found \"2\"");
    check(&plan(r#"{"headcount":1,"months":{}}"#), "plan.months: expected array of int, found an object");
    check(&plan("{}"), "plan.headcount: missing field, expected int");
    check(&plan("[]"), "plan: expected record t.Plan, found an array");
    check(
        &plan(r#"{"headcout":3}"#),
        "plan.headcout: unknown field; did you mean headcount? allowed: headcount, wage, months",
    );
    check(r#"{"question":"q"}"#, "plan: missing field, expected record t.Plan");

    let field = |extra: &str| format!(r#"{{"question":"q","plan":{{"headcount":1}},{extra}}}"#);
    check(
        &field(r#""sector":"helthcare""#),
        "sector: unknown symbol \"helthcare\"; did you mean healthcare? allowed: healthcare, retail",
    );
    check(&field(r#""sector":1"#), "sector: expected enum t.Sector, found 1");
    check(&field(r#""limits":{"a b":"x"}"#), "limits[\"a b\"]: expected long, found \"x\"");
    check(
        &field(r#""limits":{"a":18446744073709551615}"#),
        "limits[\"a\"]: 18446744073709551615 is out of range for long",
    );
    check(&field(r#""note":7"#), "note: expected null or string, found 7");
    check(&field(r#""note":{"string":"tagged"}"#), "note: expected null or string, found an object");
    check(&field(r#""backup":{"headcount":true}"#), "backup.headcount: expected int, found true");
    check(&field(r#""strict":"yes""#), "strict: expected boolean, found \"yes\"");
    check(&field(r#""raw":"YWI=""#), "raw: bytes cannot be sent as JSON; send this record as Avro");
    check(
        &field(r#""either":5"#),
        "either: JSON cannot tell which of null or int or long is meant; send this record as Avro",
    );
    check(&field(r#""nothing":0"#), "nothing: expected null, found 0");
    let long = "x".repeat(1_000);
    check(
        &field(&format!("\"strict\":\"{long}\"")),
        &format!("strict: expected boolean, found \"{}\"...", &long[..40]),
    );
}

/// A map's bytes do not depend on the order its keys came in.
#[test]
fn maps_are_written_in_order() {
    let codec = codec();
    let framed = |limits: &str| {
        let text = format!(r#"{{"question":"q","plan":{{"headcount":1}},"limits":{limits}}}"#);
        codec.read_message("t.Task", &Bytes::from(text)).unwrap()
    };
    assert_eq!(framed(r#"{"a":1,"b":2,"c":3}"#), framed(r#"{"c":3,"a":1,"b":2}"#));
}

/// Nesting is bounded, by the schema's walk and before that by the parser; a million brackets are an error.
#[test]
fn nesting_is_bounded() {
    let codec = codec();
    let tree = r#"{"type":"record","name":"t.Tree","fields":[{"name":"of","type":{"type":"array","items":"Tree"}}]}"#;
    codec.registry().register_text("Tree.avsc", tree).unwrap();
    let nested = |levels: usize| {
        let text = [r#"{"of":["#.repeat(levels), "]}".repeat(levels)].concat();
        codec.read_message("t.Tree", &Bytes::from(text))
    };
    let deep = nested(30).unwrap();
    assert_eq!(codec.to_json(&deep).unwrap().to_string().matches("of").count(), 30);
    assert!(matches!(nested(40).unwrap_err(), Error::Json { problem: Problem::TooDeep, .. }));
    let error = nested(1_000_000).unwrap_err();
    assert!(matches!(error, Error::NotJson { .. }), "{error}");
    assert!(error.to_string().contains("recursion limit exceeded"), "{error}");
}

/// Numbers that JSON does not have are shown as text; a float with its own digits.
#[test]
fn odd_numbers_are_shown() {
    let codec = Codec::new(Registry::new().unwrap());
    let schema = r#"{"type":"record","name":"t.N","fields":[{"name":"f","type":"float"},{"name":"d","type":"double"}]}"#;
    let id = codec.registry().register_text("N.avsc", schema).unwrap();
    let check = |float: f32, double: f64, expected: &str| {
        let mut bytes = Vec::new();
        crate::frame::begin(&mut bytes, id);
        bytes.extend_from_slice(&float.to_le_bytes());
        bytes.extend_from_slice(&double.to_le_bytes());
        assert_eq!(codec.to_json(&bytes).unwrap().to_string(), expected);
    };
    check(0.1, 0.1, r#"{"f":0.1,"d":0.1}"#);
    check(f32::NAN, f64::NAN, r#"{"f":"NaN","d":"NaN"}"#);
    check(f32::INFINITY, f64::NEG_INFINITY, r#"{"f":"Infinity","d":"-Infinity"}"#);
}
