//! The difference between two versions of a record, field by field, for people.
//!
//! It says what is different, not whether that matters: [`schemas_codec::compatibility`] does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemas_codec::KnownSchema;

/// Deepest field that is named by its own path; below it, a difference shows at this one. Deeper than any
/// message that people read.
const DEPTH_MAX: usize = 12;

/// One field that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, for example `parts[].title`.
    pub path: String,
    /// What the registry has there; `None` for nothing.
    pub there: Option<String>,
    /// What is here; `None` for nothing.
    pub here: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.there, &self.here) {
            (None, Some(here)) => write!(f, "+ {}: {here} is new here", self.path),
            (Some(there), None) => write!(f, "- {}: {there} is gone here", self.path),
            (there, here) => {
                let shown = |side: &Option<String>| side.clone().unwrap_or_default();
                write!(f, "~ {}: {} there, {} here", self.path, shown(there), shown(here))
            }
        }
    }
}

/// What is different between the registry's schema and the one here.
#[must_use]
pub fn difference(there: &KnownSchema, here: &KnownSchema) -> Vec<Change> {
    let (there, here) = (fields(there), fields(here));
    let paths: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    let changed = paths.into_iter().filter(|path| there.get(*path) != here.get(*path));
    let change = |path: &String| Change {
        path: path.clone(),
        there: there.get(path).cloned(),
        here: here.get(path).cloned(),
    };
    // Where a whole record came or went, its fields say nothing more.
    let mut changes: Vec<Change> = Vec::new();
    for change in changed.map(change) {
        let is_inside = |outer: &Change| {
            (outer.there.is_none() || outer.here.is_none())
                && change.path.strip_prefix(&outer.path).is_some_and(|rest| rest.starts_with(['.', '[', '{']))
        };
        if !changes.iter().any(is_inside) {
            changes.push(change);
        }
    }
    changes
}

/// Every field by its path, with its type and default in words.
fn fields(schema: &KnownSchema) -> BTreeMap<String, String> {
    let mut walk = Walk { found: BTreeMap::new(), within: Vec::new() };
    if let Ok(json) = serde_json::from_str(schema.canonical()) {
        walk.canonical_fields(&json, "");
    }
    let mut found = walk.found;
    if let Ok(json) = serde_json::from_str(schema.text()) {
        note_defaults(&json, "", &mut found, 0);
    }
    found.insert("(record)".to_owned(), schema.name().to_owned());
    found
}

type Json = serde_json::Value;

struct Walk {
    found: BTreeMap<String, String>,
    /// The records around this place, so that one which holds itself comes to an end.
    within: Vec<String>,
}

impl Walk {
    /// The fields of a record in canonical form, below `path`.
    fn canonical_fields(&mut self, record: &Json, path: &str) {
        let name = record["name"].as_str().unwrap_or_default().to_owned();
        if self.within.len() >= DEPTH_MAX || self.within.contains(&name) {
            return;
        }
        self.within.push(name);
        for field in record["fields"].as_array().into_iter().flatten() {
            let name = field["name"].as_str().unwrap_or_default();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            self.found.insert(path.clone(), words(&field["type"]));
            self.inside(&field["type"], &path);
        }
        self.within.pop();
    }

    /// The records inside a type.
    fn inside(&mut self, kind: &Json, path: &str) {
        match kind {
            Json::Array(branches) => branches.iter().for_each(|branch| self.inside(branch, path)),
            Json::Object(object) => match object.get("type").and_then(Json::as_str) {
                Some("record") => self.canonical_fields(kind, path),
                Some("array") => self.inside(&kind["items"], &format!("{path}[]")),
                Some("map") => self.inside(&kind["values"], &format!("{path}{{}}")),
                _ => {}
            },
            _ => {}
        }
    }
}

/// A type of the canonical form in words.
fn words(kind: &Json) -> String {
    match kind {
        Json::String(name) => name.clone(),
        Json::Array(branches) => {
            let branches: Vec<String> = branches.iter().map(words).collect();
            format!("one of {}", branches.join(" or "))
        }
        Json::Object(object) => {
            let name = object.get("name").and_then(Json::as_str).unwrap_or_default();
            match object.get("type").and_then(Json::as_str) {
                Some("array") => format!("a list of {}", words(&kind["items"])),
                Some("map") => format!("a map of {}", words(&kind["values"])),
                Some("enum") => {
                    let symbols = kind["symbols"].as_array().into_iter().flatten();
                    let symbols: Vec<&str> = symbols.filter_map(Json::as_str).collect();
                    format!("the enum {name} ({})", symbols.join(", "))
                }
                Some("fixed") => format!("{} bytes {name}", kind["size"]),
                Some("record") => format!("the record {name}"),
                _ => kind.to_string(),
            }
        }
        other => other.to_string(),
    }
}

/// Adds the defaults, which the canonical form leaves out, to the fields that have them.
fn note_defaults(kind: &Json, path: &str, found: &mut BTreeMap<String, String>, depth: usize) {
    if depth > DEPTH_MAX * 2 {
        return;
    }
    match kind {
        Json::Array(branches) => {
            branches.iter().for_each(|branch| note_defaults(branch, path, found, depth + 1));
        }
        Json::Object(object) => {
            for field in object.get("fields").and_then(Json::as_array).into_iter().flatten() {
                let name = field["name"].as_str().unwrap_or_default();
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                if let (Some(default), Some(words)) = (field.get("default"), found.get_mut(&path)) {
                    *words = format!("{words} (default {default})");
                }
                note_defaults(&field["type"], &path, found, depth + 1);
            }
            for (key, suffix) in [("items", "[]"), ("values", "{}"), ("type", "")] {
                if let Some(inner) = object.get(key).filter(|inner| !inner.is_string()) {
                    note_defaults(inner, &format!("{path}{suffix}"), found, depth + 1);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
