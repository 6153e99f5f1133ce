//! What may be registered, and what is found again.

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Serialize, Deserialize)]
struct Note {
    text: String,
    stars: i32,
}

impl Message for Note {
    const NAME: &'static str = "t.Note";
    const SCHEMA: &'static str = NOTE_V2;
}

#[derive(Serialize, Deserialize)]
struct Misnamed {}

impl Message for Misnamed {
    const NAME: &'static str = "t.Other";
    const SCHEMA: &'static str = NOTE_V1;
}

const NOTE_V1: &str =
    r#"{"type":"record","name":"Note","namespace":"t","fields":[{"name":"text","type":"string"}]}"#;
const NOTE_V2: &str = r#"{"type":"record","name":"Note","namespace":"t","fields":[
    {"name":"text","type":"string"},{"name":"stars","type":"int","default":3}]}"#;

/// Ids come from the schema alone: they are these numbers in every process, build and version. (Golden
/// files hold the ids of the runtime's own.) All fit the signed numbers of other clients.
#[test]
fn ids_are_stable() {
    let registry = Registry::new().unwrap();
    assert_eq!(registry.register_text("Note.v1.avsc", NOTE_V1).unwrap(), SchemaId(443_399_571));
    assert_eq!(registry.register::<Note>().unwrap(), SchemaId(2_125_455_265));
    for name in registry.names() {
        for schema in registry.versions(&name) {
            assert!(i32::try_from(schema.id().0).is_ok(), "{schema:?}");
            assert_eq!(registry.schema(schema.id()).unwrap().name(), name);
        }
    }
}

/// A schema is registered once however often it is given, under its own record's name; a type finds its
/// own, and the newest version is the last one.
#[test]
fn versions_are_kept_in_order() {
    let registry = Registry::new().unwrap();
    let first = registry.register_text("Note.v1.avsc", NOTE_V1).unwrap();
    let second = registry.register::<Note>().unwrap();
    assert_ne!(first, second);
    assert_eq!(registry.register_text("again", NOTE_V1).unwrap(), first);
    assert_eq!(registry.register::<Note>().unwrap(), second);
    let ids: Vec<SchemaId> = registry.versions("t.Note").iter().map(|schema| schema.id()).collect();
    assert_eq!(ids, [first, second]);
    assert_eq!(registry.newest("t.Note").unwrap().id(), second);
    let fingerprint = registry.schema(first).unwrap().fingerprint();
    assert_eq!(registry.schema_of_fingerprint(fingerprint).unwrap().id(), first);
    assert_eq!(subject("demo.tasks", "t.Note"), "demo.tasks-t.Note");
}

/// The text that was registered last gives the defaults, if two texts are the same bytes; one that could
/// not read an earlier version is refused still.
#[test]
fn the_last_text_gives_the_defaults() {
    let registry = Registry::new().unwrap();
    registry.register_text("v1", NOTE_V1).unwrap();
    let id = registry.register_text("v2", NOTE_V2).unwrap();
    assert_eq!(registry.register_text("v2", &NOTE_V2.replace("3}", "4}")).unwrap(), id);
    assert_eq!(registry.versions("t.Note").len(), 2);
    let error = registry.register_text("v2", &NOTE_V2.replace(",\"default\":3", "")).unwrap_err();
    assert!(matches!(error, Error::Incompatible { .. }), "{error}");
}

/// Whatever is wrong with a schema has an error of its own, which names the schema and the place; and the
/// check alone says the same and registers nothing.
#[test]
fn wrong_schemas_are_refused() {
    let registry = Registry::new().unwrap();
    registry.register_text("Note.v1.avsc", NOTE_V1).unwrap();
    let before = format!("{registry:?}");
    let check = |json: &str, expected: &str| {
        let error = registry.register_text("X.avsc", json).unwrap_err().to_string();
        assert!(error.contains(expected), "{json}: {error}");
        assert_eq!(registry.check("X.avsc", json).unwrap_err().to_string(), error);
    };
    check("", "parse schema X.avsc: ");
    check("\"int\"", "it is a int, not a record");
    check(r#"{"type":"record","name":"R"}"#, "parse schema X.avsc: ");
    check(r#"{"type":"record","name":"R","fields":[{"name":"a","type":"Nowhere"}]}"#, "Nowhere");
    let field = |kind: &str, default: &str| {
        format!(
            r#"{{"type":"record","name":"t.R","fields":[{{"name":"a","type":{kind},"default":{default}}}]}}"#
        )
    };
    check(&field("\"int\"", "\"three\""), "parse schema X.avsc: ");
    // The library lets these pass and makes something else of them when it reads.
    check(&field(r#"["null","string"]"#, "\"x\""), "the default of R.a: expected null, found \"x\"");
    check(&field("\"bytes\"", "\"\u{e9}\""), "the default of R.a: expected ASCII text");
    check(&NOTE_V2.replace(",\"default\":3", ""), "register t.Note: it cannot read what schema");
    assert_eq!(format!("{registry:?}"), before);

    let error = registry.register::<Misnamed>().unwrap_err().to_string();
    assert!(error.contains("register t.Other: its schema is for t.Note"), "{error}");
}

/// A registry made anew knows the same by every name, without asking; what is registered with one, or said to one by
/// its authority, is unknown to the other.
#[test]
fn made_anew_it_knows_the_same() {
    #[derive(Debug)]
    struct Numbering;
    impl Authority for Numbering {
        fn id_of(&self, _: &KnownSchema) -> Result<SchemaId, String> {
            Ok(SchemaId(7))
        }
        fn text_of(&self, _: SchemaId) -> Result<String, String> {
            Err("nobody knows".into())
        }
    }
    let first = Registry::new().unwrap();
    first.register_text("Note.v1.avsc", NOTE_V1).unwrap();
    let id = first.register::<Note>().unwrap();
    assert!(first.entrust(Arc::new(Numbering)));
    assert_eq!(first.frame_id(&first.of_type::<Note>().unwrap()).unwrap(), SchemaId(7));

    let again = first.anew();
    assert_eq!(again.names(), first.names());
    assert_eq!(again.messages(), first.messages());
    for name in first.names() {
        assert_eq!(format!("{:?}", again.versions(&name)), format!("{:?}", first.versions(&name)));
    }
    let (theirs, ours) = (first.newest("t.Note").unwrap(), again.newest("t.Note").unwrap());
    assert_eq!(again.schema_of_fingerprint(theirs.fingerprint()).unwrap().id(), id);
    let same = [again.of_type::<Note>().unwrap(), again.schema(id).unwrap()];
    assert!(same.iter().all(|schema| Arc::ptr_eq(schema, &ours)), "one schema, whatever it is found by");
    assert_eq!(again.frame_id(&ours).unwrap(), id, "its own id, since nobody else has a say");
    assert!(again.schema(SchemaId(7)).is_err());
    again.register_text("Late", &NOTE_V1.replace("Note", "Late")).unwrap();
    assert!(first.newest("t.Late").is_err());
}

/// An id that another record has is refused by name. (Two real schemas with one id would have to be
/// searched for; here one is put in the other's place.)
#[test]
fn a_collision_is_refused() {
    let registry = Registry::new().unwrap();
    let note = KnownSchema::parse("Note", NOTE_V1).unwrap();
    let timer = registry.newest("tributary.Timer").unwrap();
    registry.write().by_id.insert(note.id(), timer);
    let error = registry.register_text("Note", NOTE_V1).unwrap_err();
    assert!(matches!(&error, Error::Collision { first, .. } if first == "tributary.Timer"), "{error}");
}

/// What is not known is an error that says so.
#[test]
fn unknown_schemas_are_errors() {
    let registry = Registry::new().unwrap();
    let text = |error: Error| error.to_string();
    assert!(text(registry.schema(SchemaId(1)).unwrap_err()).contains("schema id 1 is not known here"));
    let error = text(registry.schema_of_fingerprint(255).unwrap_err());
    assert!(error.contains("fingerprint 00000000000000ff is not known here"), "{error}");
    assert!(text(registry.newest("t.None").unwrap_err()).contains("find the schema of t.None"));
}
