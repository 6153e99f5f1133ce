//! `tributary new TEAM`: a small team that runs as it stands, with comments that teach the grammar.

use std::io;
use std::path::Path;

/// Lists one file and its text.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("skeleton/", $name)))
    };
}

/// Its files.
const FILES: [(&str, &str); 13] = [
    file!("team.toml"),
    file!("tasks.jsonl"),
    file!("agents/planner.toml"),
    file!("agents/planner.md"),
    file!("agents/analyst.toml"),
    file!("agents/analyst.md"),
    file!("agents/synthesizer.toml"),
    file!("agents/synthesizer.md"),
    file!("schemas/Question.avsc"),
    file!("schemas/Plan.avsc"),
    file!("schemas/Part.avsc"),
    file!("schemas/Finding.avsc"),
    file!("schemas/Answer.avsc"),
];

/// Why a skeleton could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a name that topics and groups can carry.
    #[error("name the team {name:?}: use up to 48 small letters, digits and -, beginning with a letter")]
    Name {
        /// What was asked for.
        name: String,
    },
    /// There is something already.
    #[error("write a team into {folder}: there is something already; name a new folder")]
    NotEmpty {
        /// Where.
        folder: String,
    },
    /// The file system refuses.
    #[error("write {file}: {error}; see the folder's permissions and space")]
    Write {
        /// What.
        file: String,
        /// Why.
        error: io::Error,
    },
}

/// Writes a team of this name into a folder that does not exist yet, or is empty.
///
/// # Errors
/// [`Error`]; what stands in the folder is never written over.
pub fn write(folder: &Path, name: &str) -> Result<(), Error> {
    if !topics_catalog::is_name(name) {
        return Err(Error::Name { name: name.to_owned() });
    }
    let is_free = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(Error::NotEmpty { folder: folder.display().to_string() });
    }
    for (file, text) in FILES {
        let path = folder.join(file);
        let failed = |error| Error::Write { file: path.display().to_string(), error };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        // A namespace has no hyphens.
        let text = text.replace("TEAM_NAMESPACE", &name.replace('-', "_")).replace("TEAM", name);
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}
