//! The schemas of a team: its own files and the few of the runtime that manifests may speak of.
//!
//! A schema's file is named after its record: `schemas/Plan.avsc` holds the record `Plan`. An older
//! version is `schemas/Plan.v1.avsc`. Manifests use the short name; namespaces are the team's own matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use apache_avro::Schema;
use schemas_codec::{Codec, KnownSchema, Registry};
use schemas_records::tool::{KnowledgeQuery, Passages, SqlQuery, Table, ToolRequest};
use schemas_records::{Message, Text};

use crate::bounds;
use crate::folder::Folder;
use crate::logic::ManifestState;
use crate::problem::{Place, Report};

/// Where they stand.
const FOLDER: &str = "schemas";
/// How their names end.
const ENDING: &str = ".avsc";

/// The schemas that a team's manifests may name.
#[derive(Clone, Debug)]
pub(crate) struct Schemas {
    /// By short name.
    known: BTreeMap<String, Arc<KnownSchema>>,
    /// File and text of each of the team's own, older versions before newer ones.
    texts: Vec<(String, String)>,
}

impl Schemas {
    /// Reads the team's schemas and checks them.
    pub(crate) fn read(folder: &Folder, report: &mut Report<'_>) -> Option<Self> {
        let registry = runtime_registry().map_err(|error| {
            report.add(Place::default(), "", error.to_string(), "this is a bug of the runtime: report it");
        });
        let registry = registry.ok()?;
        let mut schemas = Self { known: BTreeMap::new(), texts: Vec::new() };
        for name in [Text::NAME, SqlQuery::NAME, Table::NAME, Passages::NAME] {
            if let Ok(schema) = registry.newest(name) {
                schemas.known.insert(short(name).to_owned(), schema);
            }
        }
        let own: Vec<String> = schemas.known.keys().cloned().collect();
        let mut files = folder.list(FOLDER, ENDING);
        if files.len() > bounds::SCHEMAS_MAX {
            let found = format!("{FOLDER} holds {} schemas", files.len());
            report.add(Place::default(), "", found, format!("at most {}", bounds::SCHEMAS_MAX));
            files.truncate(bounds::SCHEMAS_MAX);
        }
        files.sort_by_key(|file| version(file));
        for file in files {
            let mut report = report.of_file(&file);
            match folder.read(&file, bounds::FILE_BYTES_MAX) {
                Ok(text) => schemas.admit(&registry, &own, &file, text, &mut report),
                Err(unusable) => report.add(Place::default(), "", unusable.found, unusable.allowed),
            }
        }
        Some(schemas)
    }

    fn admit(
        &mut self,
        registry: &Registry,
        own: &[String],
        file: &str,
        text: String,
        report: &mut Report<'_>,
    ) {
        let place = Place { line: 1, column: 1 };
        let (stem, _) = version(file);
        let schema = match KnownSchema::parse(file, &text) {
            Ok(schema) => schema,
            Err(error) => {
                report.add(place, "", error.to_string(), "write an Avro record as JSON");
                return;
            }
        };
        if short(schema.name()) != stem {
            let found = format!("it holds the record {}", short(schema.name()));
            report.add(
                place,
                "name",
                found,
                format!("name the record {stem} as its file, or rename the file"),
            );
            return;
        }
        if own.contains(&stem) || schema.name().starts_with("tributary.") {
            let found = format!("{} is the runtime's own", schema.name());
            report.add(place, "name", found, "choose another name, and no namespace tributary");
            return;
        }
        if let Some(field) = bytes_in(&schema, schema.avro(), 0) {
            let found = format!("{field} holds bytes, which no expression can give");
            report.add(place, "fields", found, "use a string, or a reference to where the bytes are");
        }
        if let Err(error) = registry.register_text(file, &text) {
            report.add(place, "", error.to_string(), "keep every version of a record readable by the newest");
            return;
        }
        self.known.insert(stem, Arc::new(schema));
        self.texts.push((file.to_owned(), text));
    }

    /// The schema with this short name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<KnownSchema>> {
        self.known.get(name)
    }

    /// The short names of all.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// File and text of each of the team's own.
    pub(crate) fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// Makes the team's schemas known, and the runtime's that its agents speak.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), schemas_codec::Error> {
        for (file, text) in &self.texts {
            registry.register_text(file, text)?;
        }
        registry.register::<Text>()?;
        registry.register::<ToolRequest>()?;
        registry.register::<SqlQuery>()?;
        registry.register::<Table>()?;
        registry.register::<KnowledgeQuery>()?;
        registry.register::<Passages>()?;
        registry.register_state::<ManifestState>().map(drop)
    }

    /// A codec that knows them.
    pub(crate) fn codec(&self) -> Result<Codec, schemas_codec::Error> {
        let registry = Registry::new()?;
        self.register(&registry)?;
        Ok(Codec::new(registry))
    }
}

fn runtime_registry() -> Result<Registry, schemas_codec::Error> {
    let registry = Registry::new()?;
    registry.register_state::<ManifestState>()?;
    Ok(registry)
}

/// A full name without its namespace.
pub(crate) fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The record's name and version that a file's name says; the current one comes last.
fn version(file: &str) -> (String, u32) {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.strip_suffix(ENDING).unwrap_or(name);
    match stem.split_once(".v") {
        Some((record, number)) => (record.to_owned(), number.parse().unwrap_or(0)),
        None => (stem.to_owned(), u32::MAX),
    }
}

/// The first field with bytes in it. A record that holds itself is looked into once.
fn bytes_in(schema: &KnownSchema, of: &Schema, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    match schema.target(of) {
        Schema::Bytes | Schema::Fixed(_) | Schema::Decimal(_) | Schema::BigDecimal | Schema::Duration(_) => {
            Some("it".to_owned())
        }
        Schema::Array(array) => bytes_in(schema, &array.items, depth + 1),
        Schema::Map(map) => bytes_in(schema, &map.types, depth + 1),
        Schema::Union(union) => {
            union.variants().iter().find_map(|variant| bytes_in(schema, variant, depth + 1))
        }
        Schema::Record(record) => record
            .fields
            .iter()
            .find(|field| bytes_in(schema, &field.schema, depth + 1).is_some())
            .map(|field| format!("field {}", field.name)),
        _ => None,
    }
}

/// Deep enough for any message that somebody wrote down, and an end for one that holds itself.
const DEPTH_MAX: usize = 12;
