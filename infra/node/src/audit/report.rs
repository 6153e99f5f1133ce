//! What an audit found: plain data, to be drawn or written as JSON.

use std::collections::BTreeMap;

use schemas_records::Timestamp;
use serde::Serialize;

/// Why something was not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAudited {
    /// Records of works whose first record lies before the stretch, or is no longer in the log.
    BeganBefore,
    /// Records of works that were not begun, since more were open at once than are held in memory.
    TooManyOpen,
    /// Records of works of which a step never returned.
    NeverReturned,
    /// Outputs of all these.
    Skipped,
    /// Outputs of steps that lie before the stretch, or are no longer in the log.
    Earlier,
    /// Outputs that differ, in works some of whose steps were made by another version, or before the stretch.
    AfterOther,
}

impl NotAudited {
    /// What is counted, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::BeganBefore => "records of works that began before the stretch",
            Self::TooManyOpen => "records of works beyond what memory holds open",
            Self::NeverReturned => "records of works with a step that never returned",
            Self::Skipped => "outputs of those",
            Self::Earlier => "outputs of steps before the stretch",
            Self::AfterOther => "outputs after a step by another version",
        }
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The step says it otherwise.
    Differs,
    /// The step says it, and it does not stand in the log.
    Missing,
    /// It stands in the log, and its step does not say it, or not a second time.
    Unmade,
    /// The step itself finds what cannot be, and stops.
    Stops,
}

/// One thing in which a record differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// `partition`, `key`, `header NAME`, `value PATH`, or `value byte NUMBER`.
    pub name: String,
    /// As it stands in the log; none if it has no such thing.
    pub recorded: Option<String>,
    /// As the step says it now.
    pub made: Option<String>,
}

/// The first record that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What is wrong.
    pub what: What,
    /// `topic/partition/offset` of the record whose step it is; none if no step says it.
    pub step: Option<String>,
    /// When that record, or the one that no step says, was appended.
    pub at: Timestamp,
    /// The agent whose step it is.
    pub agent: Option<String>,
    /// The task.
    pub task: String,
    /// The work's id.
    pub work: String,
    /// The readable path of the work that the record is addressed to.
    pub path: String,
    /// What the record is, and the topic it goes to.
    pub record: String,
    /// Where it stands; none if it is missing.
    pub recorded_at: Option<String>,
    /// In what it differs; or, for a record of one side, what it is.
    pub fields: Vec<Field>,
    /// Further fields that differ.
    pub more: usize,
}

/// Records made by a version that does not run here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherVersion {
    /// The agent, `?` if only the record is known.
    pub agent: String,
    /// Its version as the records say.
    pub recorded: String,
    /// Its version here.
    pub here: Option<String>,
    /// How many records.
    pub records: u64,
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Records of inboxes that were read.
    pub read: u64,
    /// Works that were begun again.
    pub works: u64,
    /// Those of them that had not ended.
    pub open: u64,
    /// Steps that were made again.
    pub steps: u64,
    /// Outputs that they said.
    pub outputs: u64,
    /// Those that stand in the log, byte for byte.
    pub equal: u64,
    /// Records that are not the same, by what is wrong.
    pub differences: BTreeMap<What, u64>,
    /// The first of them.
    pub first: Option<Difference>,
    /// What was not compared, and why.
    pub not_audited: BTreeMap<NotAudited, u64>,
    /// Records made by another version than runs here; they were not compared.
    pub other_versions: Vec<OtherVersion>,
    /// Records that no step makes: taken as they were recorded.
    pub taken: u64,
    /// A sum over everything that the steps said: two processes that say the same have the same.
    pub digest: String,
    /// Why it ended before its end, if it did.
    pub ended_early: Option<String>,
}

impl Report {
    /// How many records are not the same.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.differences.values().sum()
    }

    /// Whether every output that could be compared was equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing() == 0 && self.ended_early.is_none()
    }
}
