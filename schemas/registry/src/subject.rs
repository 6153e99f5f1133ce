//! Subjects: what is filed at a registry under which name, and how that stands.

use std::fmt;
use std::sync::Arc;

use schemas_codec::{KnownSchema, SchemaId};

use crate::difference::Change;

/// A name at the registry, and the versions of one record that belong under it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Usually by topic and record, see [`schemas_codec::subject`].
    pub name: String,
    /// Oldest first; the last is the one that this process writes.
    pub versions: Vec<Arc<KnownSchema>>,
}

/// How a subject stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What this process writes is filed there, under this id.
    Registered(SchemaId),
    /// It would be filed.
    New {
        /// Versions that are there; with none, all of ours are filed, else the one that is written.
        there: usize,
    },
    /// It cannot be filed.
    Refused(Refusal),
}

/// Why a schema cannot be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Under which subject.
    pub subject: String,
    /// The registry.
    pub url: String,
    /// Which version there is in the way; `None` if the registry did not say, and the changes are those
    /// from its newest one.
    pub version: Option<i64>,
    /// What is in the way, and how to mend it.
    pub problem: String,
    /// Field by field, what is there and what is here.
    pub changes: Vec<Change>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "register {} at the schema registry {}: ", self.subject, self.url)?;
        match self.version {
            Some(version) => write!(f, "against its version {version}: {}", self.problem)?,
            None => write!(f, "{}", self.problem)?,
        }
        for change in &self.changes {
            write!(f, "\n    {change}")?;
        }
        Ok(())
    }
}
