//! The runtime's own schemas: every version that was ever released, of a record's the older ones first.
//!
//! A new version: copy `X.avsc` to `X.vN.avsc`, list that here, then change `X.avsc` and its Rust type.
//! A team's schemas are not here; they are registered beside these. Nor are the Rust types: a type finds
//! its schema here when it is first used.

use std::sync::OnceLock;

use crate::error::Error;
use crate::known::KnownSchema;

/// Lists one file and its text.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../avro/", $name)))
    };
}

/// File names and texts.
pub const FILES: [(&str, &str); 22] = [
    file!("Cancellation.avsc"),
    file!("Closing.avsc"),
    file!("DeadLetter.avsc"),
    file!("Draining.avsc"),
    file!("Expectation.avsc"),
    file!("Failure.v1.avsc"),
    file!("Failure.avsc"),
    file!("JournalEntry.avsc"),
    file!("KnowledgeQuery.avsc"),
    file!("ManifestState.avsc"),
    file!("ModelAnswer.v1.avsc"),
    file!("ModelAnswer.avsc"),
    file!("ModelAttempt.avsc"),
    file!("ModelRequest.avsc"),
    file!("Passages.avsc"),
    file!("SqlQuery.avsc"),
    file!("Table.avsc"),
    file!("Text.avsc"),
    file!("Timer.avsc"),
    file!("ToolRequest.avsc"),
    file!("WorkRow.v1.avsc"),
    file!("WorkRow.avsc"),
];

/// The same, parsed: once in a process, since every registry begins with them.
///
/// # Errors
/// [`Error::Schema`] for a file that is no record's schema; no released build has one.
pub fn schemas() -> Result<&'static [KnownSchema], Error> {
    static SCHEMAS: OnceLock<Vec<KnownSchema>> = OnceLock::new();
    if let Some(schemas) = SCHEMAS.get() {
        return Ok(schemas);
    }
    let parsed: Result<Vec<_>, _> = FILES.iter().map(|(name, text)| KnownSchema::parse(name, text)).collect();
    let parsed = parsed?;
    Ok(SCHEMAS.get_or_init(|| parsed))
}
