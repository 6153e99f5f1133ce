//! The state of a manifest's agent. Its Rust type lives with the manifests, which this room must not
//! import; this is the same by its `.avsc` file, field by field.

use bytes::Bytes;
use schemas_records::Message;
use serde::{Deserialize, Serialize};

/// As the manifest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestState {
    pub step: String,
    pub asked: i32,
    pub input: Bytes,
    pub parts: Vec<ManifestPart>,
    pub results: Vec<ManifestResult>,
    pub rounds: Vec<ManifestRound>,
}

/// As the manifest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestPart {
    pub branch: String,
    pub outcome: ManifestOutcome,
    pub value: Bytes,
}

/// As the manifest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManifestOutcome {
    Unknown,
    Arrived,
    Failed,
    Missing,
}

/// As the manifest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestResult {
    pub step: String,
    pub value: Bytes,
}

/// As the manifest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRound {
    pub step: String,
    pub count: i32,
}

impl Message for ManifestState {
    const NAME: &'static str = "tributary.ManifestState";
    const SCHEMA: &'static str = include_str!("../../../avro/ManifestState.avsc");
}

pub fn manifest_states() -> Vec<ManifestState> {
    use ManifestOutcome::{Arrived, Failed, Missing, Unknown};
    let part = |(index, outcome): (usize, ManifestOutcome)| ManifestPart {
        branch: format!("analyst-{index}"),
        outcome,
        value: Bytes::from_static(&[0, 0, 0, 0, 9, 255]),
    };
    let empty = ManifestState {
        step: String::new(),
        asked: 0,
        input: Bytes::new(),
        parts: Vec::new(),
        results: Vec::new(),
        rounds: Vec::new(),
    };
    let full = ManifestState {
        step: "draft".into(),
        asked: 2,
        input: Bytes::from_static(&[0, 0, 0, 0, 9, 1]),
        parts: [Arrived, Failed, Missing, Unknown].into_iter().enumerate().map(part).collect(),
        results: vec![ManifestResult { step: "plan".into(), value: Bytes::from_static(&[0, 1, 2, 3, 4, 5]) }],
        rounds: vec![
            ManifestRound { step: "plan".into(), count: 1 },
            ManifestRound { step: "#3".into(), count: 2 },
        ],
    };
    vec![full, empty]
}
