//! Messages and values: framed Avro to what templates see, and what a manifest gives to framed Avro.

use std::sync::Arc;

use agents_work::Fault;
use bytes::Bytes;
use minijinja::Value;
use minijinja::value::Serde;
use schemas_codec::{Codec, Error};
use schemas_records::tool::SqlQuery;
use schemas_records::{Failure, FailureCode, Message as _};
use serde_json::{Map, Value as Json, json};

use super::ManifestLogic;
use super::state::{ManifestOutcome, ManifestPart, ManifestState};
use crate::engine::Parts;
use crate::given::{Given, Message};
use crate::manifest::Step;

/// A framed message as JSON, by the newest schema of its record, which must be `name` if that is given.
pub(super) fn read(codec: &Codec, name: Option<&str>, bytes: &[u8]) -> Result<Json, Error> {
    let found = codec.name_of(bytes)?;
    if let Some(name) = name
        && found != name
    {
        return Err(Error::WrongRecord { expected: name.to_owned(), found });
    }
    let json = codec.to_json(bytes)?;
    let (id, _) = schemas_codec::frame::split(bytes)?;
    // Its id in the frame may be a registry's, and another in each.
    if codec.registry().newest(&found)?.fingerprint() == codec.registry().schema(id)?.fingerprint() {
        return Ok(json);
    }
    // An older version: its new fields take their defaults.
    codec.to_json(&frame(codec, &found, json)?)
}

/// JSON as a framed message.
pub(super) fn frame(codec: &Codec, schema: &str, json: Json) -> Result<Bytes, Error> {
    if schema != SqlQuery::NAME {
        return codec.from_json(schema, &json);
    }
    // Its parameters are numbers of two kinds, which plain JSON does not tell apart for every schema.
    let query: SqlQuery = serde_json::from_value(json)
        .map_err(|error| Error::NotJson { record: schema.to_owned(), message: error.to_string() })?;
    codec.encode(&query)
}

/// What is wrong with a message, without what the reader knows.
pub(super) fn wrong(error: &Error) -> String {
    match error {
        Error::Json { path, problem, .. } => format!("{path}: {problem}"),
        Error::NotJson { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// One part, as templates see it.
fn part(codec: &Codec, part: &ManifestPart) -> Value {
    let failure = |failure: &Failure| {
        json!({
            "branch": part.branch,
            "status": "failed",
            "message": null,
            "failure": { "code": failure.code, "message": failure.message, "remedy": failure.remedy },
        })
    };
    let unreadable = |error: Error| {
        failure(&Failure::new(
            FailureCode::BadAnswer,
            format!("read the part: {error}"),
            "see that both sides know the same schema",
        ))
    };
    let shown = match part.outcome {
        ManifestOutcome::Arrived => read(codec, None, &part.value).map_or_else(unreadable, |message| {
            json!({ "branch": part.branch, "status": "arrived", "message": message, "failure": null })
        }),
        ManifestOutcome::Failed => {
            codec.decode::<Failure>(&part.value).map_or_else(unreadable, |found| failure(&found))
        }
        ManifestOutcome::Missing | ManifestOutcome::Unknown => {
            json!({ "branch": part.branch, "status": "missing", "message": null, "failure": null })
        }
    };
    from_json(&shown)
}

/// The variables of a step.
#[derive(Clone)]
pub(super) struct Values(Vec<(String, Value)>);

impl Values {
    /// What a work knows.
    pub(super) fn of(
        logic: &ManifestLogic,
        step: &Step,
        task: &str,
        state: &ManifestState,
    ) -> Result<Self, Fault> {
        let codec = &logic.codec;
        let cannot = |what: &str, error: Error| {
            logic.fault(step, FailureCode::AgentFailed, format!("read {what}: {error}"))
        };
        let input =
            read(codec, Some(&logic.takes), &state.input).map_err(|error| cannot("the input", error))?;
        let mut values = vec![
            ("input".to_owned(), from_json(&input)),
            ("task".to_owned(), Value::from(task)),
            ("round".to_owned(), Value::from(state.round(&step.label))),
        ];
        for result in &state.results {
            let value = read(codec, None, &result.value)
                .map_err(|error| cannot(&format!("the result of {}", result.step), error))?;
            values.push((result.step.clone(), from_json(&value)));
        }
        // A gathering agent sees its parts also where there are none.
        if logic.joins.iter().any(|join| join.at.value == logic.agent.name) {
            let parts = state.parts.iter().map(|one| (one.branch.clone(), part(codec, one)));
            values.push(("parts".to_owned(), Value::from_dyn_object(Arc::new(Parts(parts.collect())))));
        }
        Ok(Self(values))
    }

    /// The same with more.
    pub(super) fn with(&self, name: &str, value: Value) -> Self {
        let mut values = self.0.clone();
        values.push((name.to_owned(), value));
        Self(values)
    }

    /// As templates take them.
    pub(super) fn context(&self) -> Value {
        Value::from_pairs(self.0.iter().cloned())
    }
}

impl ManifestLogic {
    /// A message of a step, framed.
    pub(super) fn build(
        &self,
        step: &Step,
        message: &Message,
        values: &Values,
        state: &ManifestState,
    ) -> Result<Bytes, Fault> {
        let cannot = |error: &dyn std::fmt::Display| {
            let what = crate::schemas::short(&message.schema);
            self.fault(step, FailureCode::AgentFailed, format!("write {what}: {error}"))
        };
        if let Given::Expression(name) = &message.given.value {
            // A message that is handed on as it came stays the bytes that it was.
            let held = if name == "input" { Some(&state.input) } else { state.result(name) };
            if let Some(held) = held
                && self.codec.name_of(held).is_ok_and(|name| name == message.schema)
            {
                return Ok(held.clone());
            }
        }
        let json = self.json(&message.given.value, &values.context()).map_err(|error| cannot(&error))?;
        frame(&self.codec, &message.schema, json).map_err(|error| cannot(&wrong(&error)))
    }

    /// A given value as JSON.
    fn json(&self, given: &Given, context: &Value) -> Result<Json, String> {
        Ok(match given {
            Given::Literal(value) => value.clone(),
            Given::Template(text) => Json::String(self.engine.render(text, context)?),
            Given::Expression(text) => to_json(&self.engine.evaluate(text, context)?)?,
            Given::List(items) => {
                let items: Result<Vec<Json>, String> =
                    items.iter().map(|item| self.json(&item.value, context)).collect();
                Json::Array(items?)
            }
            Given::Fields(fields) => {
                let mut object = Map::new();
                for (name, value) in fields {
                    object.insert(name.value.clone(), self.json(&value.value, context)?);
                }
                Json::Object(object)
            }
        })
    }
}

/// JSON as a value.
pub(super) fn from_json(json: &Json) -> Value {
    Value::from(Serde(json))
}

/// A value as JSON.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
    serde_json::to_value(value).map_err(|error| format!("{value} is no JSON: {error}"))
}
