//! The state of a manifest's agent between two events: an Avro record, kept in its work's row.

use bytes::Bytes;
use schemas_records::Message;
use serde::{Deserialize, Serialize};

/// What it must know when the next record for its work comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestState {
    /// The step that waits for an answer, by its label.
    pub(crate) step: String,
    /// How often the model was asked for that answer.
    pub(crate) asked: i32,
    /// What began the work, framed.
    pub(crate) input: Bytes,
    /// The parts of the fork that began it, in the fork's order.
    pub(crate) parts: Vec<ManifestPart>,
    /// What the steps got so far, each step once: the last time counts.
    pub(crate) results: Vec<ManifestResult>,
    /// How often each step was come to.
    pub(crate) rounds: Vec<ManifestRound>,
}

/// One branch of a fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestPart {
    pub(crate) branch: String,
    pub(crate) outcome: ManifestOutcome,
    /// Its message or failure, framed; empty if it is missing.
    pub(crate) value: Bytes,
}

/// What became of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ManifestOutcome {
    Unknown,
    Arrived,
    Failed,
    Missing,
}

/// What a step got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestResult {
    pub(crate) step: String,
    /// The message, framed.
    pub(crate) value: Bytes,
}

/// How often a step was come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestRound {
    pub(crate) step: String,
    pub(crate) count: i32,
}

impl Message for ManifestState {
    const NAME: &'static str = "tributary.ManifestState";
    const SCHEMA: &'static str = include_str!("../../../../schemas/avro/ManifestState.avsc");
}

impl ManifestState {
    /// What a step got, if it ran.
    pub(crate) fn result(&self, step: &str) -> Option<&Bytes> {
        self.results.iter().find(|result| result.step == step).map(|result| &result.value)
    }

    /// Keeps what a step got.
    pub(crate) fn keep(&mut self, step: &str, value: Bytes) {
        match self.results.iter_mut().find(|result| result.step == step) {
            Some(result) => result.value = value,
            None => self.results.push(ManifestResult { step: step.to_owned(), value }),
        }
    }

    /// Counts that a step is come to; how often that makes.
    pub(crate) fn come_to(&mut self, step: &str) -> i32 {
        if let Some(round) = self.rounds.iter_mut().find(|round| round.step == step) {
            round.count = round.count.saturating_add(1);
            return round.count;
        }
        self.rounds.push(ManifestRound { step: step.to_owned(), count: 1 });
        1
    }

    /// How often a step was come to.
    pub(crate) fn round(&self, step: &str) -> i32 {
        self.rounds.iter().find(|round| round.step == step).map_or(0, |round| round.count)
    }
}

#[cfg(test)]
mod tests;
