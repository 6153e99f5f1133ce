//! `tributary topics`: what is needed, what is there, making it and taking it away.

use std::path::Path;

use anyhow::Context;
use infra_node::{Config, Node};

use crate::args::Topics;

/// A file that every store on disk has in its folder: what else lies there was put there by somebody else.
const MARK: &str = "holder";

/// Does what the command says.
pub(crate) async fn run(node: &Node, config: &Config, command: &Topics) -> anyhow::Result<()> {
    let plan = node.plan(config.topics).await?;
    match command {
        Topics::Plan => println!("{plan}"),
        Topics::Apply => {
            println!("{plan}");
            plan.apply(&*node.doors().log).await?;
            println!("done");
        }
        Topics::Remove { yes } => {
            let names: Vec<String> = plan.keep.iter().map(|topic| topic.name.clone()).collect();
            let state = config.data.as_deref().map(Path::new).filter(|folder| folder.exists());
            remove(node, config, &names, state, *yes).await?;
        }
    }
    Ok(())
}

/// Removes topics and the state beside them, or only says what there is to remove.
async fn remove(
    node: &Node,
    config: &Config,
    names: &[String],
    state: Option<&Path>,
    is_agreed: bool,
) -> anyhow::Result<()> {
    for name in names {
        println!("- {name}");
    }
    if let Some(folder) = state {
        println!("- {} (the state of this namespace)", folder.display());
    }
    if names.is_empty() && state.is_none() {
        println!("there is nothing to remove");
        return Ok(());
    }
    if !is_agreed {
        println!("nothing is removed yet; say --yes to remove these with all that is in them");
        return Ok(());
    }
    if let Some(folder) = state {
        anyhow::ensure!(
            folder.join(MARK).exists(),
            "{} holds no state of a node: correct `data`, or leave it out to remove the topics only",
            folder.display()
        );
        // Whoever holds it is told by name; dropped at once, it is nobody's while it is removed.
        drop(infra_node::open(config).await.context("nothing is removed while the state is in use")?);
    }
    if !names.is_empty() {
        node.doors().log.remove(names).await?;
    }
    if let Some(folder) = state {
        std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    println!("removed");
    Ok(())
}

/// The partitions of a topic that must be there.
pub(crate) async fn partitions(node: &Node, topic: &str) -> anyhow::Result<i32> {
    let found = node.doors().log.topics(topic).await?;
    let found = found.iter().find(|description| description.name == topic);
    found.map(|found| found.partitions).with_context(|| {
        format!("topic {topic} does not exist: `tributary topics apply` creates what is missing")
    })
}
