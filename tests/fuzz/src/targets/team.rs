//! A team's folder, as a stranger writes it.

use std::path::{Component, Path};

use crate::bytes::{first_line, joined, parts};

/// Most files of a folder that is tried.
const FILES_MAX: usize = 32;

/// Parts: files, the name in the first line.
pub(super) fn run(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    for part in parts(bytes).into_iter().take(FILES_MAX) {
        let (name, text) = first_line(part);
        let path = Path::new(&name);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || name.contains('\0') || !is_inside {
            continue;
        }
        let path = folder.path().join(path);
        if let Some(around) = path.parent() {
            let _ = std::fs::create_dir_all(around);
        }
        let _ = std::fs::write(path, text);
    }
    match agents_manifest::load(folder.path()) {
        Ok(team) => {
            let _ = agents_manifest::draw::text(&team);
            let _ = agents_manifest::draw::mermaid(&team);
        }
        Err(problems) => assert!(!problems.to_string().is_empty(), "refused without a word"),
    }
}

/// A team's folder as one input.
pub(super) fn bundle(folder: &Path) -> Vec<u8> {
    let mut files = Vec::new();
    gather(folder, folder, &mut files);
    files.sort();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    joined(&files)
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if let (Ok(name), Ok(text)) = (path.strip_prefix(root), std::fs::read(&path)) {
            files.push([name.to_string_lossy().as_bytes(), b"\n", &text].concat());
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    vec![bundle(&super::project().join("tests/teams/outline"))]
}
