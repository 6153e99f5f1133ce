//! What makes a Rust type a message: a full Avro name and the schema it is written with.
//!
//! The `.avsc` file is the truth and the Rust type follows it; the codec's tests hold the two together.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record that travels on a topic or stands in a row.
///
/// The serde name of the type must equal the record's short name, fields in the schema's order:
/// Avro's direct serde path writes by position and checks by name.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeting {
///     name: String,
/// }
///
/// impl schemas_records::Message for Greeting {
///     const NAME: &'static str = "example.Greeting";
///     const SCHEMA: &'static str = r#"{"type":"record","name":"Greeting","namespace":"example",
///         "fields":[{"name":"name","type":"string"}]}"#;
/// }
/// assert!(<Greeting as schemas_records::Message>::NAME.ends_with("Greeting"));
/// ```
pub trait Message: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The record's full Avro name, for example `tributary.briefing.Question`.
    const NAME: &'static str;
    /// The current schema as JSON, usually by `include_str!` of an `.avsc` file.
    const SCHEMA: &'static str;
}

/// The state of an agent that needs none between two events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Stateless {}

impl Message for Stateless {
    const NAME: &'static str = "tributary.Stateless";
    const SCHEMA: &'static str =
        r#"{"type":"record","name":"Stateless","namespace":"tributary","fields":[]}"#;
}

/// A piece of text: enough for a first agent, before it has messages of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
}

impl Text {
    /// A piece of text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl Message for Text {
    const NAME: &'static str = "tributary.Text";
    const SCHEMA: &'static str = include_str!("../../avro/Text.avsc");
}
