//! The paths through one agent's steps: routes lead forward, loops lead back, every path ends, every step
//! is come to; and which results are there when a step begins.

use std::collections::BTreeSet;

use crate::manifest::{Agent, Does};
use crate::problem::{At, Place, Problems, Report};

/// What is known of each step when it begins, by its index.
pub(crate) struct Paths {
    /// Names of steps that ran on every path to it.
    pub(crate) sure: Vec<BTreeSet<String>>,
    /// Names of steps that ran on some path.
    pub(crate) maybe: Vec<BTreeSet<String>>,
}

pub(super) fn check(agent: &Agent, problems: &mut Problems) -> Paths {
    let mut report = Report::new(problems, &agent.file);
    check_names(agent, &mut report);
    let mut is_whole = agent.lost.is_empty();
    let edges: Vec<Vec<usize>> = (0..agent.steps.len())
        .map(|index| {
            let next = next(agent, index, &mut report);
            is_whole &= next.is_some();
            next.unwrap_or_else(|| vec![index + 1])
        })
        .collect();
    let reached = reach(&edges);
    for (index, step) in agent.steps.iter().enumerate() {
        if !is_whole {
            // Where a step or a name is lost, others only seem idle or without an end.
        } else if !reached.contains(&index) {
            let allowed = "let a route lead to it, or take it away";
            report.add(step.place, format!("step {}", step.label), "nothing leads to this step", allowed);
        } else if !step.is_end() && edges[index].contains(&agent.steps.len()) {
            let found = "nothing replies after this step";
            let allowed = "end every path with reply, fail, delegate or a fork";
            report.add(step.place, format!("step {}", step.label), found, allowed);
        }
    }
    if agent.steps.is_empty() && is_whole {
        let place = Place { line: 1, column: 1 };
        report.add(place, "step", "there is no step", "begin with one that does something, under [[step]]");
    }
    results(agent, &edges, &reached)
}

fn check_names(agent: &Agent, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for name in agent.steps.iter().filter_map(|step| step.name.as_ref()) {
        if !seen.insert(name.value.as_str()) {
            let found = format!("another step is named {:?} too", name.value);
            report.add(
                name.place,
                format!("step {}, name", name.value),
                found,
                "give each step a name of its own",
            );
        }
    }
}

/// The steps that may come after one; an index beyond the last stands for the end of the file. None if one
/// of them is not there.
fn next(agent: &Agent, index: usize, report: &mut Report<'_>) -> Option<Vec<usize>> {
    let step = agent.steps.get(index)?;
    let label = |field: &str| format!("step {}, {field}", step.label);
    match &step.does {
        _ if step.is_end() => Some(Vec::new()),
        Does::Route { cases, otherwise, .. } => {
            let mut next = Vec::new();
            for to in cases.iter().map(|(_, to)| to) {
                next.push(find(agent, to, index + 1.., &label("cases"), "later step", report));
            }
            if let Some(to) = otherwise {
                next.push(find(agent, to, index + 1.., &label("otherwise"), "later step", report));
            }
            next.into_iter().collect()
        }
        Does::Repeat { step: to, .. } => {
            Some(vec![index + 1, find(agent, to, ..index, &label("repeat"), "earlier step", report)?])
        }
        _ => Some(vec![index + 1]),
    }
}

fn find(
    agent: &Agent,
    name: &At<String>,
    range: impl std::slice::SliceIndex<[usize], Output = [usize]>,
    label: &str,
    what: &str,
    report: &mut Report<'_>,
) -> Option<usize> {
    let all: Vec<usize> = (0..agent.steps.len()).collect();
    let allowed = all.get(range).unwrap_or_default();
    let name_of = |index: &usize| agent.steps.get(*index).and_then(|step| step.name.as_ref());
    let found = allowed.iter().find(|index| name_of(index).is_some_and(|one| one.value == name.value));
    if found.is_none() {
        let names = allowed.iter().filter_map(name_of).map(|name| name.value.as_str());
        report.unknown(name.place, label, what, name, names);
    }
    found.copied()
}

fn reach(edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![0];
    while let Some(index) = open.pop() {
        if let Some(next) = edges.get(index)
            && reached.insert(index)
        {
            open.extend(next);
        }
    }
    reached
}

/// Which steps have run, surely or perhaps, when each begins: what holds on every way in, until nothing
/// changes. Sets only shrink (sure) or grow (maybe), so it ends.
fn results(agent: &Agent, edges: &[Vec<usize>], reached: &BTreeSet<usize>) -> Paths {
    let named = |index: usize| {
        let step = agent.steps.get(index)?;
        step.has_result().then(|| step.name.as_ref().map(|name| name.value.clone()))?
    };
    let count = agent.steps.len();
    let all: BTreeSet<String> = (0..count).filter_map(named).collect();
    let mut sure = vec![all; count];
    let mut maybe = vec![BTreeSet::new(); count];
    if let Some(first) = sure.first_mut() {
        first.clear();
    }
    loop {
        let before = (sure.clone(), maybe.clone());
        for index in reached {
            let (mut after_sure, mut after_maybe) = (sure[*index].clone(), maybe[*index].clone());
            after_sure.extend(named(*index));
            after_maybe.extend(named(*index));
            for to in edges[*index].iter().filter(|to| **to < count) {
                sure[*to].retain(|name| after_sure.contains(name));
                maybe[*to].extend(after_maybe.iter().cloned());
            }
        }
        if before == (sure.clone(), maybe.clone()) {
            return Paths { sure, maybe };
        }
    }
}
