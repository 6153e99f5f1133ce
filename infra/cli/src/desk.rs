//! Which desk a command asks: that of the process that holds the data folder, or one over doors of its own.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use infra_http::Desk;
use infra_http::admin::Client;
use infra_node::{Config, Meeting, Node, NodeDesk, Team};

/// Finds the desk that can answer: a running node's first, since it holds the stores; else the brokers, which
/// need nobody's leave; else the stores themselves, if nobody holds them.
pub(crate) async fn find(config: &Config, team: Team, is_verbose: bool) -> anyhow::Result<Arc<dyn Desk>> {
    let tell = |words: String| {
        if is_verbose {
            eprintln!("{words}");
        }
    };
    if let Some(folder) = &config.data
        && let Some(client) = Client::find(Path::new(folder)).await.map_err(anyhow::Error::msg)?
    {
        tell(format!("asking process {} at {}, which holds {folder}", client.process(), client.address()));
        return Ok(Arc::new(client));
    }
    let mut own = config.clone();
    match (&config.brokers, &config.data) {
        (Some(brokers), _) => {
            tell(format!("no node with a door of its own here; reading the brokers {brokers}"));
            // Nothing of the state is needed, and whoever holds it may go on.
            own.data = None;
        }
        (None, Some(folder)) => {
            anyhow::ensure!(
                Path::new(folder).exists(),
                "there is no folder {folder}: name the node's own with --data DIR"
            );
            tell(format!("no node runs on {folder}; opening its stores"));
        }
        (None, None) => anyhow::bail!(
            "there is nobody to ask: name the node's folder with --data DIR, or brokers with --brokers HOST:PORT"
        ),
    }
    let doors = infra_node::open(&own).await.with_context(|| match &own.data {
        Some(folder) => format!("could not look into {folder}, and no process answers for it"),
        None => "could not reach the log".to_owned(),
    })?;
    let node = Node::new(team, doors, config.settings.clone())?;
    node.meet_registry(config, Meeting::Reads).await?;
    Ok(Arc::new(NodeDesk::new(&node, config.topics)))
}
