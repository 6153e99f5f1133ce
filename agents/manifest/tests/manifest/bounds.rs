//! The bounds of a folder, and folders that nobody meant.

use agents_manifest::bounds::{AGENTS_MAX, ENTRIES_MAX, SCHEMAS_MAX, STEPS_MAX};
use agents_manifest::load;
use agents_manifest::problem::PROBLEMS_MAX;

use super::folder::Files;

/// Beyond a bound the folder is refused, and the bound is named.
#[test]
fn counts_are_bounded() {
    let check = |change: &dyn Fn(&mut Files), expected: &str| {
        let mut files = Files::good();
        change(&mut files);
        let said = files.load().unwrap_err().to_string();
        assert!(said.contains(expected), "{expected:?} is not in:\n{said}");
    };
    check(
        &|files| {
            for number in 0..STEPS_MAX {
                files.append("agents/asker.toml", &format!("[[step]]\nname = \"s{number}\"\nfail = \"x\"\n"));
            }
        },
        "step: there are 67 steps; at most 64; make two agents of it",
    );
    check(
        &|files| {
            for number in 0..AGENTS_MAX {
                let agent = "[agent]\ntakes = \"Text\"\ngives = \"Text\"\n[[step]]\nreply = \"input\"\n";
                files.put(&format!("agents/b{number}.toml"), agent);
            }
        },
        "agents holds 34 agents; at most 32",
    );
    check(
        &|files| {
            for number in 0..SCHEMAS_MAX {
                files.record(&format!("R{number}"), "");
            }
        },
        "schemas holds 67 schemas; at most 64",
    );
    check(
        &|files| {
            for number in 0..=ENTRIES_MAX {
                files.append("team.toml", &format!("[joins.j{number}]\nat = \"helper\"\n"));
            }
        },
        "[joins]: there are 33; at most 32",
    );
    check(
        &|files| {
            files.put("team.toml", "#".repeat(70_000));
        },
        "team.toml has more than 65536 bytes; at most 65536",
    );
}

/// However much is wrong, a bounded list says so.
#[test]
fn problems_are_bounded() {
    let mut files = Files::good();
    let fields: Vec<String> = (0..500).map(|number| format!("f{number} = 1\n")).collect();
    files.put("team.toml", fields.concat());
    assert_eq!(files.load().unwrap_err().list().len(), PROBLEMS_MAX);
}

/// A prompt that is a link out of the folder is refused; so is a folder that is none.
#[cfg(unix)]
#[test]
fn links_stay_inside() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.md");
    std::fs::write(&secret, "secret").unwrap();
    let mut files = Files::good();
    files.remove("agents/asker.md");
    let folder = files.write();
    std::os::unix::fs::symlink(&secret, folder.path().join("agents/asker.md")).unwrap();
    let said = load(folder.path()).unwrap_err().to_string();
    let expected = "agents/asker.toml:7:10: step plan, prompt: agents/asker.md leaves the team's folder; \
        name a path inside it, without ..";
    assert_eq!(said, expected);

    let file = folder.path().join("team.toml");
    assert!(
        load(&file)
            .unwrap_err()
            .to_string()
            .ends_with("it is no folder; name a team's folder, which holds a team.toml")
    );
    let nowhere = folder.path().join("nowhere");
    assert!(load(&nowhere).unwrap_err().to_string().contains("the folder cannot be opened"));
}

/// Any bytes in any file are problems or a team, never a panic.
#[test]
fn any_bytes_are_refused_or_read() {
    use proptest::test_runner::{Config, TestRunner};

    let names = ["team.toml", "agents/asker.toml", "agents/asker.md", "schemas/Plan.avsc", "tasks.jsonl"];
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let strategy = (0..names.len(), 0..400_usize, proptest::collection::vec(proptest::num::u8::ANY, 0..12));
    let ran = runner.run(&strategy, |(file, at, bytes)| {
        let mut files = Files::good();
        files.put("tasks.jsonl", "{\"question\":\"a\"}\n");
        files.splice(names[file], at, &bytes);
        let _ = files.load();
        Ok(())
    });
    ran.unwrap();
}

/// Nesting without end is refused by every parser; nothing overflows.
#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
    let check = |file: &str, text: String| {
        let mut files = Files::good();
        files.put(file, text);
        assert!(files.load().is_err(), "{file}");
    };
    check("agents/asker.md", format!("{{{{ {} }}}}", deep("(", ")")));
    check("agents/asker.md", deep("{% if 1 %}", "{% endif %}"));
    check("team.toml", format!("a = {}", deep("[", "]")));
    check("team.toml", format!("a = {}", deep("{a=", "}")));
    check("schemas/Plan.avsc", deep(r#"{"type":"array","items":"#, "}"));
    check("tasks.jsonl", deep("[", "]"));
}
