//! What each name stands for: schemas, agents, joins, tools, knowledge.

use super::Team;
use crate::manifest::{Agent, Does};
use crate::problem::{At, Problems, Report};
use crate::schemas::short;
use crate::team;

/// Names of the runtime's own topics and roles: an agent of that name could not be told from them.
const RESERVED: [&str; 13] = [
    "tasks",
    "results",
    "closings",
    "model",
    "timers",
    "dead-letters",
    "intake",
    "model-gateway",
    "tools",
    "tool-gateway",
    "knowledge",
    "knowledge-gateway",
    "quotas",
];

pub(super) fn check(team: &Team<'_>, agents: &[Agent], problems: &mut Problems) {
    let mut report = Report::new(problems, team::FILE);
    let file = team.file;
    agent(team, &file.entry, "[team], entry", &mut report);
    schema(team, &file.result, "[team], result", &mut report);
    if let Some(head) = team.heads.get(&file.entry.value)
        && head.gives != file.result.value
    {
        let found = format!("tasks enter at {}, which gives {}", file.entry.value, head.gives);
        report.add(file.result.place, "[team], result", found, format!("write {}", head.gives));
    }
    for join in &file.joins {
        agent(team, &join.at, &format!("[joins.{}], at", join.name.value), &mut report);
    }
    for tool in &file.tools {
        schema(team, &tool.takes, &format!("[tools.{}], takes", tool.name.value), &mut report);
        schema(team, &tool.gives, &format!("[tools.{}], gives", tool.name.value), &mut report);
    }
    for one in agents {
        let mut report = report.of_file(&one.file);
        check_agent(team, one, &mut report);
    }
}

fn check_agent(team: &Team<'_>, agent: &Agent, report: &mut Report<'_>) {
    if RESERVED.contains(&agent.name.as_str()) {
        let place = crate::problem::Place { line: 1, column: 1 };
        report.add(
            place,
            "",
            format!("{} is a name of the runtime's own", agent.name),
            "name the file otherwise",
        );
    }
    schema(team, &agent.takes, "[agent], takes", report);
    schema(team, &agent.gives, "[agent], gives", report);
    let tools = || team.file.tools.iter().map(|tool| tool.name.as_str());
    for tool in &agent.tools {
        if !tools().any(|known| known == tool.value) {
            report.unknown(tool.place, "[agent], tools", "tool", tool, tools());
        }
    }
    let bases = || team.file.knowledge.iter().map(|base| base.name.as_str());
    for base in &agent.knowledge {
        if !bases().any(|known| known == base.value) {
            report.unknown(base.place, "[agent], knowledge", "knowledge base", base, bases());
        }
    }
    for step in &agent.steps {
        let label = |field: &str| format!("step {}, {field}", step.label);
        match &step.does {
            Does::Tool { tool, .. } => listed(tool, &agent.tools, &label("tool"), "tool", tools(), report),
            Does::Knowledge { base, .. } => {
                listed(base, &agent.knowledge, &label("knowledge"), "knowledge base", bases(), report);
            }
            Does::Ask(ask) => {
                if let Some(answer) = &ask.answer {
                    schema(team, answer, &label("answer"), report);
                }
            }
            _ => {}
        }
        if step.has_result() && step.name.is_none() {
            report.add(
                step.place,
                label("name"),
                "it is missing",
                "name the step, so that its result can be used",
            );
        }
        for to in step.sends_to() {
            self::agent(team, to, &label(verb(&step.does)), report);
        }
        if let Some(join) = step.join() {
            let joins = || team.file.joins.iter().map(|join| join.name.as_str());
            if !joins().any(|known| known == join.name.value) {
                report.unknown(join.name.place, label("join"), "join", &join.name, joins());
            }
        }
    }
}

/// The field that names the agent a step sends to.
pub(super) fn verb(does: &Does) -> &'static str {
    match does {
        Does::Call { .. } => "agent",
        Does::Fork { .. } => "fork",
        Does::Each(_) => "to",
        _ => "delegate",
    }
}

/// A tool or base must be one of the agent's own list.
fn listed<'n>(
    name: &At<String>,
    own: &[At<String>],
    label: &str,
    what: &str,
    all: impl Iterator<Item = &'n str> + Clone,
    report: &mut Report<'_>,
) {
    if own.iter().any(|one| one.value == name.value) {
        return;
    }
    if all.clone().any(|one| one == name.value) {
        let found = format!("this agent may not use {what} {:?}", name.value);
        report.add(name.place, label, found, "list it under [agent]");
    } else {
        report.unknown(name.place, label, what, name, all);
    }
}

fn agent(team: &Team<'_>, name: &At<String>, label: &str, report: &mut Report<'_>) {
    if !team.heads.contains_key(&name.value) {
        report.unknown(name.place, label, "agent", name, team.heads.keys().map(String::as_str));
    }
}

fn schema(team: &Team<'_>, name: &At<String>, label: &str, report: &mut Report<'_>) {
    // What is missing was reported where it was read.
    if !name.is_empty() && team.schemas.get(short(name)).is_none_or(|_| name.contains('.')) {
        report.unknown(name.place, label, "schema", name, team.schemas.names());
    }
}
