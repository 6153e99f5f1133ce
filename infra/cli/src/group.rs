//! `tributary group adopt`: offsets that a group has lost, shown and put back.

use std::collections::BTreeMap;

use anyhow::Context;
use infra_node::adoption::{Adoption, Lost};
use infra_node::{Config, Held, Hold, Node, Team, open_to_mend};

use crate::args::Group;

/// Does what the command says.
pub(crate) async fn run(config: &Config, team: Team, command: &Group) -> anyhow::Result<()> {
    let Group::Adopt { yes, at } = command;
    let said = at.iter().map(|text| place(text)).collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let doors = open_to_mend(config, hold(config)?).await?;
    let node = Node::new(team, doors, config.settings.clone())?;
    let adoption = Adoption::open(&node, config).await?;
    let lost = adoption.look().await?;
    if lost.is_empty() {
        println!("nothing was lost: every group has its offsets");
        return Ok(());
    }
    lost.iter().for_each(|lost: &Lost| println!("{lost}"));
    if !yes {
        println!("nothing is put back yet: say --yes");
        return Ok(());
    }
    adoption.adopt(&lost, &said).await?;
    println!("put back");
    Ok(())
}

/// The data folder, if the state is in one: an empty one in its place would have recorded nothing.
fn hold(config: &Config) -> anyhow::Result<Option<Hold>> {
    let Some(folder) = config.data().filter(|_| config.cql.is_none()) else { return Ok(None) };
    match Hold::look(folder).map_err(infra_node::Error::from_store)? {
        Some(Held::Free(hold)) => Ok(Some(hold)),
        Some(Held::By(holder)) => anyhow::bail!("{holder} holds {}: stop that one first", folder.display()),
        None => anyhow::bail!(
            "{} holds no state of a node: name the node's own with --data DIR, or its cluster with --set cql=HOST:PORT",
            folder.display()
        ),
    }
}

/// `planner/0=42`.
fn place(text: &str) -> anyhow::Result<(String, i64)> {
    let parsed = text.split_once('=').and_then(|(name, offset)| {
        let (_, partition) = name.rsplit_once('/')?;
        partition.parse::<u32>().ok()?;
        Some((name.to_owned(), offset.parse().ok()?))
    });
    parsed.filter(|(_, offset): &(String, i64)| *offset >= 0).with_context(|| {
        format!("--at {text:?} is no place: say AGENT/PARTITION=OFFSET, for example planner/0=42")
    })
}
