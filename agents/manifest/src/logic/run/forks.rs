//! Forks: over agents, over a list; their parts, and the join that gathers them.

use agents_work::{Fault, Fork};
use bytes::Bytes;
use minijinja::Value;
use schemas_records::FailureCode;
use schemas_records::protocol::JoinPolicy;
use serde_json::Value as Json;

use super::super::message::{Values, from_json, to_json};
use super::Run;
use crate::given::Message;
use crate::manifest::{Each, Join, Step};
use crate::problem::At;

/// A part to be: its branch, the agent that takes it, its message.
type Part = (String, String, Bytes);

impl Run<'_> {
    /// The parts of a fork over agents; each branch is named as its agent.
    pub(super) fn parts_of_agents(
        &self,
        step: &Step,
        branches: &[(At<String>, Message)],
        values: &Values,
    ) -> Result<Vec<Part>, Fault> {
        let mut parts = Vec::new();
        for (agent, send) in branches {
            let value = self.logic.build(step, send, values, &self.state)?;
            parts.push((agent.value.clone(), agent.value.clone(), value));
        }
        Ok(parts)
    }

    /// The parts of a fork over a list: branches are numbered from 1.
    pub(super) fn parts_of_list(
        &self,
        step: &Step,
        each: &Each,
        values: &Values,
    ) -> Result<Vec<Part>, Fault> {
        let Each { over, to, at_most, send, .. } = each;
        let Ok(Json::Array(items)) = to_json(&self.evaluate(step, over, values)?) else {
            return Err(self.fault(step, format!("{} is no list", over.value)));
        };
        if i64::try_from(items.len()).unwrap_or(i64::MAX) > *at_most {
            let message = format!("{} has {} items, at most {at_most} are allowed", over.value, items.len());
            return Err(self.logic.fault(step, FailureCode::NotAllowed, message));
        }
        let mut parts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let number = index + 1;
            let values = values.with("item", from_json(item)).with("index", Value::from(number));
            let value = self.logic.build(step, send, &values, &self.state)?;
            parts.push((format!("{}-{number}", to.value), to.value.clone(), value));
        }
        Ok(parts)
    }

    /// Forks, and hands the right to reply to the join.
    pub(super) fn fork(
        &mut self,
        step: &Step,
        parts: Vec<Part>,
        join: &Join,
        values: &Values,
    ) -> Result<(), Fault> {
        let context = self.logic.build(step, &join.context, values, &self.state)?;
        let Some(named) = self.logic.joins.iter().find(|one| one.name.value == join.name.value) else {
            return Err(self.fault(step, format!("there is no join {:?}", join.name.value)));
        };
        let mut fork: Fork<'_> = self.effects.fork();
        for (branch, agent, value) in parts {
            fork.branch_framed(&branch, &agent, value);
        }
        match named.policy {
            JoinPolicy::All => {}
            JoinPolicy::Quorum => fork.quorum(named.needed),
            JoinPolicy::First => fork.first(named.needed),
        }
        if let Some(within) = named.within {
            fork.within(within);
        }
        fork.join_framed(&named.at, context);
        Ok(())
    }
}
