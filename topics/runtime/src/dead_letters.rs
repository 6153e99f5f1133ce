//! Dead letters: the whole record, where it stood, why it could not be handled, and what one can do.

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::headers::Headers;
use schemas_records::protocol::{DeadHeader, DeadLetter};
use topics_log::{NewRecord, Record};

/// Longest value a dead letter carries. A record larger than this was refused by the broker's own
/// default limit (1 MiB with its headers), so that in practice nothing is cut; if it is, the message says
/// so and the origin leads to the whole.
pub const DEAD_VALUE_BYTES_MAX: usize = 900 * 1024;

/// Why a record could not be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadReason {
    /// For programs: a short word, for example `undecodable`.
    pub code: &'static str,
    /// For people: what was attempted and what was found.
    pub message: String,
    /// What one can do.
    pub remedy: String,
}

impl DeadReason {
    /// A reason.
    pub fn new(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: remedy.into() }
    }
}

/// The dead letter for `record`, addressed to `topic`, keyed by its origin so that repeats can be told.
///
/// # Errors
/// The codec's own, which would be a bug: every field is text or bytes.
pub fn dead_letter(
    codec: &Codec,
    topic: &str,
    handler: &str,
    record: &Record,
    reason: &DeadReason,
) -> Result<NewRecord, schemas_codec::Error> {
    let origin = format!("{}/{}", record.topic_partition, record.offset);
    let cut = record.value.len() > DEAD_VALUE_BYTES_MAX;
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| DeadHeader { name: name.to_owned(), value: value.clone() })
        .collect();
    let mut message = reason.message.clone();
    if cut {
        message.push_str(&format!(
            " (value of {} bytes cut to {DEAD_VALUE_BYTES_MAX}; the whole stands at {origin})",
            record.value.len()
        ));
    }
    let letter = DeadLetter {
        topic: record.topic_partition.topic.to_string(),
        partition: record.topic_partition.partition,
        offset: record.offset,
        timestamp: record.timestamp.0,
        key: record.key.to_bytes(),
        value: record.value.slice(..record.value.len().min(DEAD_VALUE_BYTES_MAX)),
        headers,
        handler: handler.to_owned(),
        code: reason.code.to_owned(),
        message,
        remedy: reason.remedy.clone(),
    };
    let mut out = Headers::new();
    out.push("origin", origin.clone());
    out.push("code", reason.code);
    Ok(NewRecord {
        topic: topic.into(),
        partition: None,
        key: Bytes::from(origin).into(),
        value: codec.encode(&letter)?,
        headers: out,
    })
}
