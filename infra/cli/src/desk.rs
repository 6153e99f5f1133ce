//! Which desk a command asks: that of the process that holds the data folder, or one over doors of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use infra_http::Desk;
use infra_http::admin::Client;
use infra_node::{Config, Held, Hold, Meeting, Node, NodeDesk, Team};
use tokio::time::Instant;

/// How long a folder is looked at again that somebody holds who has no door: another command that looks into
/// it has ended by then, and a node that starts has opened one.
const DOOR_WAIT_MAX: Duration = Duration::from_secs(3);

/// How often.
const DOOR_PAUSE: Duration = Duration::from_millis(50);

/// Who can answer for a data folder.
enum Keeper {
    /// The process that holds it.
    Node(Client),
    /// This one, which holds it now.
    Nobody(Hold),
    /// There is no store.
    Absent,
}

/// Finds the desk that can answer: a running node's first, since it holds the stores; else the brokers, which
/// need nobody's leave; else the stores themselves, if nobody holds them.
pub(crate) async fn find(config: &Config, team: Team, is_verbose: bool) -> anyhow::Result<Arc<dyn Desk>> {
    let tell = |words: String| {
        if is_verbose {
            eprintln!("{words}");
        }
    };
    let hold = match (keeper(config).await, config.data(), &config.brokers) {
        (Ok(Keeper::Node(client)), Some(folder), _) => {
            let (process, address) = (client.process(), client.address());
            tell(format!("asking process {process} at {address}, which holds {}", folder.display()));
            return Ok(Arc::new(client));
        }
        // Nothing of the state is needed, and whoever holds it may go on.
        (_, _, Some(brokers)) => {
            tell(format!("no node with a door of its own here; reading the brokers {brokers}"));
            None
        }
        (keeper, Some(folder), None) => match keeper? {
            Keeper::Nobody(hold) => {
                tell(format!("no node runs on {}; opening its stores", folder.display()));
                Some(hold)
            }
            _ if folder.exists() => {
                anyhow::bail!(
                    "{} holds no state of a node: name the node's own with --data DIR",
                    folder.display()
                )
            }
            _ => {
                anyhow::bail!("there is no folder {}: name the node's own with --data DIR", folder.display())
            }
        },
        (_, None, None) => anyhow::bail!(
            "there is nobody to ask: name the node's folder with --data DIR, or brokers with --brokers HOST:PORT"
        ),
    };
    let attempted = if hold.is_some() { "could not look into the stores" } else { "could not reach the log" };
    let doors = infra_node::open_to_look(config, hold).await.context(attempted)?;
    let node = Node::new(team, doors, config.settings.clone())?;
    node.meet_registry(config, Meeting::Reads).await?;
    if config.brokers.is_none() {
        is_of(&node).await?;
    }
    Ok(Arc::new(NodeDesk::new(&node, config.topics)))
}

/// A log that holds other teams' topics and none of this team's was meant to be asked of another team: to say
/// that nothing is there would mislead.
pub(crate) async fn is_of(node: &Node) -> anyhow::Result<()> {
    let names = node.names();
    let topics = node.doors().log.topics(&format!("{}.", names.namespace())).await?;
    let teams: BTreeSet<&str> = topics.iter().filter_map(|topic| names.team_of(&topic.name)).collect();
    let team = names.team();
    anyhow::ensure!(
        teams.is_empty() || teams.contains(team),
        "this folder holds team {}, not {team}; say --team with its folder",
        teams.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

/// Looks who has the data folder. Only if its lock says so, and the note is that process's own, is the token in
/// the note shown to whoever listens there.
async fn keeper(config: &Config) -> anyhow::Result<Keeper> {
    let Some(folder) = config.data() else { return Ok(Keeper::Absent) };
    let until = Instant::now() + DOOR_WAIT_MAX;
    loop {
        let holder = match Hold::look(folder).map_err(infra_node::Error::from_store)? {
            None => return Ok(Keeper::Absent),
            Some(Held::Free(hold)) => return Ok(Keeper::Nobody(hold)),
            Some(Held::By(holder)) => holder,
        };
        match door(folder, holder.process()).await {
            Ok(Some(client)) => return Ok(Keeper::Node(client)),
            // With brokers there is somebody else to ask.
            Ok(None) if Instant::now() < until && config.brokers.is_none() => {
                tokio::time::sleep(DOOR_PAUSE).await;
            }
            Ok(None) => anyhow::bail!(
                "{holder} holds {} and has no admin door: ask again when it has ended",
                folder.display()
            ),
            Err(error) => return Err(error),
        }
    }
}

async fn door(folder: &Path, holder: Option<u32>) -> anyhow::Result<Option<Client>> {
    Client::find(folder, holder).await.map_err(anyhow::Error::msg)
}
