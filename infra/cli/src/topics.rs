//! `tributary topics`: what is needed, what is there, making it and taking it away.

use std::path::Path;

use anyhow::Context;
use infra_node::{Config, Held, Hold, Node, Upkeep};
use topics_catalog::Removal;

use crate::args::Topics;
use crate::kept;

/// Does what the command says.
pub(crate) async fn run(node: &Node, config: &Config, command: &Topics) -> anyhow::Result<()> {
    match command {
        Topics::Plan { partitions } => {
            let upkeep = Upkeep::open(config).await?;
            println!("{}", upkeep.compare(node, config.topics, partitions.keep_partitions).await?);
        }
        Topics::Apply { partitions, allow_loss } => {
            let upkeep = Upkeep::open(config).await?;
            let comparison = upkeep.compare(node, config.topics, partitions.keep_partitions).await?;
            println!("{comparison}");
            upkeep.apply(node, &comparison, *allow_loss).await?;
            println!("done");
        }
        Topics::Remove { yes } => {
            let removal = node.catalog(config.topics).removal(&*node.doors().log, node.names()).await?;
            let folder = config.data().filter(|folder| folder.exists());
            remove(node, &removal, folder, *yes).await?;
        }
    }
    Ok(())
}

/// Removes topics and the state beside them, or only says what there is to remove.
async fn remove(
    node: &Node,
    removal: &Removal,
    folder: Option<&Path>,
    is_agreed: bool,
) -> anyhow::Result<()> {
    // One store serves a namespace: what it holds goes with the last team.
    let state = folder.filter(|_| removal.others.is_empty());
    for name in &removal.remove {
        println!("- {name}");
    }
    if let Some(folder) = state {
        println!("- {} (the state of this namespace)", folder.display());
    }
    if removal.remove.is_empty() && state.is_none() {
        println!("there is nothing to remove");
        return Ok(());
    }
    if !removal.others.is_empty() {
        for name in &removal.leave {
            println!("= {name}");
        }
        if let Some(folder) = folder {
            println!("= {} (the state of this namespace)", folder.display());
        }
        let others: Vec<&str> = removal.others.iter().map(String::as_str).collect();
        println!("what is marked = stays: {} has topics in this namespace too", others.join(", "));
    }
    if !is_agreed {
        println!("nothing is removed yet; say --yes to remove what is marked - with all that is in it");
        return Ok(());
    }
    let held = folder.map(Hold::look).transpose().map_err(infra_node::Error::from_store)?.flatten();
    let hold = match (held, state) {
        (Some(Held::By(holder)), _) => {
            anyhow::bail!("nothing is removed while the state is in use: {holder} holds it; stop that one")
        }
        (Some(Held::Free(hold)), _) => Some(hold),
        (None, Some(folder)) => anyhow::bail!(
            "{} holds no state of a node: correct `data`, or leave it out to remove the topics only",
            folder.display()
        ),
        (None, None) => None,
    };
    if !removal.remove.is_empty() {
        node.doors().log.remove(&removal.remove).await?;
    }
    if let (Some(folder), Some(hold)) = (state, hold) {
        let left = hold.remove(kept::is_ours).map_err(infra_node::Error::from_store)?;
        if !left.is_empty() {
            println!("= {} is not ours and stays: {}", folder.display(), left.join(", "));
        }
    }
    println!("removed");
    Ok(())
}

/// The partitions of a topic that must be there.
pub(crate) async fn partitions(node: &Node, topic: &str) -> anyhow::Result<i32> {
    let found = node.doors().log.topics(topic).await?;
    let found = found.iter().find(|description| description.name == topic);
    found.map(|found| found.partitions).with_context(|| {
        format!(
            "topic {topic} does not exist, or this principal has no ACL to see it: `tributary topics apply` creates \
             what is missing, `tributary acls print` lists what is to be allowed"
        )
    })
}
