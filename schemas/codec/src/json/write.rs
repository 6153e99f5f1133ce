//! JSON into an Avro body, written as it is walked.
//!
//! The body is written directly and not through apache-avro's values, whose maps have no order: the same
//! JSON is the same bytes. A map's keys are written sorted.

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordSchema, UnionSchema};
use serde_json::{Map, Number, Value};

use super::{DEFAULT_VALUES_MAX, Problem, describe};
use crate::body::{DEPTH_MAX, fixed_size};
use crate::canonical::primitive_name;
use crate::known::KnownSchema;
use crate::nearest;
use crate::path::Flaw;

/// Most characters of a wrong value that an error repeats.
const FOUND_CHARS_MAX: usize = 40;

/// How a hint lists what is allowed, and what it says if nothing is.
const ALLOWED: (&str, &str) = ("allowed", "none is allowed");

type Outcome = Result<(), Flaw<Problem>>;

/// Writes values by the types of one schema.
pub(super) struct Writer<'w> {
    schema: &'w KnownSchema,
    out: &'w mut Vec<u8>,
    /// Defaults in a schema follow two rules of their own: a union's is of its first branch, and bytes
    /// are text.
    in_default: bool,
    /// How many values of defaults may still come.
    defaults_left: usize,
}

impl<'w> Writer<'w> {
    pub(super) const fn new(schema: &'w KnownSchema, out: &'w mut Vec<u8>) -> Self {
        Self { schema, out, in_default: false, defaults_left: DEFAULT_VALUES_MAX }
    }

    /// Writes a field's default.
    pub(super) fn default(&mut self, of: &Schema, default: &Value, depth: usize) -> Outcome {
        let before = std::mem::replace(&mut self.in_default, true);
        let outcome = self.value(of, default, depth);
        self.in_default = before;
        outcome
    }

    /// Writes a value of type `of`.
    pub(super) fn value(&mut self, of: &Schema, value: &Value, depth: usize) -> Outcome {
        if depth > DEPTH_MAX {
            return Err(Flaw::here(Problem::TooDeep));
        }
        if self.in_default {
            let left = self.defaults_left.checked_sub(1);
            self.defaults_left = left.ok_or(Flaw::here(Problem::TooManyDefaults))?;
        }
        let schema = self.schema;
        match (schema.target(of), value) {
            (Schema::Union(union), _) => self.union(union, value, depth),
            (Schema::Record(record), Value::Object(object)) => self.record(record, object, depth),
            (Schema::Array(array), Value::Array(items)) => self.array(&array.items, items, depth),
            (Schema::Map(map), Value::Object(object)) => self.map(&map.types, object, depth),
            (Schema::Null, Value::Null) => Ok(()),
            (Schema::Boolean, Value::Bool(value)) => {
                self.out.push(u8::from(*value));
                Ok(())
            }
            (Schema::Enum(symbols), Value::String(symbol)) => {
                self.symbol(symbols, symbol).map_err(Flaw::here)
            }
            (leaf, _) => self.leaf(leaf, value).map_err(Flaw::here),
        }
    }

    fn record(&mut self, record: &RecordSchema, object: &Map<String, Value>, depth: usize) -> Outcome {
        let fields = || record.fields.iter().map(|field| field.name.as_str());
        if let Some(name) = object.keys().find(|key| !fields().any(|field| field == *key)) {
            let hint = nearest::hint(name, fields(), ALLOWED);
            return Err(Flaw::here(Problem::UnknownField { hint }).in_field(name));
        }
        for field in &record.fields {
            let outcome = match (object.get(&field.name), &field.default) {
                (Some(value), _) => self.value(&field.schema, value, depth + 1),
                (None, Some(default)) => self.default(&field.schema, default, depth + 1),
                (None, None) => {
                    Err(Flaw::here(Problem::MissingField { expected: describe(self.schema, &field.schema) }))
                }
            };
            outcome.map_err(|flaw| flaw.in_field(&field.name))?;
        }
        Ok(())
    }

    fn array(&mut self, of: &Schema, items: &[Value], depth: usize) -> Outcome {
        if !items.is_empty() {
            self.length(items.len());
        }
        for (index, item) in items.iter().enumerate() {
            self.value(of, item, depth + 1).map_err(|flaw| flaw.in_item(index))?;
        }
        self.length(0);
        Ok(())
    }

    fn map(&mut self, of: &Schema, object: &Map<String, Value>, depth: usize) -> Outcome {
        let mut entries: Vec<(&String, &Value)> = object.iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        if !entries.is_empty() {
            self.length(entries.len());
        }
        for (key, value) in entries {
            self.text(key);
            self.value(of, value, depth + 1).map_err(|flaw| flaw.in_key(key))?;
        }
        self.length(0);
        Ok(())
    }

    /// Picks the one branch that looks like the value. Branches are not tried in turn: that would take
    /// time without bound on nested unions, and hide which field was wrong.
    fn union(&mut self, union: &UnionSchema, value: &Value, depth: usize) -> Outcome {
        let schema = self.schema;
        let branches = union.variants();
        let mut fitting =
            branches.iter().enumerate().filter(|(_, branch)| looks_like(schema.target(branch), value));
        let chosen = match (self.in_default, fitting.next(), fitting.next()) {
            (true, _, _) => branches.first().map(|first| (0, first)),
            (false, Some(only), None) => Some(only),
            (false, Some(_), Some(_)) => {
                return Err(Flaw::here(Problem::Ambiguous {
                    branches: describe(schema, &Schema::Union(union.clone())),
                }));
            }
            (false, None, _) => None,
        };
        let Some((index, branch)) = chosen else {
            let expected = describe(schema, &Schema::Union(union.clone()));
            return Err(Flaw::here(wrong_type(expected, value)));
        };
        self.length(index);
        self.value(branch, value, depth + 1)
    }

    fn symbol(&mut self, symbols: &EnumSchema, symbol: &str) -> Result<(), Problem> {
        let index = symbols.symbols.iter().position(|candidate| candidate == symbol);
        let Some(index) = index else {
            return Err(Problem::UnknownSymbol {
                found: shown(&Value::from(symbol)),
                hint: nearest::hint(symbol, symbols.symbols.iter().map(String::as_str), ALLOWED),
            });
        };
        self.length(index);
        Ok(())
    }

    fn leaf(&mut self, leaf: &Schema, value: &Value) -> Result<(), Problem> {
        let base = primitive_name(leaf);
        match (base, value) {
            ("int", Value::Number(number)) => {
                let range = i64::from(i32::MIN)..=i64::from(i32::MAX);
                self.long(whole(number, range, base)?);
            }
            ("long", Value::Number(number)) => self.long(whole(number, i64::MIN..=i64::MAX, base)?),
            ("float", Value::Number(number)) => {
                let single = number.as_f64().map_or(f32::INFINITY, |double| double as f32);
                if !single.is_finite() {
                    return Err(out_of_range(base, number));
                }
                self.out.extend_from_slice(&single.to_le_bytes());
            }
            ("double", Value::Number(number)) => {
                let double = number.as_f64().ok_or_else(|| out_of_range(base, number))?;
                self.out.extend_from_slice(&double.to_le_bytes());
            }
            ("string", Value::String(text)) => self.text(text),
            ("bytes" | "fixed", Value::String(text)) if self.in_default => return self.raw(leaf, text),
            ("bytes" | "fixed", _) => return Err(Problem::Bytes { expected: base }),
            _ => return Err(wrong_type(describe(self.schema, leaf), value)),
        }
        Ok(())
    }

    /// The bytes of a default: one for each character.
    fn raw(&mut self, leaf: &Schema, text: &str) -> Result<(), Problem> {
        let wrong = || wrong_type(format!("ASCII text for {}", primitive_name(leaf)), &Value::from(text));
        // Beyond ASCII apache-avro's reader and the specification disagree.
        let bytes = text.is_ascii().then_some(text.as_bytes()).ok_or_else(wrong)?;
        match fixed_size(leaf) {
            Some(size) if size != bytes.len() => return Err(wrong()),
            Some(_) => {}
            None => self.length(bytes.len()),
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A length, count or index: never beyond what memory holds, so within a long.
    fn length(&mut self, length: usize) {
        self.long(length as i64);
    }

    /// A zigzag variable-length number.
    fn long(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest > 0x7f {
            self.out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.out.push(rest as u8);
    }
}

/// Whether a branch is the kind of thing that the JSON value is.
fn looks_like(branch: &Schema, value: &Value) -> bool {
    match value {
        Value::Null => matches!(branch, Schema::Null),
        Value::Bool(_) => matches!(branch, Schema::Boolean),
        Value::Number(_) => matches!(primitive_name(branch), "int" | "long" | "float" | "double"),
        Value::String(_) => matches!(primitive_name(branch), "string" | "enum" | "bytes" | "fixed"),
        Value::Array(_) => matches!(branch, Schema::Array(_)),
        Value::Object(_) => matches!(branch, Schema::Record(_) | Schema::Map(_)),
    }
}

fn whole(number: &Number, range: std::ops::RangeInclusive<i64>, expected: &str) -> Result<i64, Problem> {
    match number.as_i64() {
        Some(value) if range.contains(&value) => Ok(value),
        Some(_) => Err(out_of_range(expected, number)),
        None if number.as_f64().is_some_and(|double| double.abs() >= i64::MAX as f64) => {
            Err(out_of_range(expected, number))
        }
        None => Err(wrong_type(expected.to_owned(), &Value::Number(number.clone()))),
    }
}

fn out_of_range(expected: &str, number: &Number) -> Problem {
    Problem::OutOfRange { expected: expected.to_owned(), found: number.to_string() }
}

fn wrong_type(expected: String, found: &Value) -> Problem {
    Problem::WrongType { expected, found: shown(found) }
}

/// A value as an error shows it: scalars as they stand, cut short, and of what has parts only the kind.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) if text.chars().nth(FOUND_CHARS_MAX).is_some() => {
            let cut: String = text.chars().take(FOUND_CHARS_MAX).collect();
            format!("{cut:?}...")
        }
        scalar => scalar.to_string(),
    }
}
