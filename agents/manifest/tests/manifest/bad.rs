//! What is wrong with a folder is said in full: file, line, column, field, what was found, what is allowed.

mod files;
mod messages;
mod shape;
mod words;

use agents_manifest::{Loaded, Problems};

use super::folder::Files;

/// Loads a good team after one change, and compares everything that is said of it.
fn check(change: fn(&mut Files) -> &mut Files, expected: &[&str]) {
    let mut files = Files::good();
    change(&mut files);
    assert_eq!(said(files.load()).lines().collect::<Vec<_>>(), expected);
}

fn said(loaded: Result<Loaded, Problems>) -> String {
    loaded.map_or_else(|problems| problems.to_string(), |_| "nothing is wrong".to_owned())
}

const ASKER: &str = "agents/asker.toml";
