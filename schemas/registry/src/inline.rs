//! References written out: a schema that names types which other schemas define becomes one text with all
//! of them in it, each where it is first named.
//!
//! Java clients name such types by their full names, others by short ones; both are found. Names come out
//! full, so that a definition means the same in its new place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Deepest nesting that is followed: a parser of JSON stops at 128, and this is on a thread's stack.
const DEPTH_MAX: usize = 128;

/// Most types that are written out. What is no record, enum or fixed has no name of its own, and is written
/// out wherever it is referred to: forty that refer twice to the next come to a million millions. The largest
/// known schemas have some thousands of types.
const TYPES_MAX: usize = 100_000;

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// The schema with the definitions that it needs, each given by the name it is referred to by.
///
/// # Errors
/// What is wrong with the texts.
pub(crate) fn inline(text: &str, referred: &[(String, String)]) -> Result<String, String> {
    let mut definitions = BTreeMap::new();
    for (name, text) in referred {
        let definition: Value = serde_json::from_str(text)
            .map_err(|error| format!("what it calls {name} is no JSON: {error}"))?;
        if let Some(full) = full_name(&definition, "") {
            definitions.insert(full, definition.clone());
        }
        definitions.insert(name.clone(), definition);
    }
    let root: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let mut walk = Walk { definitions, defined: BTreeSet::new(), types_left: TYPES_MAX };
    Ok(walk.whole(root, "", 0)?.to_string())
}

struct Walk {
    definitions: BTreeMap<String, Value>,
    /// Full names that were defined before this place.
    defined: BTreeSet<String>,
    /// Types that may still come.
    types_left: usize,
}

impl Walk {
    fn whole(&mut self, kind: Value, namespace: &str, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(format!("it and what it refers to are nested deeper than {DEPTH_MAX} levels"));
        }
        let left = self.types_left.checked_sub(1);
        self.types_left =
            left.ok_or_else(|| format!("written out it would have more than {TYPES_MAX} types"))?;
        match kind {
            Value::String(name) => self.named(name, namespace, depth),
            Value::Array(branches) => {
                let whole = |branch| self.whole(branch, namespace, depth + 1);
                Ok(Value::Array(branches.into_iter().map(whole).collect::<Result<_, _>>()?))
            }
            Value::Object(object) => self.object(object, namespace, depth),
            other => Ok(other),
        }
    }

    /// A type by its name: the definition, the first time.
    fn named(&mut self, name: String, namespace: &str, depth: usize) -> Result<Value, String> {
        if PRIMITIVES.contains(&name.as_str()) {
            return Ok(Value::String(name));
        }
        let near = in_namespace(&name, namespace);
        for full in [&near, &name] {
            if self.defined.contains(full) {
                return Ok(Value::String(full.clone()));
            }
            if let Some(definition) = self.definitions.get(full).cloned() {
                // Referred to by another name than its own, it may be there already.
                return match full_name(&definition, "") {
                    Some(own) if self.defined.contains(&own) => Ok(Value::String(own)),
                    _ => self.whole(definition, "", depth + 1),
                };
            }
        }
        // Not ours to explain: the parser says which name it does not know.
        Ok(Value::String(near))
    }

    fn object(
        &mut self,
        mut object: Map<String, Value>,
        namespace: &str,
        depth: usize,
    ) -> Result<Value, String> {
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut inner = namespace.to_owned();
        if matches!(kind.as_str(), "record" | "error" | "enum" | "fixed")
            && let Some(full) = full_name(&Value::Object(object.clone()), namespace)
        {
            let (space, short) = full.rsplit_once('.').unwrap_or(("", &full));
            space.clone_into(&mut inner);
            object.insert("name".to_owned(), short.into());
            object.insert("namespace".to_owned(), space.into());
            self.defined.insert(full);
        }
        for key in ["items", "values"] {
            if let Some(value) = object.get_mut(key) {
                *value = self.whole(value.take(), &inner, depth + 1)?;
            }
        }
        if let Some(Value::Array(fields)) = object.get_mut("fields") {
            for field in fields {
                if let Some(value) = field.get_mut("type") {
                    *value = self.whole(value.take(), &inner, depth + 1)?;
                }
            }
        }
        if let Some(value) = object.get_mut("type").filter(|value| is_type(value)) {
            *value = self.whole(value.take(), &inner, depth + 1)?;
        }
        Ok(Value::Object(object))
    }
}

/// Whether what stands as `type` is a type of its own, not a word of the grammar.
fn is_type(value: &Value) -> bool {
    let words = ["record", "error", "enum", "fixed", "array", "map"];
    value.as_str().is_none_or(|word| !words.contains(&word))
}

/// A definition's full name.
fn full_name(definition: &Value, around: &str) -> Option<String> {
    let name = definition.get("name")?.as_str()?;
    let namespace = definition.get("namespace").and_then(Value::as_str).unwrap_or(around);
    Some(in_namespace(name, namespace))
}

fn in_namespace(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

#[cfg(test)]
mod tests;
