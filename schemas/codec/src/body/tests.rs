//! The walk before reading: what it lets through and what not.

use super::*;

fn outcome(fields: &str, body: &[u8]) -> String {
    let text = format!(r#"{{"type":"record","name":"t.R","fields":[{fields}]}}"#);
    let schema = KnownSchema::parse("R", &text).unwrap();
    match check(&schema, body) {
        Ok(()) => "ok".to_owned(),
        Err(Error::Malformed { path, problem, .. }) => format!("{path}: {problem}"),
        Err(other) => other.to_string(),
    }
}

/// Each type's bytes pass when whole and right, and the first flaw is named with its path.
#[test]
fn types_are_walked() {
    let check = |kind: &str, body: &[u8], expected: &str| {
        let found = outcome(&format!(r#"{{"name":"a","type":{kind}}}"#), body);
        assert!(found.starts_with(expected), "{kind} {body:?}: {found}");
    };
    check("\"null\"", &[], "ok");
    check("\"boolean\"", &[1], "ok");
    check("\"boolean\"", &[2], "a: 2 is no boolean");
    check("\"int\"", &[0xff, 0xff, 0xff, 0xff, 0x0f], "ok");
    check("\"int\"", &[0x80, 0x80, 0x80, 0x80, 0x10], "a: no int is that large");
    check("\"long\"", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "ok");
    check("\"long\"", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], "a: no long is that large");
    check("\"long\"", &[0x80; 11], "a: no long is that large");
    check("\"long\"", &[0x80; 4], "a: the bytes end before the long does");
    check("\"float\"", &[0; 4], "ok");
    check("\"double\"", &[0; 7], "a: the bytes end before the double does");
    check("\"bytes\"", &[4, 0, 0xff], "ok");
    check("\"bytes\"", &[1], "a: a length of -1 does not fit");
    check("\"string\"", &[6, 1], "a: a length of 3 does not fit");
    check("\"string\"", &[2, 0xff], "a: the string is not UTF-8");
    check(r#"{"type":"long","logicalType":"timestamp-millis"}"#, &[2], "ok");
    check(r#"{"type":"string","logicalType":"uuid"}"#, &[2, 0xff], "a: the string is not UTF-8");
    check(r#"{"type":"bytes","logicalType":"decimal","precision":4}"#, &[2, 0xff], "ok");
    check(r#"{"type":"fixed","name":"F","size":3}"#, &[1, 2], "a: the bytes end before the fixed does");
    check(r#"{"type":"enum","name":"E","symbols":["x","y"]}"#, &[2], "ok");
    check(r#"{"type":"enum","name":"E","symbols":["x","y"]}"#, &[4], "a: there is no symbol number 2");
    check(r#"["null","int"]"#, &[0], "ok");
    check(r#"["null","int"]"#, &[1], "a: there is no branch number -1");
    check("\"int\"", &[2, 2], "read t.R: 1 bytes are left after its end");
}

/// Arrays and maps, in one block or several, with and without the size of a block.
#[test]
fn blocks_are_walked() {
    let check = |kind: &str, body: &[u8], expected: &str| {
        let found = outcome(&format!(r#"{{"name":"a","type":{kind}}}"#), body);
        assert_eq!(found, expected, "{kind} {body:?}");
    };
    let array = r#"{"type":"array","items":"int"}"#;
    check(array, &[0], "ok");
    check(array, &[4, 2, 4, 2, 6, 0], "ok");
    check(array, &[3, 4, 2, 4, 0], "ok");
    check(array, &[3, 6, 2, 4, 0], "a: a block claims 3 bytes but its items take 2");
    check(array, &[4, 2, 4], "a: the bytes end before the array or map does");
    check(array, &[4, 2, 0x80], "a[1]: the bytes end before the int does");
    check(
        array,
        &[0xfe, 0xff, 0xff, 0xff, 0x0f, 2],
        "a: a block claims 2147483647 items, more than there are bytes",
    );
    let map = r#"{"type":"map","values":{"type":"array","items":"boolean"}}"#;
    check(map, &[2, 2, b'k', 2, 1, 0, 0], "ok");
    check(map, &[2, 2, b'k', 2, 7, 0, 0], "a[\"k\"][0]: 7 is no boolean");
}

/// Nulls take no bytes, so a few bytes could claim any number of them: refused, also at the most negative
/// count, whose size cannot be negated.
#[test]
fn items_without_bytes_are_bounded() {
    let nulls = r#"{"name":"a","type":{"type":"array","items":"null"}}"#;
    assert_eq!(outcome(nulls, &[4, 0]), "ok");
    let claims_many = outcome(nulls, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0]);
    assert!(claims_many.contains("claims 9223372036854775807 items"), "{claims_many}");
    let most_negative = outcome(nulls, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0]);
    assert!(most_negative.contains("claims 9223372036854775808 items"), "{most_negative}");
}

/// A record that holds itself is read as deep as the bound, and no deeper.
#[test]
fn depth_is_bounded() {
    let list = r#"{"name":"next","type":["null","R"]}"#;
    // Each level is a record and a union.
    let nested = |levels: usize| outcome(list, &[vec![2; levels], vec![0]].concat());
    assert_eq!(nested(DEPTH_MAX / 2 - 1), "ok");
    assert!(nested(DEPTH_MAX / 2).ends_with("nested deeper than 64 levels"), "{}", nested(DEPTH_MAX / 2));
    assert!(nested(1_000_000).ends_with("nested deeper than 64 levels"));
}
