//! `tributary replay --audit` as a user has it: a run on disk is proven by processes of their own, a changed prompt
//! shows what it would change, and what cannot be done says so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test what fails must fail the test")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs a command in a folder; its exit code, and what it said.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    let output = command.env_remove("COLUMNS").current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// The report of an audit that ends with this exit code.
fn audit(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let (found, out, err) = run(folder, &[&["replay", "--audit", "--json"], arguments].concat());
    assert_eq!(found, code, "{arguments:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"))
}

/// The bundled team's run is proven equal; two processes say the same bytes, and write nothing.
#[test]
fn proves_the_bundled_team() {
    let house = tempfile::tempdir().unwrap();
    let (code, out, err) = run(house.path(), &["demo", "--model", "scripted"]);
    assert_eq!(code, 0, "{out}{err}");
    // Found without a word, as other commands find the last run.
    let (one, other) = (audit(house.path(), &[], 0), audit(house.path(), &[], 0));
    assert!(one["is_equal"].as_bool().unwrap() && number(&one, "equal") > 100, "{one}");
    assert_eq!(number(&one, "equal"), number(&one, "outputs"), "{one}");
    assert_eq!(number(&one, "open"), 0, "{one}");
    for same in ["digest", "read", "steps", "outputs", "taken"] {
        assert_eq!(one[same], other[same], "{same}");
    }
    let (code, shown, _) = run(house.path(), &["replay", "--audit", "--from", "1d"]);
    assert!(code == 0 && shown.contains("equal") && shown.contains("taken as recorded"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    // All of it lies before, or behind, a stretch of nothing.
    let later = audit(house.path(), &["--from", "0s"], 0);
    assert_eq!((number(&later, "read"), number(&later, "steps")), (0, 0), "{later}");
    let earlier = audit(house.path(), &["--to", "2001-01-01T00:00:00Z"], 0);
    assert_eq!((number(&earlier, "read"), number(&earlier, "equal")), (0, 0), "{earlier}");
}

/// A prompt that has changed is another version: counted, and compared only if that is asked for; then the first
/// request that would be another one is shown, word by word.
#[test]
fn shows_what_a_new_prompt_would_change() {
    let house = tempfile::tempdir().unwrap();
    for arguments in [&["new", "mine"][..], &["run", "mine"]] {
        let (code, out, err) = run(house.path(), arguments);
        assert_eq!(code, 0, "{arguments:?}: {out}{err}");
    }
    let before = audit(house.path(), &["--team", "mine"], 0);
    assert!(before["other_versions"].as_array().unwrap().is_empty(), "{before}");
    let mut changed = 0;
    for file in std::fs::read_dir(house.path().join("mine/agents")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "md") {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{}\nAnswer in one word.\n", text.trim_end())).unwrap();
            changed += 1;
        }
    }
    assert!(changed > 0);
    let report = audit(house.path(), &["--team", "mine"], 0);
    assert!(!report["other_versions"].as_array().unwrap().is_empty(), "{report}");
    assert_ne!(report["digest"], before["digest"]);
    let report = audit(house.path(), &["--team", "mine", "--any-version"], 1);
    let first = &report["first"];
    assert_eq!(first["what"], "differs", "{report}");
    let fields = first["fields"].as_array().unwrap();
    let is_shown = |field: &Value| {
        let name = field["name"].as_str().unwrap();
        let made = field["made"].as_str().unwrap_or_default();
        name.starts_with("value.") && made.contains("Answer in one word.")
    };
    assert!(fields.iter().any(is_shown), "{first}");
    let (_, shown, _) = run(house.path(), &["replay", "--audit", "--team", "mine", "--any-version"]);
    assert!(shown.contains("DIFFERS") && shown.contains("Answer in one word."), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

/// What is said wrongly, or is not there, ends with 2: nobody takes it for a difference.
#[test]
fn says_when_it_cannot() {
    let house = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], words: &str| {
        let (code, out, err) = run(house.path(), arguments);
        assert!(code == 2 && err.contains(words), "{arguments:?}: {code}: {out}{err}");
    };
    check(&["replay", "--audit"], "there is no run in out/node");
    check(&["replay", "--audit", "--data", "nowhere"], "holds no log of a node");
    check(&["replay", "--data", "nowhere"], "say --audit");
    check(&["replay", "--audit", "--data", "nowhere", "--from", "soon"], "is no time");
    check(
        &["replay", "--audit", "--data", "nowhere", "--from", "1h", "--to", "2h"],
        "--from lies after --to",
    );
    check(&["replay", "--audit", "--data", "nowhere", "--set", "open_tasks_max=x"], "expected u32");
    let held = house.path().join("held");
    let hold = infra_node::Hold::take(&held).unwrap();
    check(&["replay", "--audit", "--data", "held"], "stop it first");
    drop(hold);
}
