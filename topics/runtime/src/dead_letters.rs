//! Dead letters: the whole record, where it stood, why it could not be handled, and what one can do.

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::failure::cut;
use schemas_records::headers::Headers;
use schemas_records::protocol::{DeadHeader, DeadLetter};
use topics_log::{NewRecord, Record};

/// Most bytes of a dead record that its letter carries: the broker's default limit of 1 MiB less room for
/// the letter's own fields. A record that is longer is cut, headers last; the message says so, and the
/// origin leads to the whole.
pub const DEAD_RECORD_BYTES_MAX: usize = 900 * 1024;

/// Most bytes of headers in a letter: far more than anything honest carries.
pub const DEAD_HEADERS_BYTES_MAX: usize = 256 * 1024;

/// Most bytes of a key in a letter.
pub const DEAD_KEY_BYTES_MAX: usize = 64 * 1024;

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
    let (headers, headers_bytes) = headers_within(record, DEAD_HEADERS_BYTES_MAX);
    let key = record.key.to_bytes();
    let key = key.slice(..key.len().min(DEAD_KEY_BYTES_MAX));
    let room = DEAD_RECORD_BYTES_MAX - headers_bytes - key.len();
    let value = record.value.slice(..record.value.len().min(room));
    let mut message = cut(reason.message.clone());
    let is_cut = value.len() < record.value.len()
        || key.len() < record.key.as_bytes().len()
        || headers.len() < record.headers.len();
    if is_cut {
        let bytes = record.value.len() + record.key.as_bytes().len() + record.headers.size_bytes();
        message
            .push_str(&format!(" (the record's {bytes} bytes are cut here; the whole stands at {origin})"));
    }
    let letter = DeadLetter {
        topic: record.topic_partition.topic.to_string(),
        partition: record.topic_partition.partition,
        offset: record.offset,
        timestamp: record.timestamp.0,
        key,
        value,
        headers,
        handler: handler.to_owned(),
        code: reason.code.to_owned(),
        message,
        remedy: cut(reason.remedy.clone()),
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

/// The record's first headers, as many as fit, and their bytes.
fn headers_within(record: &Record, bytes_max: usize) -> (Vec<DeadHeader>, usize) {
    let mut bytes = 0;
    let mut headers = Vec::new();
    for (name, value) in record.headers.iter() {
        bytes += name.len() + value.len();
        if bytes > bytes_max {
            return (headers, bytes_max);
        }
        headers.push(DeadHeader { name: name.to_owned(), value: Bytes::copy_from_slice(value) });
    }
    (headers, bytes)
}

#[cfg(test)]
mod tests {
    //! A dead letter always fits where its record did.

    use bytes::Bytes;
    use schemas_codec::{Codec, Registry};
    use schemas_records::Timestamp;
    use schemas_records::headers::Headers;
    use schemas_records::protocol::DeadLetter;
    use topics_log::{Record, TopicPartition};

    use super::{DeadReason, dead_letter};

    /// Whatever part of a record is large, its letter stays below the broker's limit and says what is cut.
    #[test]
    fn letters_are_bounded() {
        let codec = Codec::new(Registry::new().unwrap());
        let check = |key: usize, value: usize, header: usize, is_cut: bool| {
            let mut headers = Headers::new();
            headers.push("small", "x");
            headers.push("large", vec![b'h'; header]);
            let record = Record {
                topic_partition: TopicPartition::new("in", 3),
                offset: 7,
                timestamp: Timestamp(5),
                key: Bytes::from(vec![b'k'; key]).into(),
                value: Bytes::from(vec![b'v'; value]),
                headers,
            };
            let reason = DeadReason::new("test", "no good", "mend it");
            let letter = dead_letter(&codec, "dead", "handler", &record, &reason).unwrap();
            assert!(letter.size_bytes() < 1_000_000, "{} bytes", letter.size_bytes());
            let letter: DeadLetter = codec.decode(&letter.value).unwrap();
            assert_eq!(letter.message.contains("the whole stands at in/3/7"), is_cut, "{}", letter.message);
            if !is_cut {
                assert_eq!((letter.key.len(), letter.value.len(), letter.headers.len()), (key, value, 2));
            }
        };
        let long = DeadReason::new("test", "x".repeat(1_000_000), "y".repeat(1_000_000));
        let record = Record {
            topic_partition: TopicPartition::new("in", 3),
            offset: 7,
            timestamp: Timestamp(5),
            key: Bytes::new().into(),
            value: Bytes::new(),
            headers: Headers::new(),
        };
        let letter = dead_letter(&codec, "dead", "handler", &record, &long).unwrap();
        assert!(letter.size_bytes() < 20_000, "a reason that quotes what came is cut");
        check(10, 1_000, 10, false);
        check(10, 1_048_000, 10, true);
        check(1_000_000, 10, 10, true);
        check(10, 10, 1_000_000, true);
        check(10, 850_000, 200_000, true);
    }
}
