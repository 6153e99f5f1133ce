//! What was heard from a registry, kept in a file: so a node that knows its ids starts while the registry
//! is away.
//!
//! The file is a copy and may be removed at any time. It belongs to one process at a time, that which holds
//! the folder it lies in.

use std::path::{Path, PathBuf};

use schemas_codec::SchemaId;
use serde::{Deserialize, Serialize};

/// Largest file that is read: a thousand schemas of some kilobytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Ids and what they mean.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Whose ids they are.
    registry: String,
    schemas: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u32,
    schema: String,
}

/// What the file holds of this registry; nothing if there is none, or it cannot be read, which is said.
pub(crate) fn read(path: &Path, registry: &str) -> Vec<(SchemaId, String)> {
    match try_read(path) {
        Ok(Some(kept)) if kept.registry == registry => {
            kept.schemas.into_iter().map(|entry| (SchemaId(entry.id), entry.schema)).collect()
        }
        Ok(_) => Vec::new(),
        Err(problem) => {
            tracing::warn!(path = %path.display(), %problem,
                "what was heard from the schema registry cannot be read, and is asked for anew");
            Vec::new()
        }
    }
}

fn try_read(path: &Path) -> Result<Option<Kept>, String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(about) if about.len() > FILE_BYTES_MAX => return Err(format!("it has {} bytes", about.len())),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map(Some).map_err(|error| error.to_string())
}

/// Writes the file anew; whoever reads it finds the old one or the new one, whole.
pub(crate) fn write(path: &Path, registry: &str, schemas: &[(SchemaId, String)]) {
    let schemas = schemas.iter().map(|(id, schema)| Entry { id: id.0, schema: schema.clone() }).collect();
    let kept = Kept { registry: registry.to_owned(), schemas };
    if let Err(problem) = try_write(path, &kept) {
        tracing::warn!(path = %path.display(), %problem,
            "what was heard from the schema registry cannot be kept; without it this node does not start while the registry is away");
    }
}

fn try_write(path: &Path, kept: &Kept) -> Result<(), String> {
    let text = serde_json::to_vec(kept).map_err(|error| error.to_string())?;
    let mut beside = PathBuf::from(path);
    beside.set_extension("new");
    std::fs::write(&beside, text).map_err(|error| error.to_string())?;
    std::fs::rename(&beside, path).map_err(|error| error.to_string())
}
