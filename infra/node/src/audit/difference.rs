//! In what two records differ, as far as a reader wants to know it: header by header, field by field where the
//! codec can read both, else by the first byte.

use schemas_codec::Codec;
use schemas_records::headers::{KIND, TASK_ID, WORK_PATH};
use schemas_records::{Headers, Key};
use serde_json::Value;
use topics_log::Record;

use super::compare;
use super::makers::{is_compared, place};
use super::report::{Difference, Field, What};

/// Most fields that are told.
const FIELDS_MAX: usize = 12;

/// Most characters of a field's value that are told.
const VALUE_CHARS_MAX: usize = 160;

/// Bytes shown where nothing better can be said, from the first that differs on.
const BYTES_SHOWN: usize = 16;

/// One side of a difference.
struct Side<'a> {
    topic: &'a str,
    partition: i32,
    key: &'a Key,
    value: &'a [u8],
    headers: &'a Headers,
}

/// Tells a difference; `recorded` is the record that was found, if it still stands where it was.
pub(super) fn told(
    codec: &Codec,
    difference: &compare::Difference,
    recorded: Option<&Record>,
    any_version: bool,
) -> Difference {
    let recorded = recorded.map(|record| Side {
        topic: &record.topic_partition.topic,
        partition: record.topic_partition.partition,
        key: &record.key,
        value: &record.value,
        headers: &record.headers,
    });
    let made = difference.made.as_ref().map(|made| Side {
        topic: &made.at.topic,
        partition: made.at.partition,
        key: &made.record.key,
        value: &made.record.value,
        headers: &made.record.headers,
    });
    let mut fields = match (&recorded, &made) {
        (Some(recorded), Some(made)) => fields(codec, recorded, made, any_version),
        (Some(recorded), None) => vec![field("value", Some(shown(codec, recorded.value)), None)],
        (None, Some(made)) => vec![field("value", None, Some(shown(codec, made.value)))],
        (None, None) => Vec::new(),
    };
    let more = fields.len().saturating_sub(FIELDS_MAX);
    fields.truncate(FIELDS_MAX);
    let some = made.as_ref().or(recorded.as_ref());
    let text = |name| some.and_then(|side| side.headers.text(name)).unwrap_or_default().to_owned();
    let (step, found) = (difference.made.as_ref().map(|made| &made.step), difference.found.as_ref());
    let kind = Some(text(KIND)).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "dead letter".to_owned());
    let own_key = || some.map(|side| side.key.to_string()).unwrap_or_default();
    Difference {
        what: match (step, found) {
            (Some(_), Some(_)) => What::Differs,
            (Some(_), None) => What::Missing,
            (None, _) => What::Unmade,
        },
        step: step.map(|step| place(&step.at, step.offset)),
        at: step.map(|step| step.time).or(found.map(|found| found.time)).unwrap_or_default(),
        agent: step.map(|step| step.agent.to_string()),
        task: step.map_or_else(|| text(TASK_ID), |step| step.task.clone()),
        work: step.map_or_else(own_key, |step| step.key.to_string()),
        path: step.map_or_else(|| text(WORK_PATH), |step| step.path.clone()),
        record: some.map(|side| format!("{kind} to {}", side.topic)).unwrap_or(kind),
        recorded_at: found.map(|found| place(&found.at, found.offset)),
        fields,
        more,
    }
}

fn field(name: impl Into<String>, recorded: Option<String>, made: Option<String>) -> Field {
    Field { name: name.into(), recorded: recorded.map(cut), made: made.map(cut) }
}

/// Everything in which two records differ.
fn fields(codec: &Codec, recorded: &Side<'_>, made: &Side<'_>, any_version: bool) -> Vec<Field> {
    let mut out = Vec::new();
    let mut compare = |name: &str, recorded: Option<String>, made: Option<String>| {
        if recorded != made {
            out.push(field(name, recorded, made));
        }
    };
    compare("topic", Some(recorded.topic.to_owned()), Some(made.topic.to_owned()));
    compare("partition", Some(recorded.partition.to_string()), Some(made.partition.to_string()));
    compare("key", Some(recorded.key.to_string()), Some(made.key.to_string()));
    let text = |of: &Headers, name| of.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let mut known = Vec::new();
    for (name, _) in recorded.headers.iter().chain(made.headers.iter()) {
        if is_compared(name, any_version) && !known.contains(&name) {
            known.push(name);
            compare(&format!("header {name}"), text(recorded.headers, name), text(made.headers, name));
        }
    }
    if recorded.value != made.value {
        out.extend(values(codec, recorded.value, made.value));
    } else if out.is_empty() {
        out.push(field("headers", Some("in another order, or repeated".to_owned()), None));
    }
    out
}

/// In what two values differ.
fn values(codec: &Codec, recorded: &[u8], made: &[u8]) -> Vec<Field> {
    let mut out = Vec::new();
    let names = [recorded, made].map(|value| codec.name_of(value).ok());
    if names[0] != names[1] {
        out.push(field("value's record", names[0].clone(), names[1].clone()));
    }
    if let (Some(recorded), Some(made)) = (json(codec, recorded), json(codec, made)) {
        walk("value", Some(&recorded), Some(&made), &mut out);
    }
    if out.is_empty() {
        let at = recorded.iter().zip(made).position(|(one, other)| one != other);
        let at = at.unwrap_or(recorded.len().min(made.len()));
        let hex = |bytes: &[u8]| -> String {
            bytes.iter().skip(at).take(BYTES_SHOWN).map(|byte| format!("{byte:02x}")).collect()
        };
        out.push(field(format!("value byte {at}"), Some(hex(recorded)), Some(hex(made))));
    }
    out
}

/// A value as it can be read: by its schema, or as it stands if it is JSON.
fn json(codec: &Codec, value: &[u8]) -> Option<Value> {
    codec.to_json(value).ok().or_else(|| serde_json::from_slice(value).ok())
}

fn shown(codec: &Codec, value: &[u8]) -> String {
    match (json(codec, value), std::str::from_utf8(value)) {
        (Some(json), _) => json.to_string(),
        (None, Ok(text)) => text.to_owned(),
        (None, Err(_)) => value.iter().take(BYTES_SHOWN).map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Gathers the leaves in which two values differ.
fn walk(path: &str, recorded: Option<&Value>, made: Option<&Value>, out: &mut Vec<Field>) {
    match (recorded, made) {
        (one, other) if one == other => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
                walk(&format!("{path}.{name}"), one.get(name), other.get(name), out);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for at in 0..one.len().max(other.len()) {
                walk(&format!("{path}[{at}]"), one.get(at), other.get(at), out);
            }
        }
        (Some(Value::String(one)), Some(Value::String(other))) => {
            let (one, other) = from_difference(one, other);
            out.push(field(path, Some(one), Some(other)));
        }
        (one, other) => {
            out.push(field(path, one.map(ToString::to_string), other.map(ToString::to_string)));
        }
    }
}

/// Two texts from shortly before where they begin to differ, as far as they are too long to be shown whole.
fn from_difference(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let skipped = same.saturating_sub(VALUE_CHARS_MAX / 4);
    let is_long = one.chars().count().max(other.chars().count()) > VALUE_CHARS_MAX;
    let from = |text: &str| match skipped {
        skipped if skipped > 0 && is_long => format!("…{}", text.chars().skip(skipped).collect::<String>()),
        _ => text.to_owned(),
    };
    (from(one), from(other))
}

fn cut(text: String) -> String {
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    format!("{}…", text.chars().take(VALUE_CHARS_MAX).collect::<String>())
}
