//! The folder of a team: its files, read within bounds, and never beyond the folder.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Most files that are looked at in one folder; a team's are a few dozen.
const LISTED_MAX: usize = 10_000;

/// A team's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// Why a file cannot be used: what was found, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) found: String,
    pub(crate) allowed: String,
}

impl Unusable {
    fn new(found: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { found: found.into(), allowed: allowed.into() }
    }
}

impl Folder {
    /// Opens a folder.
    pub(crate) fn open(path: &Path) -> Result<Self, Unusable> {
        let root = path.canonicalize().map_err(|error| {
            Unusable::new(format!("the folder cannot be opened: {error}"), "name a team's folder")
        })?;
        if !root.is_dir() {
            return Err(Unusable::new("it is no folder", "name a team's folder, which holds a team.toml"));
        }
        Ok(Self { root })
    }

    /// The text of a file, named from the team's folder with `/`.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Result<String, Unusable> {
        let path = self.inside(name)?;
        if !path.is_file() {
            return Err(Unusable::new(format!("{name} is no file"), "name a file"));
        }
        let cannot = |error: std::io::Error| {
            Unusable::new(format!("{name} cannot be read: {error}"), "see its permissions")
        };
        let file = std::fs::File::open(path).map_err(cannot)?;
        let mut bytes = Vec::new();
        file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > bytes_max {
            let found = format!("{name} has more than {bytes_max} bytes");
            return Err(Unusable::new(found, format!("at most {bytes_max}")));
        }
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Unusable::new(format!("{name} is not UTF-8 at byte {at}"), "save it as UTF-8")
        })
    }

    /// Where a path of the team leads, if it is there and lies in the team's folder.
    pub(crate) fn inside(&self, name: &str) -> Result<PathBuf, Unusable> {
        let leaves =
            || Unusable::new(format!("{name} leaves the team's folder"), "name a path inside it, without ..");
        let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !is_plain {
            return Err(leaves());
        }
        let path = self
            .root
            .join(name)
            .canonicalize()
            .map_err(|_| Unusable::new(format!("there is no {name}"), self.beside(name)))?;
        // A link may lead out although its name does not.
        if path.starts_with(&self.root) { Ok(path) } else { Err(leaves()) }
    }

    /// The names of the files of a folder that end so, sorted, from the team's folder. None if the folder
    /// is not there.
    pub(crate) fn list(&self, folder: &str, ending: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .take(LISTED_MAX)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(ending) && !name.starts_with('.'))
            .map(|name| format!("{folder}/{name}"))
            .collect();
        names.sort();
        names
    }

    /// A hint at the files that there are beside a missing one.
    fn beside(&self, name: &str) -> String {
        let (folder, _) = name.rsplit_once('/').unwrap_or((".", name));
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let files = self.list(folder, ending);
        let files: Vec<&str> =
            files.iter().map(|file| file.strip_prefix("./").unwrap_or(file.as_str())).collect();
        if files.is_empty() { "make it".to_owned() } else { crate::problem::hint(name, &files) }
    }
}
