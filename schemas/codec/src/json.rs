//! JSON for people and producers without Avro: read strictly against a schema, and shown.
//!
//! Plain JSON, not Avro's tagged JSON: a union's value stands for itself. Everything is an error that a
//! schema does not allow; nothing is guessed. A name that stands twice in one object counts once, the last
//! time, as JSON parsers have it.

mod read;
mod write;

use apache_avro::Schema;
use apache_avro::schema::EnumSchema;
use serde_json::Value;

use crate::body::DEPTH_MAX;
use crate::canonical::primitive_name;
use crate::error::Error;
use crate::known::KnownSchema;

pub(crate) use read::read;

/// Most values that a schema's defaults may come to in one message: a default may hold records whose fields
/// have defaults again, two in each, without end but for [`DEPTH_MAX`]. A million is what a message within
/// the usual bounds could not hold either.
pub const DEFAULT_VALUES_MAX: usize = 1_000_000;

/// Why a JSON value does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The record has no such field.
    #[error("unknown field; {hint}")]
    UnknownField {
        /// The nearest field, or all fields.
        hint: String,
    },
    /// The field is not there and has no default.
    #[error("missing field, expected {expected}")]
    MissingField {
        /// The field's type.
        expected: String,
    },
    /// Another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The schema's type.
        expected: String,
        /// The JSON that was there, cut short.
        found: String,
    },
    /// A number outside its type.
    #[error("{found} is out of range for {expected}")]
    OutOfRange {
        /// The schema's type.
        expected: String,
        /// The number.
        found: String,
    },
    /// The enum has no such symbol.
    #[error("unknown symbol {found}; {hint}")]
    UnknownSymbol {
        /// The symbol.
        found: String,
        /// The nearest symbol, or all of them.
        hint: String,
    },
    /// JSON has no bytes.
    #[error("{expected} cannot be sent as JSON; send this record as Avro")]
    Bytes {
        /// `bytes` or `fixed`.
        expected: &'static str,
    },
    /// Two branches of a union look alike in JSON.
    #[error("JSON cannot tell which of {branches} is meant; send this record as Avro")]
    Ambiguous {
        /// The union's branches.
        branches: String,
    },
    /// Deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// More than [`DEFAULT_VALUES_MAX`].
    #[error("its defaults come to more than {DEFAULT_VALUES_MAX} values")]
    TooManyDefaults,
}

/// Parses JSON text. serde_json itself stops at 128 levels.
pub(crate) fn parse(record: &str, text: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(text)
        .map_err(|error| Error::NotUtf8 { record: record.to_owned(), at: error.valid_up_to() })?;
    serde_json::from_str(text)
        .map_err(|error| Error::NotJson { record: record.to_owned(), message: error.to_string() })
}

/// Appends the body of a record that is given as JSON.
pub(crate) fn write(schema: &KnownSchema, value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
    write::Writer::new(schema, out).value(schema.avro(), value, 0).map_err(|flaw| Error::Json {
        record: schema.name().to_owned(),
        path: flaw.path(),
        problem: flaw.problem,
    })
}

/// Checks that every default in a schema fits its field, so that none can fail later.
pub(crate) fn check_defaults(schema: &KnownSchema) -> Result<(), Error> {
    let mut scratch = Vec::new();
    for record in schema.records() {
        for field in &record.fields {
            let Some(default) = &field.default else { continue };
            scratch.clear();
            write::Writer::new(schema, &mut scratch).default(&field.schema, default, 0).map_err(|flaw| {
                let flaw = flaw.in_field(&field.name).in_field(record.name.name());
                Error::Default { name: schema.name().to_owned(), path: flaw.path(), problem: flaw.problem }
            })?;
        }
    }
    Ok(())
}

/// A type as an error names it: `int`, `array of string`, `null or record tributary.JoinRow`.
fn describe(schema: &KnownSchema, of: &Schema) -> String {
    match schema.target(of) {
        Schema::Array(array) => format!("array of {}", describe_inner(schema, &array.items)),
        Schema::Map(map) => format!("map of {}", describe_inner(schema, &map.types)),
        Schema::Union(union) => {
            let branches: Vec<String> =
                union.variants().iter().map(|branch| describe_inner(schema, branch)).collect();
            branches.join(" or ")
        }
        other => describe_inner(schema, other),
    }
}

/// The same without the insides, so that a type that holds itself comes to an end.
fn describe_inner(schema: &KnownSchema, of: &Schema) -> String {
    let target = schema.target(of);
    match target {
        Schema::Record(record) => format!("record {}", record.name),
        Schema::Enum(EnumSchema { name, .. }) => format!("enum {name}"),
        other => primitive_name(other).to_owned(),
    }
}

#[cfg(test)]
mod tests;
