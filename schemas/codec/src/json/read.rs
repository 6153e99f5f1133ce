//! An Avro body shown as JSON. The body was checked before; this file only rebuilds it.

use apache_avro::Schema;
use serde_json::{Map, Number, Value};

use crate::body::{Problem, fixed_size};
use crate::canonical::primitive_name;
use crate::cursor::Cursor;
use crate::error::Error;
use crate::known::KnownSchema;
use crate::path::Flaw;

/// Shows a body that passed [`crate::body::check`].
pub(crate) fn read(schema: &KnownSchema, body: &[u8]) -> Result<Value, Error> {
    value(schema, schema.avro(), &mut Cursor::new(body)).map_err(|flaw| Error::Malformed {
        record: schema.name().to_owned(),
        path: flaw.path(),
        problem: flaw.problem,
    })
}

fn value(schema: &KnownSchema, of: &Schema, cursor: &mut Cursor<'_>) -> Result<Value, Flaw<Problem>> {
    match schema.target(of) {
        Schema::Record(record) => {
            let mut object = Map::new();
            for field in &record.fields {
                let shown =
                    value(schema, &field.schema, cursor).map_err(|flaw| flaw.in_field(&field.name))?;
                object.insert(field.name.clone(), shown);
            }
            Ok(Value::Object(object))
        }
        Schema::Array(array) => {
            let mut items = Vec::new();
            while let Some(block) = cursor.block().map_err(Flaw::here)? {
                for _ in 0..block.count {
                    items.push(value(schema, &array.items, cursor)?);
                }
            }
            Ok(Value::Array(items))
        }
        Schema::Map(map) => {
            let mut object = Map::new();
            while let Some(block) = cursor.block().map_err(Flaw::here)? {
                for _ in 0..block.count {
                    let key = cursor.text().map_err(Flaw::here)?;
                    object.insert(key.to_owned(), value(schema, &map.types, cursor)?);
                }
            }
            Ok(Value::Object(object))
        }
        Schema::Union(union) => {
            let branch = cursor.index("branch", union.variants().len()).map_err(Flaw::here)?;
            value(schema, &union.variants()[branch], cursor)
        }
        leaf => scalar(leaf, cursor).map_err(Flaw::here),
    }
}

fn scalar(leaf: &Schema, cursor: &mut Cursor<'_>) -> Result<Value, Problem> {
    if let Some(size) = fixed_size(leaf) {
        return Ok(characters(cursor.take(size, "fixed")?));
    }
    Ok(match leaf {
        Schema::Boolean => Value::Bool(cursor.boolean()?),
        Schema::Enum(symbols) => {
            let index = cursor.index("symbol", symbols.symbols.len())?;
            Value::from(symbols.symbols[index].as_str())
        }
        // The shortest digits that name the single, not those of the double it becomes.
        Schema::Float => {
            let single = f32::from_le_bytes(cursor.array("float")?);
            number(single.to_string().parse().unwrap_or(f64::from(single)))
        }
        Schema::Double => number(f64::from_le_bytes(cursor.array("double")?)),
        other => match primitive_name(other) {
            "int" => Value::from(cursor.int()?),
            "long" => Value::from(cursor.long()?),
            "string" => Value::from(cursor.text()?),
            "bytes" => characters(cursor.bytes("bytes")?),
            _ => Value::Null,
        },
    })
}

fn number(double: f64) -> Value {
    Number::from_f64(double).map_or_else(
        || {
            Value::from(if double.is_nan() {
                "NaN"
            } else if double > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            })
        },
        Value::Number,
    )
}

/// One character for each byte, as Avro shows bytes.
fn characters(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().copied().map(char::from).collect())
}
