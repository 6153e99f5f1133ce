//! What is written out, where, and what stops.

use schemas_codec::KnownSchema;

use super::*;

const CUSTOMER: &str = r#"{"type":"record","name":"Customer","namespace":"a","fields":[
    {"name":"id","type":"long"},{"name":"place","type":"b.Address"}]}"#;
const ADDRESS: &str = r#"{"type":"record","name":"Address","namespace":"b","fields":[
    {"name":"street","type":"string"},{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["home"]}}]}"#;
/// In no namespace, and referring to itself.
const BARE: &str = r#"{"type":"record","name":"Bare","fields":[{"name":"more","type":["null","Bare"]}]}"#;

fn check(text: &str, referred: &[(&str, &str)], expected: &str) {
    let referred: Vec<_> =
        referred.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let whole = inline(text, &referred).unwrap();
    let schema = KnownSchema::parse("whole", &whole).unwrap_or_else(|error| panic!("{whole}: {error}"));
    assert_eq!(schema.canonical(), expected);
}

/// Names full and short, at first and again, through two schemas, from the null namespace and in it.
#[test]
fn references_are_written_out() {
    let address = r#"{"name":"b.Address","type":"record","fields":[{"name":"street","type":"string"},{"name":"kind","type":{"name":"b.Kind","type":"enum","symbols":["home"]}}]}"#;
    let customer = format!(
        r#"{{"name":"a.Customer","type":"record","fields":[{{"name":"id","type":"long"}},{{"name":"place","type":{address}}}]}}"#
    );
    check(
        r#"{"type":"record","name":"a.Order","fields":[{"name":"by","type":"a.Customer"},
            {"name":"for","type":["null",{"type":"array","items":"Customer"}]},{"name":"kind","type":"b.Kind"}]}"#,
        &[("a.Customer", CUSTOMER), ("b.Address", ADDRESS)],
        &format!(
            r#"{{"name":"a.Order","type":"record","fields":[{{"name":"by","type":{customer}}},{{"name":"for","type":["null",{{"type":"array","items":"a.Customer"}}]}},{{"name":"kind","type":"b.Kind"}}]}}"#
        ),
    );
    check(
        r#"{"type":"record","name":"R","fields":[{"name":"at","type":{"type":"map","values":"b.Address"}}]}"#,
        &[("some/file.avsc", ADDRESS)],
        &format!(
            r#"{{"name":"R","type":"record","fields":[{{"name":"at","type":{{"type":"map","values":{address}}}}}]}}"#
        ),
    );
    check(
        r#"{"type":"record","name":"R","fields":[{"name":"bare","type":"Bare"},{"name":"again","type":"Bare"}]}"#,
        &[("Bare", BARE)],
        r#"{"name":"R","type":"record","fields":[{"name":"bare","type":{"name":"Bare","type":"record","fields":[{"name":"more","type":["null","Bare"]}]}},{"name":"again","type":"Bare"}]}"#,
    );
}

/// A definition in no namespace stays in none, wherever it is written out.
#[test]
fn no_namespace_stays_none() {
    check(
        r#"{"type":"record","name":"a.R","fields":[{"name":"bare","type":["null","Bare"]},{"name":"own","type":{"type":"fixed","name":"F","size":2}}]}"#,
        &[("Bare", BARE)],
        r#"{"name":"a.R","type":"record","fields":[{"name":"bare","type":["null",{"name":"Bare","type":"record","fields":[{"name":"more","type":["null","Bare"]}]}]},{"name":"own","type":{"name":"a.F","type":"fixed","size":2}}]}"#,
    );
}

/// A name that nobody defines stays, and the parser says which; two that define each other come to an end.
#[test]
fn what_is_missing_or_circular_ends() {
    let whole = inline(r#"{"type":"record","name":"R","fields":[{"name":"a","type":"x.Y"}]}"#, &[]).unwrap();
    assert!(KnownSchema::parse("whole", &whole).unwrap_err().to_string().contains("x.Y"));
    let one = r#"{"type":"record","name":"One","fields":[{"name":"two","type":["null","Two"]}]}"#;
    let two = r#"{"type":"record","name":"Two","fields":[{"name":"one","type":["null","One"]}]}"#;
    check(
        one,
        &[("Two", two), ("One", one)],
        r#"{"name":"One","type":"record","fields":[{"name":"two","type":["null",{"name":"Two","type":"record","fields":[{"name":"one","type":["null","One"]}]}]}]}"#,
    );
    let deep: Vec<(String, String)> = (0..200)
        .map(|at| {
            let text = format!(
                r#"{{"type":"record","name":"D{at}","fields":[{{"name":"d","type":"D{}"}}]}}"#,
                at + 1
            );
            (format!("D{at}"), text)
        })
        .collect();
    assert!(inline(&deep[0].1, &deep).unwrap_err().contains("nested deeper than 128"));
    assert!(inline("{", &[]).unwrap_err().contains("no JSON"));
    assert!(inline("{}", &[("N".into(), "}".into())]).unwrap_err().contains("what it calls N is no JSON"));
}

/// Forty that refer twice to the next, and have no names of their own to be referred to again, are refused
/// before they are written out.
#[test]
fn what_doubles_ends() {
    let twice = |at: usize| (format!("n{at}"), format!(r#"["n{0}","n{0}"]"#, at + 1));
    let referred: Vec<(String, String)> = (0..40).map(twice).collect();
    let error = inline(r#"["n0"]"#, &referred).unwrap_err();
    assert!(error.contains("more than 100000 types"), "{error}");
}
