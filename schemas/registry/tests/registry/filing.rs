//! What is filed and what is refused, with the difference; and how much is asked for it.

use schemas_codec::SchemaId;
use schemas_registry::{Error, HttpRegistry, Standing};
use serde_json::{Value, json};
use tests_registry::conformance::{NOTE, NOTE_V1};
use tests_registry::{Fake, Mood};

use crate::{settings, subject};

/// The note's schema as it goes over the wire.
fn compact(text: &str) -> String {
    text.parse::<Value>().unwrap().to_string()
}

/// An empty subject gets its rule and the whole history, one with a past the newest version; what is there
/// costs one question. The same schema has one id under all subjects.
#[tokio::test]
async fn what_is_missing_is_filed() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    let older = [subject("a-conformance.Note", &[NOTE_V1])];
    assert_eq!(registry.check(&older).await.unwrap(), [Standing::New { there: 0 }]);
    assert_eq!(fake.ids("a-conformance.Note"), [] as [u32; 0]);
    assert_eq!(registry.register(&older).await.unwrap(), [Standing::Registered(SchemaId(1))]);
    assert_eq!(fake.rule("a-conformance.Note").unwrap(), "BACKWARD_TRANSITIVE");

    let both =
        [subject("a-conformance.Note", &[NOTE_V1, NOTE]), subject("b-conformance.Note", &[NOTE_V1, NOTE])];
    let standing = registry.check(&both).await.unwrap();
    assert_eq!(standing, [Standing::New { there: 1 }, Standing::New { there: 0 }]);
    let registered = [Standing::Registered(SchemaId(2)), Standing::Registered(SchemaId(2))];
    assert_eq!(registry.register(&both).await.unwrap(), registered);
    assert_eq!((fake.ids("a-conformance.Note"), fake.ids("b-conformance.Note")), (vec![1, 2], vec![1, 2]));
    let _ = fake.requests();
    assert_eq!(registry.register(&both).await.unwrap(), registered);
    assert_eq!(fake.requests().len(), 2);
    // The older release finds its own, below the newer.
    assert_eq!(registry.register(&older).await.unwrap(), [Standing::Registered(SchemaId(1))]);
}

/// A rule that somebody chose stays; one that says that there is none does not count.
#[tokio::test]
async fn chosen_rules_stay() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    for (rule, expected) in
        [("FULL_TRANSITIVE", "FULL_TRANSITIVE"), ("FORWARD", "FORWARD"), ("NONE", "BACKWARD_TRANSITIVE")]
    {
        let name = format!("{rule}-conformance.Note");
        fake.set_rule(&name, rule);
        registry.register(&[subject(&name, &[NOTE])]).await.unwrap();
        assert_eq!(fake.rule(&name).unwrap(), expected);
    }
}

/// A schema that cannot read what is there is refused before it is sent: the version, the field, the way out
/// and the whole difference are said, and everything else is filed.
#[tokio::test]
async fn refusals_show_the_difference() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    let there = compact(NOTE).replace("\"int\",\"default\":3", "\"string\"").replace("text", "title");
    let _ = fake.file("a-conformance.Note", &compact(NOTE), &json!(null));
    let _ = fake.file("a-conformance.Note", &there, &json!(null));
    let subjects = [subject("a-conformance.Note", &[NOTE_V1]), subject("b-conformance.Note", &[NOTE])];
    for standings in [registry.check(&subjects).await.unwrap(), registry.register(&subjects).await.unwrap()] {
        let Standing::Refused(refusal) = &standings[0] else { panic!("{standings:?}") };
        let expected = [
            format!("register a-conformance.Note at the schema registry {}: against its version 2: ours ", fake.url()),
            "cannot read what that one wrote: text: the older version does not have this field; give it a default"
                .to_owned(),
            "\n    - stars: string is gone here".to_owned(),
            "\n    + text: string is new here".to_owned(),
            "\n    - title: string is gone here".to_owned(),
        ];
        assert_eq!(refusal.to_string(), expected.concat());
    }
    assert_eq!(fake.ids("a-conformance.Note").len(), 2);
    assert_eq!(fake.ids("b-conformance.Note").len(), 1);
    let error = schemas_registry::start(&settings(&fake.url()), &subjects).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(refusals) if refusals.len() == 1), "{error}");

    // Anything but a record of this name is in the way as well.
    let check = async |there: &str, expected: &str| {
        let subject = subject(&format!("{}-x", there.len()), &[NOTE]);
        let _ = fake.file(&subject.name, there, &json!(null));
        let standings = registry.register(&[subject]).await.unwrap();
        let Standing::Refused(refusal) = &standings[0] else { panic!("{standings:?}") };
        assert!(refusal.to_string().contains(expected), "{refusal}");
    };
    check("\"string\"", "version 1: parse schema version 1: it is a string, not a record").await;
    check(r#"{"type":"record","name":"R","fields":[]}"#, "it holds a R, not a conformance.Note; file this")
        .await;
}

/// What the registry itself refuses is said in its words, with the difference from its newest version.
#[tokio::test]
async fn its_own_refusals_are_passed_on() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    let _ = fake.file("a-conformance.Note", &compact(NOTE_V1), &json!(null));
    for status in [409, 422] {
        let body = json!({"error_code": status, "message": "not on a sunday"}).to_string();
        fake.mood(Mood::SaysToNew { status, body });
        let standings = registry.register(&[subject("a-conformance.Note", &[NOTE])]).await.unwrap();
        let Standing::Refused(refusal) = &standings[0] else { panic!("{standings:?}") };
        assert!(refusal.to_string().contains("it says: not on a sunday; keep to the rule"), "{refusal}");
        assert_eq!(refusal.changes.len(), 1, "{refusal}");
        assert!(refusal.to_string().ends_with("+ stars: int (default 3) is new here"), "{refusal}");
    }
}

/// A schema that refers to others is read with all of them, however deep; one that is not there is named.
#[tokio::test]
async fn references_are_followed() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    let address =
        r#"{"type":"record","name":"Address","namespace":"b","fields":[{"name":"street","type":"string"}]}"#;
    let customer = r#"{"type":"record","name":"a.Customer","fields":[{"name":"at","type":"b.Address"}]}"#;
    let order = r#"{"type":"record","name":"a.Order","fields":[{"name":"by","type":"a.Customer"},{"name":"to","type":"b.Address"}]}"#;
    let to = |subject: &str, name: &str| json!([{"name": name, "subject": subject, "version": 1}]);
    let _ = fake.file("addresses", address, &json!(null));
    let _ = fake.file("customers", customer, &to("addresses", "b.Address"));
    let id = fake.file("orders", order, &to("customers", "a.Customer"));
    let text = registry.text_of(SchemaId(id)).await.unwrap();
    assert!(schemas_codec::KnownSchema::parse("order", &text).is_ok(), "{text}");
    let broken = fake.file("broken", order, &to("nowhere", "a.Customer"));
    let error = registry.text_of(SchemaId(broken)).await.unwrap_err().to_string();
    assert!(error.contains("it refers to version 1 of nowhere, which is not there"), "{error}");
    let error = registry.text_of(SchemaId(99)).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchId { id: SchemaId(99), .. }), "{error}");
}
