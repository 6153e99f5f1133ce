//! Every kind of step, run by the real protocol.

use bytes::Bytes;
use schemas_records::tool::{Cell, KnowledgeQuery, SqlQuery};
use schemas_records::{Failure, FailureCode, Text};
use serde_json::{Value, json};

use super::folder::Files;
use super::stage::{Says, Stage, always};

/// A team of one or more agents with messages of their own; the first is the entry and takes a `Question`.
fn team(agents: &[(&str, &str)], more: &str) -> Files {
    let mut files = Files::new();
    let entry = agents[0].0;
    files.put(
        "team.toml",
        format!("[team]\nname = \"steps\"\nentry = \"{entry}\"\nresult = \"Answer\"\n{more}"),
    );
    files.record("Question", r#"{"name":"question","type":"string"},{"name":"n","type":"int","default":1}"#);
    files.record("Answer", r#"{"name":"text","type":"string"},{"name":"list","type":{"type":"array","items":"string"},"default":[]}"#);
    for (name, steps) in agents {
        let (head, steps) = steps.split_once("---").unwrap_or(("", steps));
        let head = match head.contains("takes") {
            true => head.to_owned(),
            false => format!("takes = \"Question\"\n{head}"),
        };
        let head = if head.contains("gives") { head } else { format!("gives = \"Answer\"\n{head}") };
        files.put(&format!("agents/{name}.toml"), format!("[agent]\n{head}\n{steps}"));
    }
    files.put("agents/say.md", "Say {{ input.question }}");
    files
}

fn outcome(files: &Files, task: &str) -> Result<Value, Failure> {
    let team = files.team();
    let mut stage = Stage::new(&team, always("words"));
    stage.submit(&team, task);
    stage.outcome()
}

/// Expressions, templates and values in a reply; defaults; the task's id and the round.
#[test]
fn replies() {
    let check = |fields: &str, expected: Value| {
        let files = team(&[("one", &format!("[[step]]\nreply = {fields}\n"))], "");
        assert_eq!(outcome(&files, r#"{"question":"why","n":3}"#), Ok(expected), "{fields}");
    };
    check(r#"{ text = "input.question" }"#, json!({ "text": "why", "list": [] }));
    check(r#"{ text = "'input.question'" }"#, json!({ "text": "input.question", "list": [] }));
    check(
        r#"{ text = "{{ input.question | upper }}? {{ input.n + 1 }}" }"#,
        json!({ "text": "WHY? 4", "list": [] }),
    );
    check(
        r#"{ text = "task ~ round", list = ["input.question", "'b'", "{{ input.n }}"] }"#,
        json!({ "text": "staged1", "list": ["why", "b", "3"] }),
    );
    check(
        r#"{ text = "input.question if input.n > 2 else 'few'", list = "input.question | list" }"#,
        json!({ "text": "why", "list": ["w", "h", "y"] }),
    );
}

/// What only shows when it runs is a failure that names step, agent, file and line.
#[test]
fn runtime_faults() {
    let check = |fields: &str, expected: &str| {
        let files = team(&[("one", &format!("[[step]]\nname = \"end\"\nreply = {fields}\n"))], "");
        let failure = outcome(&files, r#"{"question":"why","n":100000000}"#).unwrap_err();
        assert_eq!(failure.code, FailureCode::AgentFailed, "{fields}");
        assert_eq!(failure.message, format!("step end of agent one: write Answer: {expected}"), "{fields}");
        assert_eq!(failure.remedy, "see agents/one.toml, line 5");
    };
    check(r#"{ text = "[1, 2] | batch(1) | first | first" }"#, "text: expected string, found 1");
    check(r#"{ text = "'x' * input.n * input.n" }"#, "'x' * input.n * input.n: engine ran out of fuel");
    check(
        r#"{ text = "{% for i in range(input.n) %}{{ i }}{% endfor %}" }"#,
        "invalid operation: range has too many elements, in line 1 of the template",
    );
    check(
        r#"{ text = "{% for i in range(99999) %}{% for i in range(99999) %}{{ i }}{% endfor %}{% endfor %}" }"#,
        "engine ran out of fuel, in line 1 of the template",
    );
}

/// A fork over agents tells all the same, or each its own; parts are there by branch and in order.
#[test]
fn forks_over_agents() {
    let joins = "[joins.facts]\nat = \"end\"\n";
    let end = r#"---
[[step]]
[step.reply]
text = "{{ input.question }}: {{ parts.b.message.text }}, {{ parts['a'].message.text }}"
list = "parts | map(attribute='branch') | list"
"#;
    let part =
        |name: &str| format!("---\n[[step]]\nreply = {{ text = \"{name} {{{{ input.question }}}}\" }}\n");
    let (a, b) = (part("a"), part("b"));
    let check = |fork: &str, text: &str| {
        let files = team(&[("start", fork), ("a", &a), ("b", &b), ("end", end)], joins);
        assert_eq!(outcome(&files, r#"{"question":"q"}"#), Ok(json!({ "text": text, "list": ["b", "a"] })));
    };
    check(
        "[[step]]\nfork = [\"b\", \"a\"]\njoin = \"facts\"\nsend = \"input\"\ncontext = { question = \"'c'\" }\n",
        "c: b q, a q",
    );
    check(
        "[[step]]\njoin = \"facts\"\ncontext = \"input\"\n[step.fork.b]\nquestion = \"'to b'\"\n[step.fork.a]\nquestion = \"'to a'\"\n",
        "q: b to b, a to a",
    );
}

/// Failed and missing parts carry no message, and say why.
#[test]
fn parts_that_fail() {
    let joins = "[joins.facts]\nat = \"end\"\nwithin = \"30s\"\n";
    let fork =
        "[[step]]\nfork = [\"a\", \"b\", \"c\"]\njoin = \"facts\"\nsend = \"input\"\ncontext = \"input\"\n";
    let end = r#"---
[[step]]
[step.reply]
text = "{% for p in parts %}{{ p.branch }} {{ p.status }} {{ p.message.text if p.message else '-' }} {{ p.failure.message if p.failure else '-' }};{% endfor %}"
"#;
    let good = "[[step]]\nreply = { text = \"'fine'\" }\n";
    let bad = "[[step]]\nfail = \"not {{ input.question }}\"\n";
    let late = "[[step]]\nname = \"say\"\nprompt = \"agents/say.md\"\n[[step]]\nreply = \"say\"\n";
    let late = format!("{}\n", late.replace("reply = \"say\"", "reply = { text = \"say.text\" }"));
    let files = team(&[("start", fork), ("a", good), ("b", bad), ("c", &late), ("end", end)], joins);
    let team = files.team();
    let mut stage = Stage::new(&team, |_, _| Says::Nothing);
    stage.submit(&team, r#"{"question":"q"}"#);
    assert!(stage.is_open());
    stage.fire("until");
    let expected = "a arrived fine -;b failed - not q;c missing - -;";
    assert_eq!(stage.outcome().unwrap()["text"], expected);
}

/// A fork over an empty list closes at once.
#[test]
fn forks_over_nothing() {
    let joins = "[joins.facts]\nat = \"end\"\n";
    let fork = "[[step]]\nover = \"[]\"\nto = \"a\"\nat_most = 3\njoin = \"facts\"\nsend = \"input\"\ncontext = \"input\"\n";
    let end =
        "[[step]]\nreply = { text = \"'nobody'\", list = \"parts | map(attribute='branch') | list\" }\n";
    let files = team(&[("start", fork), ("a", "[[step]]\nfail = \"no\"\n"), ("end", end)], joins);
    assert_eq!(outcome(&files, r#"{"question":"q"}"#), Ok(json!({ "text": "nobody", "list": [] })));
}

/// A delegate answers in the asker's place; a call's answer comes back; failures do too.
#[test]
fn delegates_and_calls() {
    let two = "[[step]]\nreply = { text = \"two {{ input.question }}\" }\n";
    let files = team(&[("one", "[[step]]\ndelegate = \"two\"\nsend = \"input\"\n"), ("two", two)], "");
    assert_eq!(outcome(&files, r#"{"question":"q"}"#).unwrap()["text"], "two q");

    let call = "[[step]]\nname = \"heard\"\nagent = \"two\"\nsend = { question = \"'x'\" }\n[[step]]\nreply = \"heard\"\n";
    let files = team(&[("one", call), ("two", two)], "");
    assert_eq!(outcome(&files, r#"{"question":"q"}"#).unwrap()["text"], "two x");

    let files = team(&[("one", call), ("two", "[[step]]\nfail = \"no {{ input.question }}\"\n")], "");
    assert_eq!(outcome(&files, r#"{"question":"q"}"#).unwrap_err().message, "no x");
}

/// Tools get framed arguments of the schema they take, knowledge a query; what they answer is a result.
#[test]
fn gateways_are_asked() {
    let more = "[tools.figures]\nkind = \"sql\"\nfile = \"f.db\"\nrows = [1, 2]\n[knowledge.rules]\nfolder = \"docs\"\n";
    let steps = r#"tools = ["figures"]
knowledge = ["rules"]
---
[[step]]
name = "got"
tool = "figures"
[step.send]
statement = "'select ?'"
parameters = [1, 0.5, "input.question", "input.n + 1"]
rows_max = 3

[[step]]
name = "found"
knowledge = "rules"
query = "{{ input.question }} {{ got.rows[1][0] }}"

[[step]]
[step.reply]
text = "{% for row in got.rows %}{{ row[0] }}={{ row[1] }}/{{ row[2] }} {% endfor %}{{ found.passages[0].title }}"
"#;
    let mut files = team(&[("one", steps)], more);
    files.put("docs/rule.md", "a rule");
    let team = files.team();
    let mut stage = Stage::new(&team, always(""));
    stage.submit(&team, r#"{"question":"q"}"#);
    assert_eq!(stage.outcome().unwrap()["text"], "may=7/0.5 june=9/0.5 On q june");
    let query: SqlQuery = stage.codec.decode(&stage.tools[0].arguments).unwrap();
    let parameters = vec![Cell::Long(1), Cell::Double(0.5), Cell::Text("q".into()), Cell::Long(2)];
    assert_eq!(query, SqlQuery { statement: "select ?".into(), parameters, rows_max: 3 });
    assert_eq!(stage.tools[0].tool, "figures");
    assert_eq!(stage.queries[0], KnowledgeQuery { base: "rules".into(), text: "q june".into(), top: 5 });

    let tool = &team.tools()[0];
    assert_eq!((tool.name.as_str(), tool.kind.as_str()), ("figures", "sql"));
    assert_eq!((tool.takes.as_str(), tool.gives.as_str()), ("SqlQuery", "Table"));
    assert_eq!(Value::Object(tool.settings.clone()), json!({ "file": "f.db", "rows": [1, 2] }));
    assert!(team.knowledge()[0].folder.ends_with("docs"));
}

/// An input of another schema is a bad input, and a dead letter.
#[test]
fn foreign_inputs() {
    let team = team(&[("one", "[[step]]\nreply = { text = \"'x'\" }\n")], "").team();
    let mut stage = Stage::new(&team, always(""));
    let text = stage.codec.encode(&Text::new("not a question")).unwrap();
    for input in [text, Bytes::from_static(b"\x00junk"), Bytes::new()] {
        let mut stage = Stage::new(&team, always(""));
        stage.submit_framed("one", input);
        assert_eq!(stage.outcome().unwrap_err().code, FailureCode::BadInput);
        assert_eq!(stage.dead, 1);
    }
    stage.submit(&team, r#"{"question":"q"}"#);
    assert!(stage.outcome().is_ok());
}

/// An older version of a schema takes the newer one's defaults.
#[test]
fn older_messages() {
    let mut files = team(&[("one", "[[step]]\nreply = { text = \"{{ input.n }}\" }\n")], "");
    let old = r#"{"type":"record","name":"Question","namespace":"small","fields":[{"name":"question","type":"string"}]}"#;
    files.put("schemas/Question.v1.avsc", old);
    let team = files.team();
    let mut stage = Stage::new(&team, always(""));
    let registry = schemas_codec::Registry::new().unwrap();
    registry.register_text("old", old).unwrap();
    let framed = schemas_codec::Codec::new(registry).from_json("small.Question", &json!({ "question": "q" }));
    stage.submit_framed("one", framed.unwrap());
    assert_eq!(stage.outcome().unwrap()["text"], "1");
}

/// While a work waits, its row is small and holds what it got; the version names every file.
#[test]
fn state_and_version() {
    let team = Files::good().team();
    let mut stage = Stage::new(&team, |path, _| match path {
        "asker" => Says::Text(r#"{"subject":"s","kind":"short"}"#.into()),
        _ => Says::Nothing,
    });
    stage.submit(&team, r#"{"question":"why"}"#);
    let row = &stage.rows("asker")[0];
    let state: agents_manifest::ManifestState = stage.codec.decode_state(&row.state).unwrap();
    assert_eq!(stage.codec.encode_state(&state).unwrap(), row.state);
    assert!(row.state.len() < 100, "{}", row.state.len());

    let version = |files: &Files, agent: &str| {
        let team = files.team();
        let codec = schemas_codec::Codec::new(schemas_codec::Registry::new().unwrap());
        let agent = team.agents().iter().find(|one| one.name == agent).unwrap();
        team.logic(agent, codec).version()
    };
    let before = Files::good();
    assert_eq!(version(&before, "asker"), version(&Files::good(), "asker"));
    for file in ["agents/asker.md", "agents/asker.toml", "team.toml", "schemas/Plan.avsc"] {
        let mut after = Files::good();
        after.append(file, "\n");
        assert_ne!(version(&before, "asker"), version(&after, "asker"), "{file}");
    }
    let mut after = Files::good();
    after.append("agents/asker.md", "\n");
    assert_eq!(version(&before, "helper"), version(&after, "helper"), "another agent's prompt");
}
