//! Bytes to records and back, for messages on topics and for state in rows.
//!
//! One way in and one way out each. A record of one's own version goes straight through serde; any other
//! version is resolved to the reader's schema, where new fields take their defaults. Bounds on size are
//! the caller's: this file reads what it is given, within the bounds of [`crate::body`].

use std::sync::Arc;

use bytes::Bytes;
use schemas_records::Message;

use crate::body;
use crate::error::Error;
use crate::frame;
use crate::json;
use crate::known::KnownSchema;
use crate::registry::Registry;

/// Room for a message before its size is known: most of ours have a few hundred bytes, and growing twice
/// costs more than the room.
const ENCODE_BYTES: usize = 512;

/// Reads and writes messages by the schemas of one registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Codec {
    registry: Arc<Registry>,
}

impl Codec {
    /// A codec over a registry.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry: Arc::new(registry) }
    }

    /// The schemas it knows; more may be registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Writes a message, framed. The first message of a type registers its schema.
    ///
    /// # Errors
    /// [`Error::Encode`] if the value does not fit its schema, [`Error::Unregistered`] if a registry gives
    /// its schema no id, and those of [`Registry::register`].
    pub fn encode<M: Message>(&self, message: &M) -> Result<Bytes, Error> {
        let schema = self.registry.of_type::<M>()?;
        let mut out = Vec::with_capacity(ENCODE_BYTES);
        frame::begin(&mut out, self.registry.frame_id(&schema)?);
        schema.write(message, &mut out)?;
        Ok(out.into())
    }

    /// Reads a framed message that any known version of its schema wrote.
    ///
    /// # Errors
    /// One variant for each thing that can be wrong with the bytes: the frame, the schema's id, the record,
    /// the body, what is left after it, and what only the Rust type refuses.
    pub fn decode<M: Message>(&self, bytes: &[u8]) -> Result<M, Error> {
        let (id, body) = frame::split(bytes)?;
        let own = self.registry.of_type::<M>()?;
        if own.framed().unwrap_or(own.id()) == id {
            return read_own(&own, body);
        }
        read_other(&own, &*self.registry.schema(id)?, body)
    }

    /// Writes a state, in Avro's single-object encoding.
    ///
    /// # Errors
    /// Those of [`Codec::encode`].
    pub fn encode_state<M: Message>(&self, state: &M) -> Result<Bytes, Error> {
        let schema = self.registry.of_type::<M>()?;
        let mut out = Vec::with_capacity(ENCODE_BYTES);
        frame::begin_state(&mut out, schema.fingerprint());
        schema.write(state, &mut out)?;
        Ok(out.into())
    }

    /// Reads a state that any known version of its schema wrote.
    ///
    /// # Errors
    /// As [`Codec::decode`], with fingerprints for ids.
    pub fn decode_state<M: Message>(&self, bytes: &[u8]) -> Result<M, Error> {
        let (fingerprint, body) = frame::split_state(bytes)?;
        let own = self.registry.of_type::<M>()?;
        if fingerprint == own.fingerprint() {
            return read_own(&own, body);
        }
        read_other(&own, &*self.registry.schema_of_fingerprint(fingerprint)?, body)
    }

    /// The full name of the record that a framed message holds; the body is not looked at.
    ///
    /// # Errors
    /// The frame's, and [`Error::UnknownSchema`].
    pub fn name_of(&self, bytes: &[u8]) -> Result<String, Error> {
        let (id, _) = frame::split(bytes)?;
        Ok(self.registry.schema(id)?.name().to_owned())
    }

    /// Takes a value as a producer may send it, framed Avro or a JSON object, and returns it framed and
    /// whole: a record `name` of any known version. A leading byte 0 means Avro; a leading `{`, after
    /// white space, means JSON, which is read by the newest schema of the record.
    ///
    /// # Errors
    /// [`Error::NeitherJsonNorAvro`], else those of the way it went.
    pub fn read_message(&self, name: &str, value: &Bytes) -> Result<Bytes, Error> {
        match value.iter().find(|byte| !byte.is_ascii_whitespace()) {
            _ if value.first() == Some(&frame::MAGIC) => {
                let (id, body) = frame::split(value)?;
                let schema = self.registry.schema(id)?;
                check_name(name, &schema)?;
                body::check(&schema, body)?;
                Ok(value.clone())
            }
            Some(b'{') => {
                let schema = self.registry.newest(name)?;
                self.from_json(name, &json::parse(schema.name(), value)?)
            }
            first => Err(Error::NeitherJsonNorAvro {
                record: name.to_owned(),
                found: match first {
                    None => "it is empty".to_owned(),
                    Some(byte) => format!("it begins with {:?}", char::from(*byte)),
                },
            }),
        }
    }

    /// Writes a JSON object, framed, by the newest schema of the record `name`.
    ///
    /// # Errors
    /// [`Error::UnknownRecord`], [`Error::Unregistered`], and [`Error::Json`] with the path of the first
    /// field that does not fit.
    pub fn from_json(&self, name: &str, value: &serde_json::Value) -> Result<Bytes, Error> {
        let schema = self.registry.newest(name)?;
        let mut out = Vec::with_capacity(ENCODE_BYTES);
        frame::begin(&mut out, self.registry.frame_id(&schema)?);
        json::write(&schema, value, &mut out)?;
        Ok(out.into())
    }

    /// Shows a framed message as JSON, fields in the order of the schema that wrote it. `bytes` become
    /// text with one character (U+0000 to U+00FF) for each byte, as Avro has it; numbers that JSON
    /// does not have (`NaN`, `Infinity`) become text.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub fn to_json(&self, bytes: &[u8]) -> Result<serde_json::Value, Error> {
        let (id, body) = frame::split(bytes)?;
        let schema = self.registry.schema(id)?;
        body::check(&schema, body)?;
        json::read(&schema, body)
    }
}

fn read_own<M: Message>(own: &KnownSchema, body: &[u8]) -> Result<M, Error> {
    body::check(own, body)?;
    own.read(body)
}

fn read_other<M: Message>(own: &KnownSchema, writer: &KnownSchema, body: &[u8]) -> Result<M, Error> {
    if writer.fingerprint() == own.fingerprint() {
        // The same schema under another id, or with other docs: the same bytes.
        return read_own(own, body);
    }
    check_name(own.name(), writer)?;
    body::check(writer, body)?;
    own.read_resolved(writer, body)
}

fn check_name(expected: &str, found: &KnownSchema) -> Result<(), Error> {
    if found.name() == expected {
        return Ok(());
    }
    Err(Error::WrongRecord { expected: expected.to_owned(), found: found.name().to_owned() })
}

#[cfg(test)]
mod tests;
