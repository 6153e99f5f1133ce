//! Everything that is checked before anything runs; all problems at once.
//!
//! In this order: `names` (what a name stands for), `graph` (who reaches whom), `paths` (every path
//! ends, no step is idle, which results are there), `steps` (messages and templates against their
//! schemas, with the `walk` through their syntax).

mod graph;
mod names;
mod paths;
mod steps;
mod walk;

use std::collections::BTreeMap;

use crate::manifest::Agent;
use crate::problem::Problems;
use crate::schemas::Schemas;
use crate::team::TeamFile;

/// What is checked.
pub(crate) struct Team<'a> {
    pub(crate) file: &'a TeamFile,
    pub(crate) schemas: &'a Schemas,
    /// Every agent's head, by name.
    pub(crate) heads: BTreeMap<String, Head>,
}

/// What others must know of an agent.
pub(crate) struct Head {
    pub(crate) takes: String,
    pub(crate) gives: String,
}

/// Checks a team, and fills in the full names of its messages' schemas.
pub(crate) fn check(file: &TeamFile, schemas: &Schemas, agents: &mut [Agent], problems: &mut Problems) {
    let heads = agents.iter().map(|agent| {
        let head = Head { takes: agent.takes.value.clone(), gives: agent.gives.value.clone() };
        (agent.name.clone(), head)
    });
    let team = Team { file, schemas, heads: heads.collect() };
    names::check(&team, agents, problems);
    graph::check(&team, agents, problems);
    let feeders = graph::feeders(&team, agents);
    for agent in agents {
        let paths = paths::check(agent, problems);
        steps::check(&team, agent, &paths, feeders.get(&agent.name), problems);
    }
}
