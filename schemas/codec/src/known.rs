//! A schema that this process knows: parsed once, with its id and all it takes to read and write by it.
//!
//! It says nothing of where the schema came from nor of its other versions: that is the registry's.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

use apache_avro::schema::{Name, NamesRef, RecordSchema};
use apache_avro::types::Value;
use apache_avro::{GenericSingleObjectReader, Schema};
use schemas_records::Message;

use crate::canonical;
use crate::defaults;
use crate::error::Error;

/// A schema's id as it stands in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub u32);

impl SchemaId {
    /// The id that a process without a registry gives: the upper 31 bits of the fingerprint. It needs no table, so it
    /// is the same in every process and build; 31 bits, because most clients read a signed number.
    #[must_use]
    pub const fn of_fingerprint(fingerprint: u64) -> Self {
        Self((fingerprint >> 33) as u32)
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One version of one record's schema.
pub struct KnownSchema {
    /// The id in frames, once it was asked for; set by the registry, which knows whom to ask.
    framed: OnceLock<SchemaId>,
    parsed: Arc<Parsed>,
}

/// All of a schema that is the same for every registry.
struct Parsed {
    id: SchemaId,
    text: String,
    /// The very bytes that were parsed: whoever has the same need not parse them again.
    given: Box<str>,
    name: String,
    fingerprint: u64,
    canonical: String,
    root: Schema,
    /// The named types that the schema refers to by name, for look-ups only. Empty for most schemas.
    names: HashMap<Name, Schema>,
    /// apache-avro's reader. Its header is empty: frames are ours.
    reader: GenericSingleObjectReader,
}

impl KnownSchema {
    /// Parses a record's schema. `source` says in errors which text it was.
    ///
    /// # Errors
    /// [`Error::Schema`], if the text is no Avro schema or not one of a record.
    pub fn parse(source: &str, text: &str) -> Result<Self, Error> {
        let wrong = |message: String| Error::Schema { name: source.to_owned(), message };
        defaults::check(text).map_err(wrong)?;
        let root = Schema::parse_str(text).map_err(|error| wrong(cause(&error)))?;
        let Schema::Record(record) = &root else {
            return Err(wrong(format!("it is a {}, not a record", canonical::primitive_name(&root))));
        };
        let name = record.name.to_string();
        let canonical = canonical::form(&root);
        let fingerprint = canonical::fingerprint(&canonical);
        let reader = GenericSingleObjectReader::builder()
            .schema(root.clone())
            .header(Vec::new())
            .build()
            .map_err(|error| wrong(cause(&error)))?;
        let parsed = Parsed {
            id: SchemaId::of_fingerprint(fingerprint),
            text: compact(text),
            given: text.into(),
            name,
            fingerprint,
            canonical,
            names: referenced(&root),
            root,
            reader,
        };
        Ok(Self { framed: OnceLock::new(), parsed: Arc::new(parsed) })
    }

    /// The same schema for another registry, which has not asked for its id in frames.
    pub(crate) fn unframed(&self) -> Self {
        Self { framed: OnceLock::new(), parsed: Arc::clone(&self.parsed) }
    }

    /// The id that its fingerprint gives; in frames too, unless a registry gave another.
    #[must_use]
    pub fn id(&self) -> SchemaId {
        self.parsed.id
    }

    /// The schema as it was written down, with docs and defaults, but without white space between.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Whether it was parsed from these very bytes.
    pub(crate) fn is_of(&self, text: &str) -> bool {
        *self.parsed.given == *text
    }

    /// The id in frames, as far as it is known.
    pub(crate) fn framed(&self) -> Option<SchemaId> {
        self.framed.get().copied()
    }

    /// Keeps the id in frames; the first one stays.
    pub(crate) fn frame_with(&self, id: SchemaId) -> SchemaId {
        *self.framed.get_or_init(|| id)
    }

    /// The record's full name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parsed.name
    }

    /// CRC-64-AVRO of the canonical form.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.parsed.fingerprint
    }

    /// The canonical form.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.parsed.canonical
    }

    /// The schema as apache-avro parsed it; its root is a record.
    #[must_use]
    pub fn avro(&self) -> &Schema {
        &self.parsed.root
    }

    /// The type behind a reference; any other schema is itself.
    #[must_use]
    pub fn target<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        match schema {
            Schema::Ref { name } => self.parsed.names.get(name).unwrap_or(schema),
            other => other,
        }
    }

    /// Appends the body of `message`, straight from serde.
    pub(crate) fn write<M: Message>(&self, message: &M, out: &mut Vec<u8>) -> Result<(), Error> {
        let names: NamesRef<'_> =
            self.parsed.names.iter().map(|(name, schema)| (name.clone(), schema)).collect();
        apache_avro::write_avro_datum_ref(&self.parsed.root, &names, message, out)
            .map(drop)
            .map_err(|error| Error::Encode { record: self.parsed.name.clone(), message: cause(&error) })
    }

    /// Reads a checked body that was written with this very schema, straight into serde.
    pub(crate) fn read<M: Message>(&self, mut body: &[u8]) -> Result<M, Error> {
        // The reader has no second schema, with which `read_deser` would panic.
        self.parsed.reader.read_deser(&mut body).map_err(|error| self.cannot_decode(&cause(&error)))
    }

    /// Reads a checked body that was written with `writer`'s schema, resolved to this one.
    pub(crate) fn read_resolved<M: Message>(&self, writer: &Self, mut body: &[u8]) -> Result<M, Error> {
        let cannot_resolve = |error: &apache_avro::Error| Error::Resolve {
            record: self.parsed.name.clone(),
            id: writer.parsed.id,
            message: cause(error),
        };
        let value = writer.parsed.reader.read_value(&mut body).map_err(|error| cannot_resolve(&error))?;
        let value: Value = value
            .resolve_with_names(&self.parsed.root, &self.parsed.names)
            .map_err(|error| cannot_resolve(&error))?;
        apache_avro::from_value(&value).map_err(|error| self.cannot_decode(&cause(&error)))
    }

    fn cannot_decode(&self, message: &str) -> Error {
        Error::Decode { record: self.parsed.name.clone(), message: message.to_owned() }
    }

    /// Every record type in the schema, the root first, each once.
    pub(crate) fn records(&self) -> Vec<&RecordSchema> {
        let mut named = Vec::new();
        collect(&self.parsed.root, &mut named, &mut BTreeSet::new());
        named
            .into_iter()
            .filter_map(|schema| match schema {
                Schema::Record(record) => Some(record),
                _ => None,
            })
            .collect()
    }
}

impl fmt::Debug for KnownSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSchema({} {})", self.parsed.name, self.parsed.id)
    }
}

/// JSON without white space between; what is no JSON stays as it is, and the parser has refused it.
fn compact(text: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    value.map_or_else(|_| text.to_owned(), |value| value.to_string())
}

/// Most characters kept of an error of apache-avro: some of them print whole schemas and values, and an
/// error ends in headers and logs.
const CAUSE_CHARS_MAX: usize = 300;

/// What apache-avro said, on one line, within [`CAUSE_CHARS_MAX`].
fn cause(error: &apache_avro::Error) -> String {
    use apache_avro::error::Details;
    let text = match error.details() {
        Details::DeserializeSchemaAware { value, schema, .. } => {
            format!("{value} (the schema says {})", canonical::primitive_name(schema))
        }
        Details::SerializeValueWithSchema { value, schema, .. } => {
            format!("{value} (the schema says {})", canonical::primitive_name(schema))
        }
        Details::SerializeRecordFieldWithSchema { field_name, error, .. } => {
            format!("field {field_name}: {error}")
        }
        other => other.to_string(),
    };
    let text = text.replace('\n', " ");
    match text.char_indices().nth(CAUSE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The named types that are referred to by name somewhere in `root`.
fn referenced(root: &Schema) -> HashMap<Name, Schema> {
    let mut named = Vec::new();
    let mut references = BTreeSet::new();
    collect(root, &mut named, &mut references);
    named
        .into_iter()
        .filter_map(|schema| {
            let name = schema.name()?;
            references.contains(name.as_ref()).then(|| (name.clone(), schema.clone()))
        })
        .collect()
}

/// Gathers all named types and all names that are referred to.
fn collect<'s>(schema: &'s Schema, named: &mut Vec<&'s Schema>, references: &mut BTreeSet<&'s str>) {
    match schema {
        Schema::Ref { name } => {
            references.insert(name.as_ref());
        }
        Schema::Array(array) => collect(&array.items, named, references),
        Schema::Map(map) => collect(&map.types, named, references),
        Schema::Union(union) => {
            for branch in union.variants() {
                collect(branch, named, references);
            }
        }
        Schema::Record(record) => {
            named.push(schema);
            for field in &record.fields {
                collect(&field.schema, named, references);
            }
        }
        other if other.is_named() => named.push(other),
        _ => {}
    }
}
