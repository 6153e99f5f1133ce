//! The registry over HTTP, against one in the test's process that misbehaves as it is told, and against a
//! real one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this file is tests: what fails here fails a test"
)]

mod answers;
mod filing;
mod looking_up;
mod real_registry;
mod real_secure;
mod starting;

use std::sync::Arc;
use std::time::Duration;

use schemas_codec::{Codec, KnownSchema, Registry};
use schemas_registry::{Lookup, Settings, Subject, start};
use tests_registry::Fake;
use tests_registry::conformance::{NOTE, all};

/// Settings for a registry in this process: what it does not answer at once it never does.
fn settings(url: &str) -> Settings {
    Settings {
        request_max: Duration::from_millis(500),
        lookup_max: Duration::from_millis(500),
        start_max: Duration::ZERO,
        ..Settings::new(url)
    }
}

fn subject(name: &str, versions: &[&str]) -> Subject {
    let parse = |text: &&str| Arc::new(KnownSchema::parse(name, text).unwrap());
    Subject { name: name.to_owned(), versions: versions.iter().map(parse).collect() }
}

fn note() -> Vec<Subject> {
    vec![subject("tasks-conformance.Note", &[NOTE])]
}

/// A codec of a process that knows these schemas, and frames by a registry.
fn codec(authority: Arc<Lookup>, schemas: &[&str]) -> Codec {
    let registry = Registry::new().unwrap();
    for schema in schemas {
        registry.register_text("a test", schema).unwrap();
    }
    assert!(registry.entrust(authority));
    Codec::new(registry)
}

/// A process that starts with these schemas under one subject, at this registry.
fn process(settings: &Settings, subject_name: &str, schemas: &[&str]) -> Codec {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let subjects = [subject(subject_name, schemas)];
    codec(runtime.block_on(start(settings, &subjects)).unwrap(), schemas)
}

/// What holds for ids that schemas have by themselves holds for those that a registry gives.
#[test]
fn it_conforms() {
    all(&|schemas| {
        let registry = Registry::new().unwrap();
        for schema in schemas {
            registry.register_text("a test", schema).unwrap();
        }
        Codec::new(registry)
    });
    let fake = Fake::start();
    let settings = settings(&fake.url());
    all(&|schemas| process(&settings, "tasks-conformance.Note", schemas));
    let ids = fake.ids("tasks-conformance.Note");
    assert_eq!(ids.len(), 2, "the older one was there from its first process: {ids:?}");
}
