//! Files.

use super::{ASKER, check};

/// Prompts and manifests: missing, too large, not UTF-8, outside the folder.
#[test]
fn texts() {
    check(|f| f.remove("team.toml"), &["team.toml: there is no team.toml; make it"]);
    check(
        |f| f.remove("agents/asker.md"),
        &[
            "agents/asker.toml:7:10: step plan, prompt: there is no agents/asker.md; did you mean agents/helper.md? allowed: agents/helper.md",
        ],
    );
    check(
        |f| f.edit(ASKER, "agents/asker.md", "../asker.md"),
        &[
            "agents/asker.toml:7:10: step plan, prompt: ../asker.md leaves the team's folder; name a path inside it, without ..",
        ],
    );
    check(
        |f| f.edit(ASKER, "agents/asker.md", "/etc/hostname"),
        &[
            "agents/asker.toml:7:10: step plan, prompt: /etc/hostname leaves the team's folder; name a path inside it, without ..",
        ],
    );
    check(
        |f| f.edit(ASKER, "agents/asker.md", "agents"),
        &["agents/asker.toml:7:10: step plan, prompt: agents is no file; name a file"],
    );
    check(
        |f| f.put("agents/asker.md", "x".repeat(70_000)),
        &[
            "agents/asker.toml:7:10: step plan, prompt: agents/asker.md has more than 65536 bytes; at most 65536",
        ],
    );
    check(
        |f| f.put("agents/asker.md", b"abc\xff"),
        &[
            "agents/asker.toml:7:10: step plan, prompt: agents/asker.md is not UTF-8 at byte 3; save it as UTF-8",
        ],
    );
    check(
        |f| f.put("agents/helper.toml.toml", ""),
        &[
            r#"agents/helper.toml.toml: the file's name: "helper.toml" is no name; use up to 48 small letters, digits and -, beginning with a letter"#,
        ],
    );
    check(
        |f| f.put("agents/Bad Name.toml", ""),
        &[
            r#"agents/Bad Name.toml: the file's name: "Bad Name" is no name; use up to 48 small letters, digits and -, beginning with a letter"#,
        ],
    );
}

/// Schemas, examples, folders of documents.
#[test]
fn schemas_tasks_and_folders() {
    check(
        |f| f.put("schemas/Broken.avsc", "{"),
        &[
            "schemas/Broken.avsc:1:1: parse schema schemas/Broken.avsc: Failed to parse schema from JSON; see the avro specification for the form of a record; write an Avro record as JSON",
        ],
    );
    check(
        |f| f.put("schemas/Other.avsc", r#"{"type":"record","name":"Another","fields":[]}"#),
        &[
            "schemas/Other.avsc:1:1: name: it holds the record Another; name the record Other as its file, or rename the file",
        ],
    );
    check(
        |f| f.record("Text", ""),
        &[
            "schemas/Text.avsc:1:1: name: small.Text is the runtime's own; choose another name, and no namespace tributary",
        ],
    );
    check(
        |f| f.record("Raw", r#"{"name":"raw","type":"bytes"}"#),
        &[
            "schemas/Raw.avsc:1:1: fields: field raw holds bytes, which no expression can give; use a string, or a reference to where the bytes are",
        ],
    );
    check(
        |f| {
            f.put("schemas/Plan.v1.avsc", r#"{"type":"record","name":"Plan","namespace":"small","fields":[{"name":"subject","type":"int"}]}"#)
        },
        &[
            "agents/asker.toml:13:17: step help, send.text: found a whole number; give text",
            "schemas/Plan.avsc:1:1: register small.Plan: it cannot read what schema 1711997010 wrote: subject: the older version's int cannot be read as string; keep the type, or add a field with a default; keep every version of a record readable by the newest",
        ],
    );
    check(
        |f| f.put("tasks.jsonl", "{\"question\":\"a\"}\n\n{\"qestion\":\"b\"}\nno\n"),
        &[
            "tasks.jsonl:3:1: read small.Question from JSON: qestion: unknown field; did you mean question? allowed: question; write one task a line, as JSON",
            "tasks.jsonl:4:1: read small.Question: the value is neither JSON nor Avro: it begins with 'n'; send a JSON object or confluent-framed avro; write one task a line, as JSON",
        ],
    );
    check(
        |f| {
            f.append(
                "team.toml",
                "[knowledge.rules]\nfolder = \"rules\"\n[knowledge.more]\nfolder = \"agents/asker.md\"\n",
            )
        },
        &[
            "team.toml:6:10: [knowledge.rules], folder: there is no rules; allowed: agents, schemas, team.toml",
            "team.toml:8:10: [knowledge.more], folder: agents/asker.md is no folder; name a folder of documents",
        ],
    );
}
