//! The seam between this process's schemas and whoever says which number stands for which.
//!
//! In a frame a schema is a number. Somebody must say which number a schema has, and what a number means
//! that this process has never seen: that is the authority. There are two: [`Embedded`], which computes ids
//! from the schemas themselves and knows nothing else, and the registry of a cluster
//! (`schemas-registry`), which hands ids out and keeps everybody's schemas.
//!
//! An authority knows no records, no bytes and no Rust types, and state never asks it: rows carry
//! fingerprints.

use std::fmt;

use crate::known::{KnownSchema, SchemaId};

/// Says which id a schema has, and which schema an id means.
///
/// [`crate::Registry`] asks once for each schema and once for each id, and keeps what it hears; so a call
/// is rare, and never made for a record that is written and read by one's own schema. But it is made in the
/// midst of a step: an implementation that must ask elsewhere answers within a bounded time, and at
/// once where it knows that nobody is there to be asked.
///
/// - The same schema has the same id for as long as the authority lives, whoever asks.
/// - An id that was given means that schema for ever: [`Authority::text_of`] of it reads the same bytes.
/// - An error is a sentence for people: what was found, and what to do. It may pass; whoever meets it
///   may ask again.
///
/// ```
/// use schemas_codec::authority::{Authority, Embedded};
/// use schemas_codec::{KnownSchema, SchemaId};
///
/// let note = KnownSchema::parse("Note", r#"{"type":"record","name":"t.Note","fields":[]}"#)?;
/// assert_eq!(Embedded.id_of(&note), Ok(note.id()));
/// assert!(Embedded.text_of(SchemaId(1)).is_err());
/// # Ok::<(), schemas_codec::Error>(())
/// ```
pub trait Authority: fmt::Debug + Send + Sync {
    /// The id that stands in frames of messages written by `schema`.
    ///
    /// # Errors
    /// Why it has none.
    fn id_of(&self, schema: &KnownSchema) -> Result<SchemaId, String>;

    /// The schema with this id, as Avro's JSON, with everything in it that it refers to.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn text_of(&self, id: SchemaId) -> Result<String, String>;
}

/// The authority of a process without a registry: ids are made from the schemas themselves, so all
/// processes agree without a table, and what a process does not know nobody can tell it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Embedded;

impl Authority for Embedded {
    fn id_of(&self, schema: &KnownSchema) -> Result<SchemaId, String> {
        Ok(schema.id())
    }

    fn text_of(&self, _: SchemaId) -> Result<String, String> {
        Err("register the schema, or use the same registry".to_owned())
    }
}

#[cfg(test)]
mod tests;
