//! Where a run without brokers keeps its log and state: what was interrupted, also by `kill -9`, goes on;
//! what was done begins anew.

use std::path::{Path, PathBuf};

use anyhow::Context;
use infra_node::Config;

use crate::args::{Command, Show};

/// Below the folder of the results, a folder for each team.
const FOLDER: &str = "node";

/// Where results go if nothing is said.
const OUT: &str = "out";

/// A file that every store on disk has in its folder: what else lies there was put there by somebody else.
const MARK: &str = "holder";

/// A file that says that the run's tasks have all ended.
const DONE: &str = "done";

/// A run's folder, if it is this room's to look after: one that the user named is not.
pub(crate) struct Kept {
    folder: PathBuf,
}

/// Chooses the folder of a command that has neither brokers nor a folder of its own, and clears away what
/// an earlier run has done.
///
/// # Errors
/// A folder that is in use, or holds something else, or cannot be removed.
pub(crate) async fn choose(
    config: &mut Config,
    command: &Command,
    team: &str,
) -> anyhow::Result<Option<Kept>> {
    if config.brokers.is_some() || config.data.is_some() {
        return Ok(None);
    }
    let show: Option<&Show> = match command {
        Command::Demo(demo) => Some(&demo.show),
        Command::Run(run) => Some(&run.show),
        Command::Ask(_) => None,
        _ => return Ok(None),
    };
    let out = show.map_or(Path::new(OUT), |show| &show.out);
    let folder = out.join(FOLDER).join(team);
    config.set_data(&folder);
    let Some(show) = show else { return Ok(None) };
    if folder.exists() {
        let is_done = folder.join(DONE).exists();
        if show.fresh || is_done {
            remove(config, &folder).await?;
        } else {
            println!("going on with what was interrupted; --fresh begins anew");
        }
    }
    Ok(Some(Kept { folder }))
}

async fn remove(config: &Config, folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        folder.join(MARK).exists(),
        "{} holds no run of ours: name another folder with --out",
        folder.display()
    );
    // Whoever holds it is told by name; dropped at once, it is nobody's while it is removed.
    drop(infra_node::open(config).await.context("could not begin anew while the last run goes on")?);
    std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))
}

impl Kept {
    /// Every task has ended: the next run begins anew. Until then the log can be asked.
    pub(crate) fn done(&self) -> anyhow::Result<()> {
        let path = self.folder.join(DONE);
        std::fs::write(&path, "").with_context(|| format!("could not write {}", path.display()))
    }
}
