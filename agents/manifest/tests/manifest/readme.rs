//! The README's example is a team, to the letter.

use agents_manifest::draw;

use super::folder::Files;
use super::stage::{Says, Stage, last};

/// The files of the README: each fenced text after a line that is only a file's name.
fn files() -> Files {
    let mut files = Files::new();
    let text = include_str!("../../README.md");
    let mut name = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:")) {
            name = Some(file);
        } else if line.starts_with("```")
            && let Some(file) = name.take()
        {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.put(file, body.join("\n") + "\n");
        }
    }
    files.put("rules/hours.md", "# Hours\nForty a week.\n");
    files
}

/// It loads, with every agent, tool and base, and runs.
#[test]
fn the_example_is_a_team() {
    let team = files().team();
    let agents: Vec<&str> = team.agents().iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(agents, ["planner", "analyst", "legal", "synthesizer"]);
    assert_eq!((team.tools().len(), team.knowledge().len(), team.joins().len()), (1, 1, 1));
    let text = draw::text(&team);
    let end = "join facts at synthesizer: all parts, within 60s\n\
        tool employment: sql, SqlQuery -> Table\nknowledge rules: documents in rules\n";
    assert!(text.ends_with(end), "{text}");
    assert!(text.contains("\n  ask_both  forks to analyst, legal, join facts\n"), "{text}");
    let mermaid = draw::mermaid(&team);
    for line in [
        "  agent_analyst <-.-> tool_employment[(employment)]\n",
        "  agent_legal <-.-> knowledge_rules[(rules)]\n",
        "  agent_planner --> agent_legal\n",
        "  agent_legal --> join_facts\n",
    ] {
        assert_eq!(mermaid.matches(line).count(), 1, "{line}{mermaid}");
    }
    let mut scores = [9, 4].into_iter();
    let mut stage = Stage::new(&team, move |_, request| {
        let prompt = last(request);
        Says::Text(if prompt.starts_with("What kind") {
            r#"{"kind":"hire","subject":"construction"}"#.into()
        } else if prompt.starts_with("Give this") {
            format!(r#"{{"score":{}}}"#, scores.next_back().unwrap())
        } else {
            format!("<{prompt}>")
        })
    });
    stage.submit(&team, team.tasks());
    let advice = stage.outcome().unwrap();
    assert_eq!(advice["is_whole"], true);
    let drafts: Vec<&str> = stage.asked.iter().map(|(_, request)| last(request)).collect();
    let has = |text: &str| drafts.iter().filter(|prompt| prompt.contains(text)).count();
    assert_eq!(
        has("What do these figures say of construction?\n- may: 7\n- june: 9"),
        2 + 3,
        "two drafts, shown on"
    );
    assert_eq!(has("On Should we hire in construction now? construction: t"), 2, "{drafts:#?}");
}
