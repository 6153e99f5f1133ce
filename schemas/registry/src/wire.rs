//! What goes over the wire: Confluent's API, the parts of it that are used.

use serde::{Deserialize, Serialize};

/// The media type of requests; answers come in it or as plain JSON.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A schema that is looked for or registered.
#[derive(Debug, Serialize)]
pub(crate) struct Offered<'a> {
    pub schema: &'a str,
}

/// What registering answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Given {
    pub id: i64,
}

/// A schema as it is kept there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept {
    pub schema: String,
    /// Left out for Avro.
    pub schema_type: Option<String>,
    #[serde(default)]
    pub references: Vec<Reference>,
}

/// A schema that another one names.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reference {
    pub name: String,
    pub subject: String,
    pub version: i64,
}

/// A subject's rule, as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub compatibility_level: String,
}

/// A subject's rule, as it is set.
#[derive(Debug, Serialize)]
pub(crate) struct NewRule {
    pub compatibility: &'static str,
}

/// What stands in an answer that is none.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Complaint {
    #[serde(default)]
    pub error_code: i64,
    #[serde(default)]
    pub message: String,
}
