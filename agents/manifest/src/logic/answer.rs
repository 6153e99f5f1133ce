//! A model's answer as JSON: found in its text, and described to it beforehand.

use std::sync::Arc;

use apache_avro::Schema;
use schemas_codec::KnownSchema;
use serde_json::Value;

use crate::bounds::CANDIDATES_MAX;

/// Longest beginning of an answer that an error repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// Deepest record that a form spells out: only one that holds itself gets there.
const FORM_DEPTH_MAX: usize = 6;

/// The JSON object in a text: within a code fence, or at the first brace from which one can be read.
///
/// # Errors
/// A sentence for the model.
pub(super) fn object(text: &str) -> Result<Value, String> {
    let fenced =
        text.split("```").skip(1).step_by(2).filter_map(|block| block.find('{').map(|at| &block[at..]));
    let bare = text.match_indices('{').map(|(at, _)| &text[at..]);
    let mut problem = None;
    for candidate in fenced.chain(bare).take(CANDIDATES_MAX) {
        let mut values = serde_json::Deserializer::from_str(candidate).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => problem = problem.or(Some(error)),
            None => {}
        }
    }
    if let Some(error) = problem {
        return Err(format!("it holds no JSON object that can be read: {error}"));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    Err(format!("it holds no JSON object; it begins with {shown:?}"))
}

/// A record's form, as a model is told of it: `{"subjects": [text, ...], "kind": "short" or "long"}`.
pub(super) fn form(schema: &Arc<KnownSchema>) -> String {
    form_of(schema, schema.avro(), 0)
}

fn form_of(schema: &KnownSchema, of: &Schema, depth: usize) -> String {
    if depth > FORM_DEPTH_MAX {
        return "...".to_owned();
    }
    match schema.target(of) {
        Schema::Record(record) => {
            let fields = record.fields.iter();
            let fields = fields
                .map(|field| format!("{:?}: {}", field.name, form_of(schema, &field.schema, depth + 1)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Schema::Array(array) => format!("[{}, ...]", form_of(schema, &array.items, depth + 1)),
        Schema::Map(map) => format!("{{text: {}, ...}}", form_of(schema, &map.types, depth + 1)),
        Schema::Union(union) => {
            let variants = union.variants().iter().map(|variant| form_of(schema, variant, depth + 1));
            variants.collect::<Vec<_>>().join(" or ")
        }
        Schema::Enum(symbols) => {
            let symbols = symbols.symbols.iter().map(|symbol| format!("{symbol:?}"));
            symbols.collect::<Vec<_>>().join(" or ")
        }
        Schema::Null => "null".to_owned(),
        Schema::Boolean => "true or false".to_owned(),
        Schema::Int | Schema::Long => "whole number".to_owned(),
        Schema::Float | Schema::Double => "number".to_owned(),
        _ => "text".to_owned(),
    }
}

#[cfg(test)]
mod tests;
