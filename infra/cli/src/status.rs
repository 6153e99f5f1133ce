//! `tributary status`: what the desk says, and on brokers how every role's consumer group stands.
//!
//! Groups are asked of the brokers themselves, under the principal of whoever asks: that works with any number
//! of nodes on any machines, and with none.

mod draw;

use std::time::Duration;

use infra_http::told;
use infra_node::groups::{Glance, Groups, Line};
use infra_node::{Config, Node, Team};
use serde::Serialize;
use tokio::time::Instant;

use crate::app::print;
use crate::ask;
use crate::desk;

/// The shortest time between the two looks that a rate is told by: long enough that one batch more or less does
/// not decide it, short enough to wait for.
const SAMPLE: Duration = Duration::from_secs(2);

/// What is told of groups.
#[derive(Serialize)]
struct Told<'a> {
    /// The time that rates are told over.
    over_seconds: f64,
    roles: &'a [Line],
}

/// What is told of all.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    status: &'a told::Status,
    groups: Told<'a>,
}

/// Looks, and says what was seen.
///
/// # Errors
/// What could not be reached, or the desk's own; groups that were seen are shown even so.
pub(crate) async fn run(
    config: &Config,
    team: Team,
    is_verbose: bool,
    (json, watch): (bool, Option<u64>),
) -> anyhow::Result<()> {
    if config.brokers.is_none() {
        anyhow::ensure!(
            watch.is_none(),
            "--watch looks at groups on brokers: name them with --brokers HOST:PORT"
        );
        let told = desk::find(config, team, is_verbose).await?.status().await?;
        return print(&if json { ask::pretty(&told) } else { draw::status(&told) });
    }
    let groups = Groups::open(&names_only(config, team.clone()).await?, config).await?;
    let before = groups.glance().await?;
    if let Some(seconds) = watch {
        return follow(&groups, before, json, Duration::from_secs(seconds)).await;
    }
    let asked = async {
        let desk = desk::find(config, team, is_verbose).await?;
        anyhow::Ok(desk.status().await?)
    };
    let status = asked.await;
    tokio::time::sleep_until(before.at() + SAMPLE).await;
    let (lines, now) = groups.look(&before).await?;
    let over = over(&before, &now);
    match (status, json) {
        (Ok(status), true) => print(&ask::pretty(&Whole {
            status: &status,
            groups: Told { over_seconds: over, roles: &lines },
        })),
        (Ok(status), false) => print(&format!("{}\n{}", draw::status(&status), draw::groups(&lines, over))),
        (Err(error), _) => {
            if !json {
                print(&draw::groups(&lines, over))?;
            }
            Err(error)
        }
    }
}

/// Looks again and again, until it is told to stop.
async fn follow(groups: &Groups, mut before: Glance, json: bool, every: Duration) -> anyhow::Result<()> {
    let mut next = before.at() + SAMPLE;
    loop {
        tokio::time::sleep_until(next).await;
        let (lines, now) = groups.look(&before).await?;
        let over = over(&before, &now);
        if json {
            // One line a look, for whoever reads them one by one.
            let told = Told { over_seconds: over, roles: &lines };
            print(&serde_json::to_string(&told)?)?;
        } else {
            print(&draw::groups(&lines, over))?;
        }
        next = Instant::now() + every.max(SAMPLE);
        before = now;
    }
}

fn over(before: &Glance, now: &Glance) -> f64 {
    now.at().duration_since(before.at()).as_secs_f64()
}

/// A node that knows its team's names and stands on nothing: a log in memory.
async fn names_only(config: &Config, team: Team) -> anyhow::Result<Node> {
    let mut config = config.clone();
    config.brokers = None;
    config.settings.outside.folder = None;
    let doors = infra_node::open_to_look(&config, None).await?;
    Ok(Node::new(team, doors, config.settings.clone())?)
}
