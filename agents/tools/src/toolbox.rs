//! The toolbox: which tools a team has, and which agent may use which.
//!
//! Who asks is told by the address that the answer goes to. That cannot be another's: whoever writes one
//! gets no answer, and an agent's own records always carry its own. What a prompt, a document or a model
//! says makes no difference here: this is a table, filled before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use agents_journal::nearest::hint;
use schemas_records::{Address, Failure, FailureCode};
use topics_catalog::{Names, is_name};

use crate::tool::Tool;

/// Longest answer a tool may declare. It rides in a record (a megabyte with its headers) and then in its
/// asker's row, which is written at every step.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Longest time a call may be declared to take: what takes longer is a task of its own.
pub const TIME_MAX: Duration = Duration::from_secs(600);

/// Most calls of one tool at once in one node.
pub const IN_FLIGHT_MAX: usize = 256;

/// What is wrong with a toolbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A tool's name is none.
    #[error("tool {0:?} has no name: use 1 to 48 of a-z, 0-9 and -, beginning with a letter")]
    Name(String),
    /// Two tools of one name.
    #[error("tool {0:?} is there twice; give one of them another name")]
    Twice(String),
    /// A bound that is nothing, or more than is allowed.
    #[error("tool {tool:?} declares {what} of {found}, {allowed} are allowed")]
    Bound {
        /// The tool.
        tool: String,
        /// Which bound.
        what: &'static str,
        /// What it declares.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// A tool that there is not.
    #[error("agent {agent:?} may use tool {tool:?}, which there is not; {hint}")]
    Unknown {
        /// Who should be allowed.
        agent: String,
        /// What there is not.
        tool: String,
        /// What was probably meant.
        hint: String,
    },
}

/// The tools of a team.
#[derive(Clone)]
pub struct Toolbox {
    names: Names,
    tools: BTreeMap<String, Arc<dyn Tool>>,
    /// Agent -> tools.
    allowed: BTreeMap<String, BTreeSet<String>>,
}

impl Toolbox {
    /// No tools, for the agents of this team.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self { names, tools: BTreeMap::new(), allowed: BTreeMap::new() }
    }

    /// Adds a tool, which nobody may use yet.
    ///
    /// # Errors
    /// A name or a bound that is not allowed.
    pub fn add(&mut self, tool: Arc<dyn Tool>) -> Result<(), Problem> {
        let declaration = tool.declaration();
        let name = declaration.name.clone();
        if !is_name(&name) {
            return Err(Problem::Name(name));
        }
        let bounds = declaration.bounds;
        let bound = |what, found, allowed| Err(Problem::Bound { tool: name.clone(), what, found, allowed });
        if bounds.time.is_zero() || bounds.time > TIME_MAX {
            return bound("a time", format!("{:?}", bounds.time), format!("1 ns to {TIME_MAX:?}"));
        }
        if !(1..=ANSWER_BYTES_MAX).contains(&bounds.answer_bytes) {
            let allowed = format!("1 to {ANSWER_BYTES_MAX}");
            return bound("bytes of its answer", bounds.answer_bytes.to_string(), allowed);
        }
        if !(1..=IN_FLIGHT_MAX).contains(&bounds.in_flight) {
            let allowed = format!("1 to {IN_FLIGHT_MAX}");
            return bound("calls in flight", bounds.in_flight.to_string(), allowed);
        }
        if self.tools.contains_key(&name) {
            return Err(Problem::Twice(name));
        }
        self.tools.insert(name, tool);
        Ok(())
    }

    /// Lets an agent use a tool.
    ///
    /// # Errors
    /// A tool that there is not, with the nearest.
    pub fn allow(&mut self, agent: &str, tool: &str) -> Result<(), Problem> {
        if !self.tools.contains_key(tool) {
            let hint = hint(tool, self.tools.keys().map(String::as_str));
            return Err(Problem::Unknown { agent: agent.to_owned(), tool: tool.to_owned(), hint });
        }
        self.allowed.entry(agent.to_owned()).or_default().insert(tool.to_owned());
        Ok(())
    }

    /// The tools, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<dyn Tool>> {
        self.tools.values()
    }

    /// The tool that whoever gets the answer may use.
    ///
    /// # Errors
    /// The failure that it is told: there is no such tool, or it may not use it.
    pub(crate) fn find(&self, asker: &Address, tool: &str) -> Result<&Arc<dyn Tool>, Failure> {
        let agent = self.names.agent_of(&asker.topic);
        let who =
            agent.map_or_else(|| format!("who reads {}", asker.topic), |agent| format!("agent {agent:?}"));
        let allowed = agent.and_then(|agent| self.allowed.get(agent));
        let is_allowed = allowed.is_some_and(|tools| tools.contains(tool));
        match self.tools.get(tool) {
            Some(found) if is_allowed => Ok(found),
            Some(_) => Err(Failure::new(
                FailureCode::NotAllowed,
                format!("call tool {tool:?}: {who} may not use it"),
                "let the agent use it in the team's own files, or do without",
            )),
            // What others may use is not told.
            None => Err(Failure::new(
                FailureCode::BadInput,
                format!(
                    "call tool {tool:?}: there is no such tool for {who}; {}",
                    hint(tool, allowed.into_iter().flatten().map(String::as_str))
                ),
                "mend the tool's name where it is called",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
