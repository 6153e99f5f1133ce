//! The team that `tributary new` writes: it loads, it is drawn, and it runs with a model that only repeats
//! what it is given.

use agents_manifest::{draw, load, skeleton};
use schemas_records::ModelRequest;
use serde_json::json;

use super::folder::house;
use super::stage::{Says, Stage, last};

/// A model that restates the facts of its prompt, as the scripted one does: lines that begin with a dash.
fn restate(_: &str, request: &ModelRequest) -> Says {
    let facts: Vec<&str> = last(request).lines().filter_map(|line| line.strip_prefix("- ")).collect();
    Says::Text(format!("In short, {}.", facts.join("; ")))
}

/// It runs as it stands: the list comes from the model's answer, and every part is answered.
#[test]
fn it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-team");
    skeleton::write(&path, "my-team").unwrap();
    let team = load(&path).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(team.name(), "my-team");
    assert_eq!(team.tasks().lines().count(), 2);
    let task = team.tasks().lines().next().unwrap();
    let mut stage = Stage::new(&team, restate);
    stage.submit(&team, task);
    let answer = stage.outcome().unwrap();
    assert_eq!(answer["findings"].as_array().unwrap().len(), 3);
    assert_eq!(answer["findings"][1]["aspect"], "who is affected");
    assert_eq!(answer["missing"], json!([]));
    assert!(
        answer["answer"].as_str().unwrap().contains("what it costs: In short, The aspect is"),
        "{answer}"
    );
}

/// A name that is none and a folder that is not empty are refused; nothing is written over.
#[test]
fn it_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, expected: &str| {
        let error = skeleton::write(folder.path(), name).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    };
    check("My Team", "use up to 48 small letters, digits and -, beginning with a letter");
    std::fs::write(folder.path().join("note"), "mine").unwrap();
    check("mine", "there is something already; name a new folder");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A team as text: what tasks are, what each step does, where the joins are.
#[test]
fn it_is_drawn_as_text() {
    let team = load(&house("outline")).unwrap();
    let expected = "\
team outline: Topic -> Outline
  within 600s, at most 40 model calls

planner: Topic -> Outline
  plan         asks the model (agents/planner.md), answer Plan in at most 3 rounds
  #2           routes by plan.kind: short -> brief, long -> research, unknown -> refuse
  brief        asks the model (agents/brief.md)
  reply_short  replies
  refuse       fails: nobody can outline {{ input.topic }}
  research     forks to writer for each of plan.chapters (at most 8), join chapters

editor: Topic -> Outline, gathers chapters
  intro    asks the model (agents/intro.md)
  outline  replies

writer: Chapter -> Section
  draft    asks the model (agents/draft.md)
  review   asks the model (agents/review.md), answer Review in at most 2 rounds
  again    goes back to draft while not review.is_good (at most 2 times)
  section  replies

join chapters at editor: 2 good parts, within 60s
";
    assert_eq!(draw::text(&team), expected);
}

/// A team as Mermaid.
#[test]
fn it_is_drawn_as_mermaid() {
    let team = load(&house("outline")).unwrap();
    let expected = "\
flowchart LR
  tasks([tasks]) --> agent_planner
  agent_planner[planner]
  agent_editor[editor]
  agent_writer[writer]
  agent_planner -->|\"each of plan.chapters\"| agent_writer
  join_chapters{chapters} --> agent_editor
  agent_editor --> results([results])
  agent_editor <-.-> model{{model}}
  agent_planner --> results([results])
  agent_planner <-.-> model{{model}}
  agent_writer --> join_chapters
  agent_writer <-.-> model{{model}}
";
    assert_eq!(draw::mermaid(&team), expected);
}
