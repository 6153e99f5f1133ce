//! Teams as data on the command line: loading one from its folder, writing a new one, drawing one.

use std::path::Path;

use agents_manifest::{Loaded, draw, load, skeleton};
use anyhow::Context;
use infra_node::{Config, Team};

use crate::app::Presentation;
use crate::args::Teams;

/// A team from a folder, with its examples as its tasks; results are shown as JSON.
pub(crate) fn read(folder: &Path) -> anyhow::Result<(Loaded, Presentation)> {
    let loaded = load(folder).map_err(|problems| anyhow::anyhow!("{}", said(folder, &problems)))?;
    let tasks = Some(loaded.tasks().to_owned()).filter(|tasks| !tasks.is_empty());
    Ok((loaded, Presentation { tasks: tasks.map(Into::into), ..Presentation::default() }))
}

/// What is wrong with a folder, as its own paragraph.
fn said(folder: &Path, problems: &agents_manifest::Problems) -> String {
    let count = problems.list().len();
    let things = if count == 1 { "1 thing is".to_owned() } else { format!("{count} things are") };
    format!("{things} wrong with the team in {}:\n{problems}", folder.display())
}

/// The team's own limits, where the configuration says nothing else.
pub(crate) fn limit(config: &mut Config, loaded: &Loaded) {
    config.limit(loaded.limits().deadline, loaded.limits().calls);
}

/// The team that a node runs.
pub(crate) fn team(loaded: &Loaded, folder: &Path) -> Team {
    Team::from_manifest(loaded).supplied_by(loaded, folder)
}

/// `tributary new`.
pub(crate) fn new(folder: &Path) -> anyhow::Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).context("name a folder for the new team")?;
    skeleton::write(folder, name)?;
    let shown = folder.display();
    println!("{shown} holds a team of three agents, one file each, with comments that teach the grammar");
    println!("  tributary run {shown}              runs its examples, with a scripted model");
    println!("  tributary team show {shown}        draws it");
    println!("  tributary run {shown} --tasks FILE --model openai:BASE_URL#MODEL");
    Ok(())
}

/// `tributary team`.
pub(crate) fn run(command: &Teams) -> anyhow::Result<()> {
    match command {
        Teams::Check { folder } => {
            let (loaded, _) = read(folder)?;
            team(&loaded, folder).try_supplies()?;
            println!("{} is in order: {} agents", loaded.name(), loaded.agents().len());
        }
        Teams::Show { folder, mermaid } => {
            let (loaded, _) = read(folder)?;
            let drawn = if *mermaid { draw::mermaid(&loaded) } else { draw::text(&loaded) };
            println!("{}", drawn.trim_end());
        }
    }
    Ok(())
}
