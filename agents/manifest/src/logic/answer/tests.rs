//! JSON is found in what models write around it.

use std::sync::Arc;

use schemas_codec::KnownSchema;

use super::{form, object};

/// The first object that can be read counts, fenced ones before bare ones; everything else is a sentence.
#[test]
fn objects_are_found() {
    let check = |text: &str, expected: Result<&str, &str>| {
        let found = object(text).map(|value| value.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text:?}");
    };
    check(r#"{"a":1}"#, Ok(r#"{"a":1}"#));
    check("Sure!\n```json\n{\"a\": [1, 2]}\n```\nAnything else?", Ok(r#"{"a":[1,2]}"#));
    check("```\n{\"a\":{}}```", Ok(r#"{"a":{}}"#));
    check("In short, {\"a\": \"b}\"}.", Ok(r#"{"a":"b}"}"#));
    check("{not this} but {\"a\": 1} and {\"b\": 2}", Ok(r#"{"a":1}"#));
    check("like {\"b\":2}:\n```json\n{\"a\":1}\n```", Ok(r#"{"a":1}"#));
    check("```text\nno\n```\n{\"a\":1}", Ok(r#"{"a":1}"#));
    check("", Err("it is empty"));
    check(" \n", Err("it is empty"));
    check("I cannot do that.", Err("it holds no JSON object; it begins with \"I cannot do that.\""));
    check("[1, 2]", Err("it holds no JSON object; it begins with \"[1, 2]\""));
    check(
        "{\"a\": 1",
        Err("it holds no JSON object that can be read: EOF while parsing an object at line 1 column 7"),
    );
    let deep = "{\"a\":".repeat(500);
    assert!(object(&deep).unwrap_err().contains("recursion limit"), "nesting is bounded");
    let many = "{".repeat(100_000);
    assert!(object(&many).is_err(), "the search is bounded");
}

/// A form names every field and says what it takes.
#[test]
fn forms_are_told() {
    let schema = r#"{"type":"record","name":"Plan","fields":[
        {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["short","long"]}},
        {"name":"subjects","type":{"type":"array","items":"string"}},
        {"name":"share","type":["null","double"]},
        {"name":"sure","type":"boolean"},
        {"name":"by","type":{"type":"map","values":"long"}},
        {"name":"next","type":["null","Plan"]}]}"#;
    let schema = Arc::new(KnownSchema::parse("Plan", schema).unwrap());
    let form = form(&schema);
    let expected = r#"{"kind": "short" or "long", "subjects": [text, ...], "share": null or number, "sure": true or false, "by": {text: whole number, ...}, "next": null or {"kind""#;
    assert!(form.starts_with(expected), "{form}");
    assert!(form.len() < 1_000, "a record that holds itself ends");
}
