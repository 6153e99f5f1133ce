//! Where a run without brokers keeps its log and state: what was interrupted, also by `kill -9`, goes on, as
//! long as it is the same run; what was done begins anew.
//!
//! It knows which folder, and what the run in it is of. What lies in the stores is theirs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use infra_node::{Config, Held, Hold, Team};
use schemas_records::ids::content_hash;
use serde::{Deserialize, Serialize};

use crate::args::Show;
use crate::submit::Task;

/// Where results go if nothing is said.
pub(crate) const OUT: &str = "out";

/// Below the folder of the results, a folder for each team.
const FOLDER: &str = "node";

/// A file that says that the run's tasks have all ended.
const DONE: &str = "done";

/// A file that says what the run is of.
const ABOUT: &str = "run.json";

/// The same, half written.
const DRAFT: &str = "run.json.draft";

/// What a run is of. It goes on only with the same: else its stored answers would be those to other questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    /// The team's name.
    team: String,
    /// Its folder, if it is not the program's own.
    folder: Option<PathBuf>,
    /// [`Team::digest`].
    team_digest: String,
    tasks: usize,
    tasks_digest: String,
}

impl About {
    fn of(team: &Team, folder: Option<&Path>, tasks: &[Task]) -> anyhow::Result<Self> {
        let parts: Vec<&[u8]> =
            tasks.iter().flat_map(|task| [task.id.as_bytes(), task.json.as_bytes()]).collect();
        // Commands that look at the run may be started elsewhere.
        let folder = folder.map(|folder| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()));
        Ok(Self {
            team: team.name().to_owned(),
            folder,
            team_digest: team.digest()?,
            tasks: tasks.len(),
            tasks_digest: content_hash(&parts),
        })
    }

    /// What stands in a run's folder; `None` if nothing does.
    fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(ABOUT);
        let attempted = || format!("could not read {}; --fresh begins anew", path.display());
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => Ok(Some(serde_json::from_slice(&read.with_context(attempted)?).with_context(attempted)?)),
        }
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let (path, draft) = (folder.join(ABOUT), folder.join(DRAFT));
        let write =
            || fs::write(&draft, serde_json::to_string(self)?).and_then(|()| fs::rename(&draft, &path));
        write().with_context(|| format!("could not write {}", path.display()))
    }

    /// What of it is not what it was, in words.
    fn changes_since(&self, then: &Self) -> Option<String> {
        let mut changes = Vec::new();
        if self.team_digest != then.team_digest {
            changes.push("the team has changed (agents, prompts or schemas)".to_owned());
        }
        if self.tasks_digest != then.tasks_digest {
            changes.push(format!("the tasks have changed (there were {}, now {})", then.tasks, self.tasks));
        }
        (!changes.is_empty()).then(|| changes.join(" and "))
    }
}

/// A file that a run leaves beside the store's.
pub(crate) fn is_ours(name: &str) -> bool {
    [DONE, ABOUT, DRAFT, infra_node::REGISTRY_NOTE].contains(&name) || infra_http::admin::is_note(name)
}

/// A run that may begin, or go on: nothing of what lies in its folder was touched yet.
pub(crate) struct Kept {
    folder: PathBuf,
    about: About,
    /// What lies there, in our hands.
    found: Option<Found>,
}

struct Found {
    hold: Hold,
    /// Whether it is to be removed first.
    is_over: bool,
}

/// Chooses the folder of a run that has neither brokers nor a folder of its own.
///
/// # Errors
/// A folder that is in use, holds something else, or an interrupted run of something else.
pub(crate) fn choose(
    config: &mut Config,
    show: &Show,
    team: (&Team, Option<&Path>),
    tasks: &[Task],
) -> anyhow::Result<Option<Kept>> {
    if config.brokers.is_some() || config.data().is_some() {
        return Ok(None);
    }
    let folder = place(&show.out, team.0.name());
    config.set_data(&folder);
    let about = About::of(team.0, team.1, tasks)?;
    let hold = match Hold::look(&folder).map_err(infra_node::Error::from_store)? {
        Some(Held::Free(hold)) => hold,
        Some(Held::By(holder)) => anyhow::bail!(
            "{holder} is at the run in {}: wait for its end, stop it, or give this one another --out",
            folder.display()
        ),
        None => {
            let is_empty =
                fs::read_dir(&folder).map_or(!folder.exists(), |mut entries| entries.next().is_none());
            anyhow::ensure!(
                is_empty,
                "{} holds no run of ours: name another folder with --out",
                folder.display()
            );
            return Ok(Some(Kept { folder, about, found: None }));
        }
    };
    let is_over = show.fresh || folder.join(DONE).exists();
    if !is_over {
        let shown = folder.display();
        let change = match About::read(&folder)? {
            Some(then) => about.changes_since(&then),
            // Killed before it began.
            None if !hold.has_rows() => None,
            None => Some("it does not say what it is of".to_owned()),
        };
        if let Some(change) = change {
            anyhow::bail!(
                "the run in {shown} was interrupted and cannot go on: {change}; --fresh begins anew, --out DIR \
                 begins elsewhere"
            );
        }
    }
    Ok(Some(Kept { folder, about, found: Some(Found { hold, is_over }) }))
}

/// A run's folder.
fn place(out: &Path, team: &str) -> PathBuf {
    out.join(FOLDER).join(team)
}

impl Kept {
    /// Clears away what an earlier run has done, and takes the folder for this one. Nothing is left to go wrong
    /// but the disk.
    ///
    /// # Errors
    /// What cannot be removed or written.
    pub(crate) fn begin(self) -> anyhow::Result<(Hold, Running)> {
        let Self { folder, about, found } = self;
        let held = match found {
            Some(Found { hold, is_over: true }) => {
                let left = hold.remove(is_ours).map_err(infra_node::Error::from_store)?;
                if !left.is_empty() {
                    println!(
                        "removed the last run; {} is not ours and stays: {}",
                        folder.display(),
                        left.join(", ")
                    );
                }
                None
            }
            Some(Found { hold, .. }) => {
                println!("going on with what was interrupted; --fresh begins anew");
                Some(hold)
            }
            None => None,
        };
        let hold = held.map_or_else(|| Hold::take(&folder), Ok).map_err(infra_node::Error::from_store)?;
        about.write(&folder)?;
        Ok((hold, Running { folder }))
    }
}

/// A run that goes on.
pub(crate) struct Running {
    folder: PathBuf,
}

impl Running {
    /// Every task has ended: the next run begins anew. Until then the log can be asked.
    pub(crate) fn done(&self) -> anyhow::Result<()> {
        let path = self.folder.join(DONE);
        fs::write(&path, "").with_context(|| format!("could not write {}", path.display()))
    }
}

/// What a command that asks is asked about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A run of a team in this folder.
    Folder(PathBuf),
    /// A run of the program's own team, or of the team that was named.
    Own,
}

/// Finds the run that a command asks about: that of the team that was named, that in the folder that was named,
/// or the only one there is below the folder of results `out`.
///
/// # Errors
/// None, or several, with what to say.
pub(crate) fn find(config: &mut Config, out: &Path, own: &str) -> anyhow::Result<Asked> {
    if config.brokers.is_none() && config.data().is_none() {
        let folder = only(&out.join(FOLDER))?;
        config.set_data(&folder);
    }
    let about = config.data().map(About::read).transpose()?.flatten();
    match about {
        Some(About { folder: Some(folder), .. }) => Ok(Asked::Folder(folder)),
        Some(About { team, .. }) if team != own => {
            anyhow::bail!("this is a run of team {team:?}, which this program does not have")
        }
        _ => Ok(Asked::Own),
    }
}

/// The folder of the only run.
fn only(folder: &Path) -> anyhow::Result<PathBuf> {
    let runs = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = runs.filter(|run| Hold::is_marked(run)).collect();
    runs.sort_unstable();
    match runs.as_slice() {
        [run] => Ok(run.clone()),
        [] => anyhow::bail!(
            "there is no run in {}: name a node's or a run's folder with --data DIR, or brokers with --brokers \
             HOST:PORT",
            folder.display()
        ),
        _ => {
            let mut said = format!("there are several runs in {}; say which:", folder.display());
            for run in &runs {
                // Writing to a text cannot fail.
                let _ = write!(said, "\n  --data {}", run.display());
            }
            anyhow::bail!(said)
        }
    }
}

/// The folder of a run of this team, for whoever names the team and not the folder.
pub(crate) fn of_team(config: &mut Config, out: &Path, team: &str) {
    if config.brokers.is_none() && config.data().is_none() {
        config.set_data(&place(out, team));
    }
}

#[cfg(test)]
mod tests;
