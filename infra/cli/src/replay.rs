//! `tributary replay --audit`: which log is read, and what is said of it.

mod draw;

use std::process::ExitCode;

use anyhow::Context;
use infra_node::audit::{Limits, Report, Stretch, audit, stepped};
use infra_node::{Config, Held, Hold, Meeting, Node, Team, open_to_look};
use schemas_records::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;
use topics_log::{Clock, SystemClock};

use crate::app::print;
use crate::args::Replay;
use crate::{ask, desk};

/// The exit code of an audit that could not be done; 1 says that something differs.
pub(crate) const UNDONE: u8 = 2;

/// What is told.
#[derive(Serialize)]
struct Told<'a> {
    team: &'a str,
    is_equal: bool,
    #[serde(flatten)]
    report: &'a Report,
    seconds: f64,
    records_per_second: f64,
}

/// Audits, and says what was found.
///
/// # Errors
/// What kept it from its end.
pub(crate) async fn run(config: &Config, team: Team, command: &Replay) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(command.audit, "a replay compares and does nothing else yet: say --audit");
    let now = SystemClock.now();
    let moment = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
    let stretch =
        Stretch { from: moment(&command.from)?, to: moment(&command.to)?, any_version: command.any_version };
    if let (Some(from), Some(to)) = (stretch.from, stretch.to) {
        anyhow::ensure!(from <= to, "--from lies after --to");
    }
    let node = open(config, team).await?;
    let began = Instant::now();
    let stepped = stepped(&node, config).await.context("could not ask how far the inboxes were stepped")?;
    let report = audit(&node, &stepped, stretch, Limits::default()).await?;
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate, for people")]
    let rate = report.read as f64 / seconds.max(0.001);
    let name = node.names().team();
    if command.json {
        let is_equal = report.is_equal();
        print(&ask::pretty(&Told {
            team: name,
            is_equal,
            report: &report,
            seconds,
            records_per_second: rate,
        }))?;
    } else {
        print(&draw::report(name, stretch, &report, (seconds, rate)))?;
    }
    Ok(match (report.differing(), &report.ended_early) {
        (0, None) => ExitCode::SUCCESS,
        (0, Some(_)) => UNDONE.into(),
        _ => ExitCode::FAILURE,
    })
}

/// A node on the log, which runs nothing.
async fn open(config: &Config, team: Team) -> anyhow::Result<Node> {
    let hold = if config.brokers.is_some() { None } else { Some(hold(config)?) };
    let doors = open_to_look(config, hold).await.context("could not reach the log")?;
    let node = Node::new(team, doors, config.settings.clone())?;
    node.meet_registry(config, Meeting::Reads).await?;
    if config.brokers.is_none() {
        desk::is_of(&node).await?;
    }
    Ok(node)
}

/// The data folder: the log in it is read by one process at a time.
fn hold(config: &Config) -> anyhow::Result<Hold> {
    let folder = config.data().context(
        "there is no log to audit: name a node's or a run's folder with --data DIR, or brokers with --brokers \
         HOST:PORT",
    )?;
    match Hold::look(folder).map_err(infra_node::Error::from_store)? {
        Some(Held::Free(hold)) => Ok(hold),
        Some(Held::By(holder)) => {
            anyhow::bail!("{holder} holds {}: stop it first, or audit a copy of the folder", folder.display())
        }
        None => anyhow::bail!(
            "{} holds no log of a node: name the node's own with --data DIR, or brokers with --brokers HOST:PORT",
            folder.display()
        ),
    }
}

/// A time, or so long ago.
fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Timestamp(i64::try_from(at.unix_timestamp_nanos() / 1_000_000)?));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    let ago = number.parse::<i64>().ok().filter(|_| millis > 0).and_then(|number| number.checked_mul(millis));
    let ago = ago.with_context(|| {
        format!(
            "{text:?} is no time: say one like 2026-03-01T09:15:00Z, or how long ago, like 90s, 30m, 2h, 7d"
        )
    })?;
    Ok(Timestamp(now.0.saturating_sub(ago)))
}

#[cfg(test)]
mod tests;
