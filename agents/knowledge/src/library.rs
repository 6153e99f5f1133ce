//! The library: which bases a team has, and which agent may read which.
//!
//! Who asks is told by the address that the answer goes to, as with tools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agents_journal::nearest::hint;
use schemas_records::{Address, Failure, FailureCode};
use topics_catalog::{Names, is_name};

use crate::base::Base;

/// What is wrong with a library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A base's name is none.
    #[error("knowledge {0:?} has no name: use 1 to 48 of a-z, 0-9 and -, beginning with a letter")]
    Name(String),
    /// Two bases of one name.
    #[error("knowledge {0:?} is there twice; give one of them another name")]
    Twice(String),
    /// A base that there is not.
    #[error("agent {agent:?} may read knowledge {base:?}, which there is not; {hint}")]
    Unknown {
        /// Who should be allowed.
        agent: String,
        /// What there is not.
        base: String,
        /// What was probably meant.
        hint: String,
    },
}

/// The bases of a team.
#[derive(Clone)]
pub struct Library {
    names: Names,
    bases: BTreeMap<String, Arc<Base>>,
    /// Agent -> bases.
    allowed: BTreeMap<String, BTreeSet<String>>,
}

impl Library {
    /// No bases, for the agents of this team.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self { names, bases: BTreeMap::new(), allowed: BTreeMap::new() }
    }

    /// Adds a base, which nobody may read yet.
    ///
    /// # Errors
    /// A name that is none, or is taken.
    pub fn add(&mut self, base: Arc<Base>) -> Result<(), Problem> {
        let name = base.name().to_owned();
        if !is_name(&name) {
            return Err(Problem::Name(name));
        }
        if self.bases.contains_key(&name) {
            return Err(Problem::Twice(name));
        }
        self.bases.insert(name, base);
        Ok(())
    }

    /// Lets an agent read a base.
    ///
    /// # Errors
    /// A base that there is not, with the nearest.
    pub fn allow(&mut self, agent: &str, base: &str) -> Result<(), Problem> {
        if !self.bases.contains_key(base) {
            let hint = hint(base, self.bases.keys().map(String::as_str));
            return Err(Problem::Unknown { agent: agent.to_owned(), base: base.to_owned(), hint });
        }
        self.allowed.entry(agent.to_owned()).or_default().insert(base.to_owned());
        Ok(())
    }

    /// The base that whoever gets the answer may read.
    ///
    /// # Errors
    /// The failure that it is told: there is no such base, or it may not read it.
    pub(crate) fn find(&self, asker: &Address, base: &str) -> Result<&Arc<Base>, Failure> {
        let agent = self.names.agent_of(&asker.topic);
        let who =
            agent.map_or_else(|| format!("who reads {}", asker.topic), |agent| format!("agent {agent:?}"));
        let allowed = agent.and_then(|agent| self.allowed.get(agent));
        let is_allowed = allowed.is_some_and(|bases| bases.contains(base));
        match self.bases.get(base) {
            Some(found) if is_allowed => Ok(found),
            Some(_) => Err(Failure::new(
                FailureCode::NotAllowed,
                format!("ask knowledge {base:?}: {who} may not read it"),
                "let the agent read it in the team's own files, or do without",
            )),
            // What others may read is not told.
            None => Err(Failure::new(
                FailureCode::BadInput,
                format!(
                    "ask knowledge {base:?}: there is no such base for {who}; {}",
                    hint(base, allowed.into_iter().flatten().map(String::as_str))
                ),
                "mend the base's name where it is asked",
            )),
        }
    }
}
