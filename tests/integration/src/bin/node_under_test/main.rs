//! A node as `tributary node` runs it, but for a probe that can end it at a named moment, and a second team
//! that misbehaves on demand. Its arguments are `key=value` pairs of the configuration.

mod odd;

use std::sync::Arc;

use agents_team_briefing::Data;
use infra_node::{Config, Node, open};
use tests_kit::deadly::Deadly;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sets: Vec<String> = std::env::args().skip(1).collect();
    let config = Config::read(None, [], &sets)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)?;
    tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_writer(std::io::stderr).init();
    let team = match std::env::var("TEAM").as_deref() {
        Ok("odd") => odd::team(),
        _ => tributary::briefing::team(&Data::bundled()?),
    };
    let mut doors = open(&config).await?;
    doors.probe = Arc::new(Deadly::from_environment().map_err(anyhow::Error::msg)?);
    let node = Node::new(team, doors, config.settings.clone())?;
    let shutdown = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let told = shutdown.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        told.cancel();
    });
    Ok(infra_node::run(&node, shutdown).await?)
}
