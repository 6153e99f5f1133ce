//! A team drawn: as text for a terminal, as Mermaid for a page.

use std::fmt::Write;

use schemas_records::protocol::JoinPolicy;

use crate::load::Loaded;
use crate::manifest::{Does, Each, Step};
use crate::team::Join;

/// The team as text: its agents in order, each with its steps, and its joins.
#[must_use]
pub fn text(team: &Loaded) -> String {
    let mut out = String::new();
    let entry = team.agents().first();
    let takes = entry.map_or("", |agent| agent.takes.as_str());
    line(&mut out, 0, &format!("team {}: {takes} -> {}", team.name(), team.result()));
    let limits = team.limits();
    let mut bounds = Vec::new();
    bounds.extend(limits.deadline.map(|time| format!("within {time:?}")));
    bounds.extend(limits.calls.map(|calls| format!("at most {calls} model calls")));
    if !bounds.is_empty() {
        line(&mut out, 1, &bounds.join(", "));
    }
    for agent in team.agents() {
        out.push('\n');
        let gathers: Vec<&str> = team
            .joins()
            .iter()
            .filter(|join| join.at.value == agent.name)
            .map(|join| join.name.as_str())
            .collect();
        let gathers = match gathers.as_slice() {
            [] => String::new(),
            joins => format!(", gathers {}", joins.join(", ")),
        };
        line(
            &mut out,
            0,
            &format!("{}: {} -> {}{gathers}", agent.name, agent.takes.value, agent.gives.value),
        );
        let width = agent.steps.iter().map(|step| step.label.chars().count()).max().unwrap_or(0);
        for step in &agent.steps {
            line(&mut out, 1, &format!("{:width$}  {}", step.label, says(step)));
        }
    }
    if !team.joins().is_empty() {
        out.push('\n');
    }
    for join in team.joins() {
        line(&mut out, 0, &format!("join {} at {}: {}", join.name.value, join.at.value, policy(join)));
    }
    for tool in team.tools() {
        line(
            &mut out,
            0,
            &format!("tool {}: {}, {} -> {}", tool.name.value, tool.kind, tool.takes.value, tool.gives.value),
        );
    }
    for base in team.knowledge() {
        let folder = base.folder.file_name().unwrap_or_default().to_string_lossy();
        line(&mut out, 0, &format!("knowledge {}: documents in {folder}", base.name.value));
    }
    out
}

/// The team as a Mermaid flow chart: agents, gateways, and what is sent between them.
#[must_use]
pub fn mermaid(team: &Loaded) -> String {
    let mut out = String::from("flowchart LR\n");
    // Words such as `end` are Mermaid's own.
    let id = |name: &str| format!("agent_{}", name.replace('-', "_"));
    let entry = team.agents().first().map_or("", |agent| agent.name.as_str());
    line(&mut out, 1, &format!("tasks([tasks]) --> {}", id(entry)));
    for agent in team.agents() {
        line(&mut out, 1, &format!("{}[{}]", id(&agent.name), agent.name));
    }
    let mut asks = Vec::new();
    for agent in team.agents() {
        let from = id(&agent.name);
        for step in &agent.steps {
            match &step.does {
                Does::Ask(_) => asks.push(format!("{from} <-.-> model{{{{model}}}}")),
                Does::Tool { tool, .. } => {
                    asks.push(format!("{from} <-.-> tool_{}[({})]", tool.replace('-', "_"), tool.value))
                }
                Does::Knowledge { base, .. } => {
                    asks.push(format!("{from} <-.-> knowledge_{}[({})]", base.replace('-', "_"), base.value));
                }
                Does::Call { agent, .. } => line(&mut out, 1, &format!("{from} <--> {}", id(agent))),
                Does::Delegate { agent, .. } => line(&mut out, 1, &format!("{from} --> {}", id(agent))),
                Does::Reply(_) => {
                    asks.extend(reply_to(team, &agent.name).map(|to| format!("{from} --> {to}")))
                }
                Does::Fork { .. } | Does::Each(_) => branches(&mut out, team, &from, step, &id),
                Does::Route { .. } | Does::Repeat { .. } | Does::Fail(_) => {}
            }
        }
    }
    asks.sort();
    asks.dedup();
    for ask in &asks {
        line(&mut out, 1, ask);
    }
    out
}

/// Where an agent's replies lead: to the results, unless it answers others.
fn reply_to(team: &Loaded, agent: &str) -> Option<String> {
    let steps = || team.agents().iter().flat_map(|agent| agent.steps.iter());
    let joins: Vec<String> = steps()
        .filter(|step| step.join().is_some() && step.sends_to().iter().any(|to| to.value == agent))
        .filter_map(|step| step.join())
        .map(|join| join_id(&join.name))
        .collect();
    let is_called =
        steps().any(|step| matches!(&step.does, Does::Call { agent: to, .. } if to.value == agent));
    match joins.first() {
        Some(join) => Some(join.clone()),
        // Whoever calls it has a line to it already.
        None if is_called => None,
        None => Some("results([results])".to_owned()),
    }
}

fn branches(out: &mut String, team: &Loaded, from: &str, step: &Step, id: &dyn Fn(&str) -> String) {
    let label = match &step.does {
        Does::Each(each) => format!("|\"each of {}\"|", each.over.value.replace('"', "#quot;")),
        _ => String::new(),
    };
    for to in step.sends_to() {
        line(out, 1, &format!("{from} -->{label} {}", id(to)));
    }
    let Some(join) =
        step.join().and_then(|fed| team.joins().iter().find(|join| join.name.value == fed.name.value))
    else {
        return;
    };
    line(out, 1, &format!("{}{{{}}} --> {}", join_id(&join.name), join.name.value, id(&join.at)));
}

fn join_id(name: &str) -> String {
    format!("join_{}", name.replace('-', "_"))
}

/// What a step does, in words.
fn says(step: &Step) -> String {
    match &step.does {
        Does::Ask(ask) => {
            let answer = ask.answer.as_ref().map_or_else(String::new, |answer| {
                format!(", answer {} in at most {} rounds", answer.value, ask.rounds)
            });
            format!("asks the model ({}){answer}", ask.prompt.value)
        }
        Does::Tool { tool, .. } => format!("asks tool {}", tool.value),
        Does::Knowledge { base, top, .. } => format!("asks knowledge {} for {top} passages", base.value),
        Does::Call { agent, .. } => format!("asks {}", agent.value),
        Does::Fork { branches, join } => {
            let names: Vec<&str> = branches.iter().map(|(agent, _)| agent.as_str()).collect();
            format!("forks to {}, join {}", names.join(", "), join.name.value)
        }
        Does::Each(Each { over, to, at_most, join, .. }) => {
            format!(
                "forks to {} for each of {} (at most {at_most}), join {}",
                to.value, over.value, join.name.value
            )
        }
        Does::Route { by, cases, otherwise } => {
            let cases = cases.iter().map(|(value, to)| format!("{} -> {}", value.value, to.value));
            let otherwise = otherwise.iter().map(|to| format!("else -> {}", to.value));
            format!("routes by {}: {}", by.value, cases.chain(otherwise).collect::<Vec<_>>().join(", "))
        }
        Does::Repeat { step, condition, at_most } => {
            format!("goes back to {} while {} (at most {at_most} times)", step.value, condition.value)
        }
        Does::Reply(_) => "replies".to_owned(),
        Does::Fail(sentence) => format!("fails: {}", sentence.value),
        Does::Delegate { agent, .. } => format!("hands over to {}", agent.value),
    }
}

fn policy(join: &Join) -> String {
    let needed = match join.policy {
        JoinPolicy::All => "all parts".to_owned(),
        JoinPolicy::Quorum => format!("{} good parts", join.needed),
        JoinPolicy::First => format!("the first {} parts", join.needed),
    };
    match join.within {
        Some(within) => format!("{needed}, within {within:?}"),
        None => needed,
    }
}

/// One line, indented. Writing to a string cannot fail.
fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{text}", "", indent = indent * 2);
}
