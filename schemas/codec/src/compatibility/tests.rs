//! Which changes of a schema are allowed, and how the others are named.

use super::*;

fn record(fields: &str) -> KnownSchema {
    let text = format!(r#"{{"type":"record","name":"t.R","fields":[{fields}]}}"#);
    KnownSchema::parse("R", &text).unwrap()
}

/// Changes that keep old records readable.
#[test]
fn allowed_changes() {
    let check = |older: &str, newer: &str| {
        assert!(super::check(&record(older), &record(newer)).is_ok(), "{older} -> {newer}");
    };
    let a = r#"{"name":"a","type":"int"}"#;
    check(a, a);
    // A new field with a default, a field left out, fields in another order, a wider number.
    check(a, r#"{"name":"b","type":"string","default":""},{"name":"a","type":"int"}"#);
    check(r#"{"name":"a","type":"int"},{"name":"b","type":"string"}"#, a);
    check(a, r#"{"name":"a","type":"long"}"#);
    check(a, r#"{"name":"a","type":["null","int"],"default":null}"#);
    // An enum grows; it loses a symbol but has a default.
    check(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["x"]}}"#,
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["y","x"]}}"#,
    );
    check(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["x","y"]}}"#,
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["u","x"],"default":"u"}}"#,
    );
    // A type moves to another place of the text: spelled out here, referred to there.
    check(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["x"]}}"#,
        r#"{"name":"d","type":{"type":"enum","name":"E","symbols":["x"]},"default":"x"},{"name":"e","type":"E"}"#,
    );
    // A record that holds itself grows.
    check(
        r#"{"name":"next","type":["null","R"]}"#,
        r#"{"name":"next","type":["null","R"]},{"name":"a","type":"int","default":0}"#,
    );
}

/// Changes after which old records could not be read, each named by its field.
#[test]
fn refused_changes_are_named() {
    let check = |older: &str, newer: &str, expected: &str| {
        let error = super::check(&record(older), &record(newer)).unwrap_err().to_string();
        assert!(error.contains(expected), "{older} -> {newer}: {error}");
        assert!(error.starts_with("register t.R: it cannot read what schema "), "{error}");
    };
    let a = r#"{"name":"a","type":"long"}"#;
    // The older version lacks a field that the newer one needs.
    check(
        a,
        r#"{"name":"a","type":"long"},{"name":"b","type":"int"}"#,
        "b: the older version does not have this field",
    );
    check(
        a,
        r#"{"name":"c","aliases":["a"],"type":"long"}"#,
        "c: the older version does not have this field",
    );
    check(a, r#"{"name":"a","type":"int"}"#, "a: the older version's long cannot be read as int");
    check(a, r#"{"name":"a","type":"string"}"#, "a: the older version's long cannot be read as string");
    check(r#"{"name":"a","type":["null","long"]}"#, a, "a: the older version's null cannot be read as long");
    check(
        r#"{"name":"a","type":["null","string","long"]}"#,
        r#"{"name":"a","type":["null","string"]}"#,
        "a: the union has no branch for the older version's long",
    );
    check(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["x","y"]}}"#,
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["y"]}}"#,
        "e: the enum E has lost the symbol x",
    );
    check(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["x"]}}"#,
        r#"{"name":"e","type":{"type":"enum","name":"F","symbols":["x"]}}"#,
        "e: E is now called F",
    );
    check(
        r#"{"name":"f","type":{"type":"fixed","name":"F","size":4}}"#,
        r#"{"name":"f","type":{"type":"fixed","name":"F","size":5}}"#,
        "f: the older version's fixed cannot be read as fixed",
    );
    // Deep inside: the path leads there.
    let nested = |inner: &str| {
        format!(
            r#"{{"name":"list","type":{{"type":"array","items":["null",{{"type":"record","name":"In","fields":[
            {{"name":"by","type":{{"type":"map","values":{{"type":"record","name":"Leaf","fields":[{inner}]}}}}}}]}}]}}}}"#
        )
    };
    check(
        &nested(""),
        &nested(r#"{"name":"x","type":"int"}"#),
        "list.by.x: the older version does not have this field",
    );
}

/// A version whose field `top` is one of two records, each of one field that is one of two others, and so on down to
/// a number. They are defined in fields that only this version has, so that nothing is compared before `top`.
fn entangled(version: &str, levels: usize, lowest: &str) -> KnownSchema {
    let mut fields = String::new();
    for level in 0..levels {
        let below = match level.checked_sub(1) {
            None => format!("\"{lowest}\""),
            Some(below) => format!(r#"["x.R{below}","y.R{below}"]"#),
        };
        for space in ["x", "y"] {
            fields.push_str(&format!(
                r#"{{"name":"{version}_{space}{level}","default":null,"type":["null",
                {{"type":"record","name":"{space}.R{level}","fields":[{{"name":"f","type":{below}}}]}}]}},"#
            ));
        }
    }
    record(&format!(r#"{fields}{{"name":"top","type":["x.R{0}","y.R{0}"]}}"#, levels - 1))
}

/// Types that refer to each other in many ways are compared once, not once for each way; what takes too much all the
/// same is refused.
#[test]
fn entangled_types() {
    let check = |levels: usize, newer: &str, expected: Option<&str>| {
        let outcome = super::check(&entangled("a", levels, "long"), &entangled("b", levels, newer));
        let problem = outcome.err().map(|error| error.to_string());
        let is_expected = match (&problem, expected) {
            (Some(problem), Some(expected)) => problem.contains(expected),
            (problem, expected) => problem.is_none() && expected.is_none(),
        };
        assert!(is_expected, "{levels} levels, {newer}: {problem:?}");
    };
    check(3, "string", Some("top.f.f.f: the older version's long cannot be read as string"));
    check(3, "double", None);
    // Two to the power of sixty ways to fail.
    check(60, "string", Some("the older version's long cannot be read as string"));
    check(60, "double", None);
    check(300, "double", Some("its types refer to each other 256 deep"));
}
