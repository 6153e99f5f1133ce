//! Counts what a schema's defaults come to, in its JSON and before anything follows them.
//!
//! A field's default may leave out fields that have defaults again, of records that do the same, two in each:
//! a few lines come to 2 to the power of any number, and apache-avro follows them all while it parses. It
//! does not check that a default fits its field; that is done later, by [`crate::json`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::body::DEPTH_MAX;

/// Most values that the defaults of one schema come to: a hundred fields with a hundred values each. Beyond it
/// apache-avro would take seconds.
pub(crate) const SCHEMA_DEFAULTS_MAX: usize = 10_000;

/// Whether a schema's text may be parsed. What is no JSON is for the parser to refuse.
///
/// # Errors
/// A sentence, if its defaults are too many or too deep.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let Ok(schema) = serde_json::from_str::<Value>(text) else { return Ok(()) };
    let mut records = Records::default();
    records.gather(&schema);
    let mut left = SCHEMA_DEFAULTS_MAX;
    for record in &records.all {
        for field in fields(record) {
            if let (Some(kind), Some(default)) = (field.get("type"), field.get("default")) {
                records.follow(kind, default, 0, &mut left)?;
            }
        }
    }
    Ok(())
}

/// The records that a schema defines.
#[derive(Default)]
struct Records<'s> {
    all: Vec<&'s Map<String, Value>>,
    /// By the last part of their names: of two that have the same one, more is counted rather than less.
    by_name: BTreeMap<&'s str, Vec<&'s Map<String, Value>>>,
}

impl<'s> Records<'s> {
    /// Parsers of JSON stop at 128 levels, so this does too.
    fn gather(&mut self, schema: &'s Value) {
        match schema {
            Value::Array(parts) => parts.iter().for_each(|part| self.gather(part)),
            Value::Object(object) => {
                if object.contains_key("fields") {
                    self.all.push(object);
                    if let Some(name) = object.get("name").and_then(Value::as_str) {
                        self.by_name.entry(last(name)).or_default().push(object);
                    }
                }
                object.values().for_each(|part| self.gather(part));
            }
            _ => {}
        }
    }

    /// Counts a default and all that stands for what it leaves out.
    fn follow(&self, kind: &Value, default: &Value, depth: usize, left: &mut usize) -> Result<(), String> {
        *left = left.checked_sub(1).ok_or_else(|| {
            format!("its defaults come to more than {SCHEMA_DEFAULTS_MAX} values; leave some out")
        })?;
        if depth > DEPTH_MAX {
            return Err(format!("its defaults are nested deeper than {DEPTH_MAX} levels"));
        }
        match (kind, default) {
            (Value::Array(branches), _) => {
                branches.iter().try_for_each(|branch| self.follow(branch, default, depth + 1, left))
            }
            (Value::String(name), Value::Object(given)) => {
                let records = self.by_name.get(last(name)).map(Vec::as_slice).unwrap_or_default();
                records.iter().try_for_each(|record| self.record(record, given, depth, left))
            }
            (Value::Object(kind), Value::Object(given)) if kind.contains_key("fields") => {
                self.record(kind, given, depth, left)
            }
            (Value::Object(kind), Value::Object(given)) => match (kind.get("values"), kind.get("type")) {
                (Some(values), _) => {
                    given.values().try_for_each(|value| self.follow(values, value, depth + 1, left))
                }
                (None, Some(inner)) => self.follow(inner, default, depth + 1, left),
                (None, None) => Ok(()),
            },
            (Value::Object(kind), Value::Array(given)) => match kind.get("items") {
                Some(items) => given.iter().try_for_each(|value| self.follow(items, value, depth + 1, left)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn record(
        &self,
        record: &Map<String, Value>,
        given: &Map<String, Value>,
        depth: usize,
        left: &mut usize,
    ) -> Result<(), String> {
        for field in fields(record) {
            let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
            let default = given.get(name).or_else(|| field.get("default"));
            if let (Some(kind), Some(default)) = (field.get("type"), default) {
                self.follow(kind, default, depth + 1, left)?;
            }
        }
        Ok(())
    }
}

fn fields(record: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    record.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
