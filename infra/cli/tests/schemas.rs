//! `tributary schemas` at a registry in the test's process: what it shows, and when it fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test what fails must fail the test")]

use std::process::{Command, Output};

use serde_json::json;
use tests_registry::Fake;

fn schemas(url: &str, what: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    command.args(["schemas", what]).env("TRIBUTARY_REGISTRY", url).output().unwrap()
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A check shows what is new and changes nothing; registering does it; then all is there; and what another
/// put in the way is told field by field, and fails the command.
#[test]
fn shows_registers_and_refuses() {
    let fake = Fake::start();
    let subject = "tributary.briefing.tasks-tributary.briefing.Question";
    let check = |what: &str, succeeds: bool, expected: &[&str]| {
        let output = schemas(&fake.url(), what);
        let shown = shown(&output);
        assert_eq!(output.status.success(), succeeds, "{shown}");
        for words in expected {
            assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
        }
    };
    let new = format!("+ {subject} (new)");
    check(
        "check",
        true,
        &[&new, "results-tributary.Failure (new, with 2 versions)", " to register, 0 there already"],
    );
    assert!(fake.ids(subject).is_empty());
    check("register", true, &[&format!("= {subject} (id "), ", 0 refused"]);
    check("check", true, &["0 to register, ", ", 0 refused"]);
    fake.forget(0);
    let other = r#"{"type":"record","name":"tributary.briefing.Question","fields":[{"name":"sector","type":"long"}]}"#;
    let _ = fake.file(subject, other, &json!(null));
    let line = format!("! register {subject} at the schema registry {}: against its version 1: ", fake.url());
    check("check", false, &[&line, "~ sector: long there, ", "1 refused", "1 of "]);
    fake.says(403, r#"{"message":"not you"}"#);
    check("register", false, &["it answered 403: not you; check registry_user"]);
}

/// Without a registry there is nothing to ask, which is said with what to write.
#[test]
fn says_which_key_is_missing() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    let output = command.args(["schemas", "check"]).env_remove("TRIBUTARY_REGISTRY").output().unwrap();
    assert!(!output.status.success() && shown(&output).contains("--set registry=URL"), "{}", shown(&output));
}
