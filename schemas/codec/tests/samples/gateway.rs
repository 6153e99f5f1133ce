//! The model gateway's rows. Their Rust types live with the gateway, which this room must not import; these
//! are the same by their `.avsc` files, field by field.

use bytes::Bytes;
use schemas_records::Message;
use serde::{Deserialize, Serialize};

/// As the gateway's outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalOutcome {
    Unknown,
    Ok,
    Failed,
}

/// As the gateway's row of an answered call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    pub request_hash: String,
    pub outcome: JournalOutcome,
    pub value: Bytes,
    pub attempts: i32,
    pub unknown_attempts: i32,
    pub calls_charged: i32,
}

impl Message for JournalEntry {
    const NAME: &'static str = "tributary.JournalEntry";
    const SCHEMA: &'static str = include_str!("../../../avro/JournalEntry.avsc");
}

/// As the gateway's row of a request that is being sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAttempt {
    pub request_hash: String,
    pub call: String,
    pub attempts: i32,
    pub unknown_attempts: i32,
    pub open: bool,
}

impl Message for ModelAttempt {
    const NAME: &'static str = "tributary.ModelAttempt";
    const SCHEMA: &'static str = include_str!("../../../avro/ModelAttempt.avsc");
}

pub fn journal_entries() -> Vec<JournalEntry> {
    [JournalOutcome::Ok, JournalOutcome::Failed, JournalOutcome::Unknown]
        .into_iter()
        .map(|outcome| JournalEntry {
            request_hash: "5eed5eed5eed5eed5eed5eed5eed5eed".into(),
            outcome,
            value: Bytes::from_static(&[0, 0, 0, 0, 9, 255]),
            attempts: 3,
            unknown_attempts: 1,
            calls_charged: 2,
        })
        .collect()
}

pub fn model_attempts() -> Vec<ModelAttempt> {
    [true, false]
        .into_iter()
        .map(|open| ModelAttempt {
            request_hash: "5eed5eed5eed5eed5eed5eed5eed5eed".into(),
            call: "00112233445566778899aabbccddeeff".into(),
            attempts: 2,
            unknown_attempts: 0,
            open,
        })
        .collect()
}
