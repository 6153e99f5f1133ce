//! The targets by name.

mod answer;
mod doors;
mod folder;
mod headers;
mod inbox;
mod message;
mod registry;
mod rows;
mod schema;
mod state;
mod team;

use std::path::{Path, PathBuf};

/// A decoder.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and its corpus' folder's.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Decodes; panics if it should not have done what it did.
    pub run: fn(&[u8]),
    /// Good inputs to begin with, made of what the project has.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How many changes of each input `cargo test` makes: fewer where one takes long.
    pub changes: usize,
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target {
        name: "message",
        what: "framed Avro and JSON, as they come from topics",
        run: message::run,
        seeds: message::seeds,
        changes: 40,
    },
    Target {
        name: "state",
        what: "rows read back: works, journals, attempts, states",
        run: state::run,
        seeds: state::seeds,
        changes: 200,
    },
    Target {
        name: "schema",
        what: "schemas of a team or a registry, and messages by them",
        run: schema::run,
        seeds: schema::seeds,
        changes: 60,
    },
    Target {
        name: "headers",
        what: "record headers, ids, budgets, addresses",
        run: headers::run,
        seeds: headers::seeds,
        changes: 200,
    },
    Target {
        name: "inbox",
        what: "a record in an agent's inbox and the row of its work",
        run: inbox::run,
        seeds: inbox::seeds,
        changes: 60,
    },
    Target {
        name: "answer",
        what: "what a model's server sends: bodies, streams, errors",
        run: answer::run,
        seeds: answer::seeds,
        changes: 200,
    },
    Target {
        name: "doors",
        what: "requests at the doors of a node: heads, paths, bodies",
        run: doors::run,
        seeds: doors::seeds,
        changes: 60,
    },
    Target {
        name: "registry",
        what: "what a schema registry answers",
        run: registry::run,
        seeds: registry::seeds,
        changes: 30,
    },
    Target {
        name: "team",
        what: "a team's folder: its file, manifests, prompts, schemas, tasks",
        run: team::run,
        seeds: team::seeds,
        changes: 40,
    },
    Target {
        name: "rows",
        what: "the log's rows on disk, whatever is in them",
        run: rows::run,
        seeds: rows::seeds,
        changes: 4,
    },
    Target {
        name: "folder",
        what: "a log's folder whose files are damaged",
        run: folder::run,
        seeds: folder::seeds,
        changes: 1,
    },
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// The project's folder.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The golden messages, or states, of every released version.
fn golden(states: bool) -> Vec<Vec<u8>> {
    let folder = project().join("schemas/avro/golden");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    paths.sort();
    let is_state = |path: &PathBuf| path.to_string_lossy().ends_with(".state.bin");
    paths.iter().filter(|path| is_state(path) == states).filter_map(|path| std::fs::read(path).ok()).collect()
}
