//! Who reaches whom: no agent idle, no circle, joins that are fed and gather, answers that fit.

use std::collections::{BTreeMap, BTreeSet};

use schemas_records::protocol::JoinPolicy;

use super::{Team, names};
use crate::manifest::{Agent, Does, Step};
use crate::problem::{Place, Problems, Report, hint};
use crate::team;

/// The forks that feed the join at each gathering agent: agent and step of the forker.
pub(super) type Feeders = BTreeMap<String, Vec<Branch>>;

/// A branch that may arrive at a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// The agent that takes it.
    pub(crate) agent: String,
    /// Most branches of that agent: 0 if the branch is named as the agent, else they are numbered.
    pub(crate) numbered: i64,
}

pub(super) fn check(team: &Team<'_>, agents: &[Agent], problems: &mut Problems) {
    if is_whole(team, agents) {
        check_reached(team, agents, problems);
    }
    check_circles(team, agents, problems);
    let mut report = Report::new(problems, team::FILE);
    for join in &team.file.joins {
        let label = format!("[joins.{}]", join.name.value);
        let feeding = || {
            agents
                .iter()
                .flat_map(|agent| agent.steps.iter())
                .filter(|step| step.join().is_some_and(|fed| fed.name.value == join.name.value))
        };
        if feeding().next().is_none() {
            let allowed = "let a fork name it, or take it away";
            report.add(join.name.place, label.clone(), "no fork feeds this join", allowed);
        }
        let most = feeding().map(parts_max).max().unwrap_or(usize::MAX);
        if join.policy != JoinPolicy::All && join.needed > most {
            let found = format!("it needs {} parts, its largest fork has {most}", join.needed);
            report.add(join.name.place, format!("{label}, policy"), found, format!("at most {most}"));
        }
        if team.file.entry.value == join.at.value {
            let found = format!("{} gathers, and tasks enter there", join.at.value);
            report.add(team.file.entry.place, "[team], entry", found, "let tasks enter at another agent");
        }
    }
    for agent in agents {
        let mut report = report.of_file(&agent.file);
        for step in &agent.steps {
            check_sending(team, agent, step, &mut report);
        }
    }
}

fn parts_max(step: &Step) -> usize {
    match &step.does {
        Does::Fork { branches, .. } => branches.len(),
        Does::Each(each) => usize::try_from(each.at_most).unwrap_or(usize::MAX),
        _ => 0,
    }
}

/// Whoever gathers takes no other messages; whoever takes over must give what this agent owes.
fn check_sending(team: &Team<'_>, agent: &Agent, step: &Step, report: &mut Report<'_>) {
    let label = format!("step {}, {}", step.label, names::verb(&step.does));
    for to in step.sends_to() {
        if let Some(join) = team.file.joins.iter().find(|join| join.at.value == to.value) {
            let found = format!("{} gathers join {} and takes nothing else", to.value, join.name.value);
            report.add(to.place, label.clone(), found, "send it to another agent, or fork into that join");
        }
    }
    let mut heirs = Vec::new();
    if let Does::Delegate { agent: to, .. } = &step.does {
        heirs.push((to.place, label.clone(), to.value.clone()));
    }
    if let Some(fed) = step.join()
        && let Some(join) = team.file.joins.iter().find(|join| join.name.value == fed.name.value)
    {
        heirs.push((fed.name.place, format!("step {}, join", step.label), join.at.value.clone()));
    }
    for (place, label, heir) in heirs {
        if let Some(head) = team.heads.get(&heir)
            && head.gives != agent.gives.value
        {
            let found = format!("{heir} gives {}, this agent owes {}", head.gives, agent.gives.value);
            report.add(place, label, found, "let both give the same");
        }
    }
    if let Does::Fork { branches, .. } = &step.does {
        let mut seen = BTreeSet::new();
        for (to, _) in branches {
            if !seen.insert(to.value.as_str()) {
                let found = format!("{} stands here twice", to.value);
                report.add(to.place, label.clone(), found, "give each agent one branch");
            }
        }
        if branches.is_empty() || branches.len() > agents_join::PARTS_MAX {
            let found = format!("there are {} branches", branches.len());
            report.add(step.place, label, found, format!("from 1 to {}", agents_join::PARTS_MAX));
        }
    }
}

/// The agents that this one leads to.
fn next<'a>(team: &'a Team<'_>, agent: &'a Agent) -> BTreeSet<&'a str> {
    let mut next: BTreeSet<&str> = BTreeSet::new();
    for step in &agent.steps {
        next.extend(step.sends_to().into_iter().map(|to| to.value.as_str()));
        if let Some(fed) = step.join() {
            let join = team.file.joins.iter().find(|join| join.name.value == fed.name.value);
            next.extend(join.map(|join| join.at.value.as_str()));
        }
    }
    next
}

/// Whether every name leads somewhere: else an agent may only seem idle.
fn is_whole(team: &Team<'_>, agents: &[Agent]) -> bool {
    let is_agent = |name: &str| team.heads.contains_key(name);
    let is_join = |name: &str| team.file.joins.iter().any(|join| join.name.value == name);
    is_agent(&team.file.entry)
        && team.file.joins.iter().all(|join| is_agent(&join.at))
        && agents.iter().all(|agent| agent.lost.is_empty())
        && agents.iter().flat_map(|agent| agent.steps.iter()).all(|step| {
            step.sends_to().iter().all(|to| is_agent(to))
                && step.join().is_none_or(|join| is_join(&join.name))
        })
}

fn check_reached(team: &Team<'_>, agents: &[Agent], problems: &mut Problems) {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![team.file.entry.value.as_str()];
    while let Some(name) = open.pop() {
        if let Some(agent) = agents.iter().find(|agent| agent.name == name)
            && reached.insert(&agent.name)
        {
            open.extend(next(team, agent));
        }
    }
    if reached.is_empty() {
        return;
    }
    for agent in agents.iter().filter(|agent| !reached.contains(agent.name.as_str())) {
        let names: Vec<&str> = reached.iter().copied().collect();
        let allowed = format!("send it something, or take its file away; {}", hint("", &names));
        let allowed = allowed.replace("allowed:", "reached:");
        let found = format!("nobody reaches agent {}", agent.name);
        Report::new(problems, &agent.file).add(Place { line: 1, column: 1 }, "", found, allowed);
    }
}

/// Agents may not go round: a loop stands in one agent, where its bound stands too.
fn check_circles(team: &Team<'_>, agents: &[Agent], problems: &mut Problems) {
    for agent in agents {
        let mut path = vec![agent.name.as_str()];
        if let Some(circle) = find_circle(team, agents, &mut path, &mut BTreeSet::new()) {
            // Each circle is told once, by its first agent.
            if circle.iter().min() != Some(&agent.name.as_str()) {
                continue;
            }
            let found = format!("agents go round without a bound: {} -> {}", circle.join(" -> "), agent.name);
            let allowed = "a step with repeat is the only way back";
            Report::new(problems, &agent.file).add(Place { line: 1, column: 1 }, "", found, allowed);
        }
    }
}

/// A way from the path's end back to its beginning.
fn find_circle<'a>(
    team: &'a Team<'_>,
    agents: &'a [Agent],
    path: &mut Vec<&'a str>,
    tried: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let here = path.last().copied()?;
    let agent = agents.iter().find(|agent| agent.name == here)?;
    for name in next(team, agent) {
        if path.first() == Some(&name) {
            return Some(path.clone());
        }
        if tried.insert(name) {
            path.push(name);
            if let Some(circle) = find_circle(team, agents, path, tried) {
                return Some(circle);
            }
            path.pop();
        }
    }
    None
}

/// Which branches may arrive at each gathering agent.
pub(super) fn feeders(team: &Team<'_>, agents: &[Agent]) -> Feeders {
    let mut feeders = Feeders::new();
    for join in &team.file.joins {
        feeders.entry(join.at.value.clone()).or_default();
    }
    for step in agents.iter().flat_map(|agent| agent.steps.iter()) {
        let Some(fed) = step.join() else { continue };
        let Some(join) = team.file.joins.iter().find(|join| join.name.value == fed.name.value) else {
            continue;
        };
        let branches = feeders.entry(join.at.value.clone()).or_default();
        for to in step.sends_to() {
            let numbered = match &step.does {
                Does::Each(each) => each.at_most,
                _ => 0,
            };
            let branch = Branch { agent: to.value.clone(), numbered };
            if !branches.contains(&branch) {
                branches.push(branch);
            }
        }
    }
    feeders
}
