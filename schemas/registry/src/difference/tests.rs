//! Each kind of change, and how it is said.

use super::*;

const THERE: &str = r#"{"type":"record","name":"t.Plan","fields":[
    {"name":"title","type":"string"},
    {"name":"steps","type":{"type":"array","items":{"type":"record","name":"Step","fields":[
        {"name":"text","type":"string"},{"name":"next","type":["null","Step"],"default":null}]}}},
    {"name":"tone","type":{"type":"enum","name":"Tone","symbols":["calm","keen"]}}]}"#;

fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(THERE.contains(from), "{from}");
    let parse = |text: &str| KnownSchema::parse("a test", text).unwrap();
    let here = parse(&THERE.replace(from, to));
    let said: Vec<String> = difference(&parse(THERE), &here).iter().map(ToString::to_string).collect();
    assert_eq!(said, expected, "{from} -> {to}");
}

/// A difference names the field, what is there and what is here; and nothing else.
#[test]
fn differences_are_said_field_by_field() {
    check("calm", "calm", &[]);
    check(r#"{"name":"title","type":"string"},"#, "", &["- title: string is gone here"]);
    check(
        r#"{"name":"title","#,
        r#"{"name":"year","type":"int"},{"name":"title","#,
        &["+ year: int is new here"],
    );
    check(r#""title","type":"string""#, r#""title","type":"bytes""#, &["~ title: string there, bytes here"]);
    check(
        r#""text","type":"string""#,
        r#""text","type":"string","default":"x""#,
        &["~ steps[].text: string there, string (default \"x\") here"],
    );
    check(
        r#""keen""#,
        r#""brisk""#,
        &["~ tone: the enum t.Tone (calm, keen) there, the enum t.Tone (calm, brisk) here"],
    );
    check("t.Plan", "t.Scheme", &["~ (record): t.Plan there, t.Scheme here"]);
}

/// Of a record that is gone or new, its fields are not told besides.
#[test]
fn whole_records_are_told_once() {
    let steps = THERE.split(r#"{"name":"steps""#).nth(1).unwrap().split(r#"{"name":"tone""#).next().unwrap();
    let steps = format!(r#"{{"name":"steps"{steps}"#);
    check(&steps, "", &["- steps: a list of the record t.Step is gone here"]);
}
