//! What a manifest gives for a field of a message: a value, an expression, a template.
//!
//! A text is an expression (`plan.subjects`), or a template if it holds `{{` or `{%`; text that is meant
//! as it stands is quoted once more (`"'yes'"`). Numbers, truth values, lists and tables stand for
//! themselves.

use serde_json::Value;
use toml::de::DeValue;

use crate::fields::{Fields, Raw, wrong};
use crate::problem::{At, Report};

/// One given value.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A number or truth value.
    Literal(Value),
    /// An expression, for example `plan.subjects`.
    Expression(String),
    /// A text with `{{ }}` in it.
    Template(String),
    /// A list.
    List(Vec<At<Given>>),
    /// A table.
    Fields(Vec<(At<String>, At<Given>)>),
}

/// A message to be built.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The full name of its record; empty until the team was checked.
    pub schema: String,
    /// An expression that gives it whole, or its fields.
    pub given: At<Given>,
}

/// Whether a text is a template.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Reads a message: a table of fields, or an expression for the whole.
pub(crate) fn message(
    fields: &mut Fields<'_>,
    report: &mut Report<'_>,
    key: &'static str,
) -> Option<Message> {
    let raw = fields.raw(key)?;
    let label = fields.label_of(key);
    message_of(fields, report, &raw, &label)
}

/// Reads a value as a message.
pub(crate) fn message_of<'a>(
    fields: &Fields<'a>,
    report: &mut Report<'_>,
    raw: &Raw<'a>,
    label: &str,
) -> Option<Message> {
    let given = given(fields, report, raw, label)?;
    match given.value {
        Given::Expression(_) | Given::Fields(_) => Some(Message { schema: String::new(), given }),
        _ => {
            wrong(
                report,
                raw.place,
                label,
                raw.value,
                "a table of fields, or an expression for the whole message",
            );
            None
        }
    }
}

/// Reads one value.
fn given<'a>(fields: &Fields<'a>, report: &mut Report<'_>, raw: &Raw<'a>, label: &str) -> Option<At<Given>> {
    let value = match raw.value {
        DeValue::String(text) if is_template(text) => Given::Template(text.to_string()),
        DeValue::String(text) => Given::Expression(text.to_string()),
        DeValue::Array(items) => {
            let items = fields.items(items);
            Given::List(items.iter().filter_map(|item| given(fields, report, item, label)).collect())
        }
        DeValue::Table(_) => {
            let table = fields.table_of(report, raw, label)?;
            let entries = table.entries().into_iter().filter_map(|(name, value)| {
                let label = format!("{label}.{}", name.value);
                Some((name, given(fields, report, &value, &label)?))
            });
            Given::Fields(entries.collect())
        }
        scalar => match literal(scalar) {
            Some(value) => Given::Literal(value),
            None => {
                wrong(report, raw.place, label, scalar, "a number, a truth value or a text");
                return None;
            }
        },
    };
    Some(At::new(value, raw.place))
}

/// A number or truth value as JSON.
fn literal(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::from)
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().replace('_', "").parse().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        _ => None,
    }
}

/// Any value as JSON, for settings that are handed on; dates as text.
pub(crate) fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(name, _)| name.span().start);
            entries
                .into_iter()
                .map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref())))
                .collect()
        }
        scalar => literal(scalar).unwrap_or(Value::Null),
    }
}
