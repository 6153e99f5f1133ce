//! What can go wrong between bytes and records: one variant for each, with what was attempted and a hint.

use crate::body;
use crate::json;
use crate::known::SchemaId;

/// A message, state, JSON text or schema that could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than the frame alone needs.
    #[error("read framed avro: {found} bytes, at least {needed} are needed; send the frame, then the body")]
    TooShort {
        /// Bytes that were there.
        found: usize,
        /// Bytes of the frame.
        needed: usize,
    },
    /// The first byte of a message is not Confluent's 0.
    #[error("read framed avro: first byte is {found:#04x}, not 0x00; use a confluent avro serializer")]
    WrongMagic {
        /// The first byte.
        found: u8,
    },
    /// The first bytes of a stored state are not those of Avro's single-object encoding.
    #[error(
        "read stored state: it begins with {found:02x?}, not [c3, 01]; was the row written by something else?"
    )]
    WrongStateMarker {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// No schema with this id.
    #[error("read framed avro: schema id {id} is not known here; {reason}")]
    UnknownSchema {
        /// The id in the frame.
        id: SchemaId,
        /// What the authority on ids says, and what to do.
        reason: String,
    },
    /// No id for a schema that is to be written with.
    #[error("write {record}: its schema has no id: {reason}")]
    Unregistered {
        /// The record.
        record: String,
        /// What the authority on ids says, and what to do.
        reason: String,
    },
    /// No schema with this fingerprint.
    #[error(
        "read stored state: schema fingerprint {fingerprint:016x} is not known here; \
         register that version's schema, or use the newer program that wrote it"
    )]
    UnknownFingerprint {
        /// The CRC-64-AVRO of the schema's canonical form.
        fingerprint: u64,
    },
    /// No schema for a record of this name.
    #[error("find the schema of {name}: no record of this name is known here; register its schema first")]
    UnknownRecord {
        /// The full name that was asked for.
        name: String,
    },
    /// The bytes hold another record than was asked for.
    #[error("read {expected}: the bytes hold a {found}; send it where that record belongs")]
    WrongRecord {
        /// The record that was asked for.
        expected: String,
        /// The record that the schema's id names.
        found: String,
    },
    /// The body does not follow the schema it names.
    #[error("read {record}: {path}: {problem}; was it written with the schema it names?")]
    Malformed {
        /// The record.
        record: String,
        /// Where in the record.
        path: String,
        /// What is wrong there.
        problem: body::Problem,
    },
    /// The body ends before the bytes do.
    #[error("read {record}: {bytes} bytes are left after its end; send one record per value")]
    TrailingBytes {
        /// The record.
        record: String,
        /// How many.
        bytes: usize,
    },
    /// The body follows its schema but does not make the Rust type.
    #[error("read {record} into its rust type: {message}; the type and its avsc file must agree")]
    Decode {
        /// The record.
        record: String,
        /// What serde said.
        message: String,
    },
    /// The body was written with another version that today's schema cannot take.
    #[error(
        "read {record} of schema {id} with today's schema: {message}; give new fields and enums a default"
    )]
    Resolve {
        /// The record.
        record: String,
        /// The writer's schema.
        id: SchemaId,
        /// What cannot be resolved.
        message: String,
    },
    /// The Rust value does not fit its schema.
    #[error("write {record}: {message}; the type and its avsc file must agree")]
    Encode {
        /// The record.
        record: String,
        /// What serde said.
        message: String,
    },
    /// The schema's text is no Avro schema of a record.
    #[error("parse schema {name}: {message}; see the avro specification for the form of a record")]
    Schema {
        /// Which schema.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// The schema holds a default that its own field cannot take.
    #[error(
        "parse schema {name}: the default of {path}: {problem}; a default is of the field's type, for a union of its first branch's"
    )]
    Default {
        /// Which schema.
        name: String,
        /// Which field.
        path: String,
        /// What is wrong with the default.
        problem: json::Problem,
    },
    /// A Rust type and its schema name different records.
    #[error("register {expected}: its schema is for {found}; let NAME be the full name in the avsc file")]
    NameMismatch {
        /// `Message::NAME`.
        expected: String,
        /// The schema's full name.
        found: String,
    },
    /// The schema cannot read what an earlier version wrote.
    #[error("register {record}: it cannot read what schema {older} wrote: {path}: {problem}")]
    Incompatible {
        /// The record.
        record: String,
        /// The earlier version's id.
        older: SchemaId,
        /// Where in the record.
        path: String,
        /// What is in the way, and the way out.
        problem: String,
    },
    /// Two schemas share an id.
    #[error(
        "register {second}: its schema id {id} is taken by a {first}; change its namespace or a field's name"
    )]
    Collision {
        /// The id.
        id: SchemaId,
        /// The record that has it.
        first: String,
        /// The record that should have had it.
        second: String,
    },
    /// The value is empty or begins like nothing that is understood.
    #[error(
        "read {record}: the value is neither JSON nor Avro: {found}; send a JSON object or confluent-framed avro"
    )]
    NeitherJsonNorAvro {
        /// The record that was expected.
        record: String,
        /// What it begins with.
        found: String,
    },
    /// JSON must be UTF-8.
    #[error("read {record} from JSON: byte {at} is not UTF-8; encode the text as UTF-8")]
    NotUtf8 {
        /// The record that was expected.
        record: String,
        /// Bytes before the first wrong one.
        at: usize,
    },
    /// The text is not JSON.
    #[error("read {record} from JSON: {message}; check the text with any JSON tool")]
    NotJson {
        /// The record that was expected.
        record: String,
        /// Where and why, from the parser.
        message: String,
    },
    /// The JSON does not fit the schema.
    #[error("read {record} from JSON: {path}: {problem}")]
    Json {
        /// The record that was expected.
        record: String,
        /// Where in the JSON.
        path: String,
        /// What is wrong there.
        problem: json::Problem,
    },
}
