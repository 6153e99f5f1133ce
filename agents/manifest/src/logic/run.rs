//! One event's run through the steps: from where the work stands to where it waits or ends.

mod asks;
mod forks;

use agents_work::event::Answer;
use agents_work::{Effects, Fault};
use bytes::Bytes;
use minijinja::Value;
use schemas_records::tool::KnowledgeQuery;
use schemas_records::{Failure, FailureCode};
use serde_json::Value as Json;

use agents_join::{Gathered, PartOutcome};

use super::ManifestLogic;
use super::message::{Values, read, to_json};
use super::state::{ManifestOutcome, ManifestPart, ManifestState};
use crate::manifest::{Does, Step};

/// Where a step leads.
enum Next {
    /// The work waits for an answer, or has ended.
    Rest,
    /// The step with this index is taken.
    Step(usize),
}

/// One event's run.
pub(super) struct Run<'a> {
    logic: &'a ManifestLogic,
    task: &'a str,
    state: ManifestState,
    effects: Effects,
}

impl<'a> Run<'a> {
    pub(super) fn new(logic: &'a ManifestLogic, task: &'a str, state: ManifestState) -> Self {
        Self { logic, task, state, effects: Effects::new(logic.codec.clone()) }
    }

    /// The state and effects that it came to.
    pub(super) fn end(self) -> (ManifestState, Effects) {
        (self.state, self.effects)
    }

    /// The work begins.
    pub(super) fn begin(&mut self, input: &Bytes) -> Result<(), Fault> {
        let takes = &self.logic.takes;
        read(&self.logic.codec, Some(takes), input).map_err(|error| {
            Fault::bad_input(format!("read the input of agent {}: {error}", self.logic.agent.name))
        })?;
        self.state.input = input.clone();
        self.go_on(0)
    }

    /// The work begins as the end of a fork.
    pub(super) fn gather(&mut self, gathered: &Gathered) -> Result<(), Fault> {
        self.state.parts = gathered
            .parts
            .iter()
            .map(|(branch, outcome)| {
                let (outcome, value) = match outcome {
                    PartOutcome::Arrived(value) => (ManifestOutcome::Arrived, value.clone()),
                    PartOutcome::Failed(value) => (ManifestOutcome::Failed, value.clone()),
                    PartOutcome::Missing => (ManifestOutcome::Missing, Bytes::new()),
                };
                ManifestPart { branch: branch.clone(), outcome, value }
            })
            .collect();
        self.begin(&gathered.context)
    }

    /// What the work waited for has come.
    pub(super) fn answer(&mut self, answer: &Answer) -> Result<(), Fault> {
        let steps = &self.logic.agent.steps;
        let waiting =
            steps.iter().position(|step| step.label == self.state.step && answer.name == step.label);
        let Some((index, step)) = waiting.and_then(|index| Some((index, steps.get(index)?))) else {
            let (name, waits) = (&self.logic.agent.name, &self.state.step);
            let message = format!("agent {name} waits at step {waits:?}, the answer is to {:?}", answer.name);
            return Err(Fault::failed(message));
        };
        let value = match &step.does {
            Does::Ask(ask) => match self.read_answer(step, ask, answer)? {
                Ok(value) => value,
                Err(unusable) => return self.ask_again(step, ask, &unusable),
            },
            _ => {
                let value = answer.result.clone()?;
                read(&self.logic.codec, None, &value)
                    .map_err(|error| self.logic.fault(step, FailureCode::BadAnswer, error))?;
                value
            }
        };
        self.state.keep(&step.label, value);
        self.go_on(index + 1)
    }

    /// Takes steps until the work rests. Routes lead forward and loops are bounded, so it comes to rest.
    fn go_on(&mut self, from: usize) -> Result<(), Fault> {
        let mut index = from;
        loop {
            let logic = self.logic;
            let Some(step) = logic.agent.steps.get(index) else {
                let message = format!("agent {} has no step after the last", logic.agent.name);
                return Err(Fault::failed(message));
            };
            self.state.come_to(&step.label);
            match self.take(index, step)? {
                Next::Rest => return Ok(()),
                Next::Step(next) => index = next,
            }
        }
    }

    /// Takes one step.
    fn take(&mut self, index: usize, step: &Step) -> Result<Next, Fault> {
        let values = Values::of(self.logic, step, self.task, &self.state)?;
        if step.has_result() {
            self.state.step.clone_from(&step.label);
            self.state.asked = 0;
        }
        match &step.does {
            Does::Ask(ask) => self.ask(step, ask, None)?,
            Does::Tool { tool, send } => {
                let arguments = self.logic.build(step, send, &values, &self.state)?;
                self.effects.call_tool(&step.label, tool, arguments);
            }
            Does::Knowledge { base, query, top } => {
                let text = self.render(step, query, &values)?;
                let top = i32::try_from(*top).unwrap_or(i32::MAX);
                self.effects
                    .call_knowledge(&step.label, KnowledgeQuery { base: base.value.clone(), text, top });
            }
            Does::Call { agent, send } => {
                let value = self.logic.build(step, send, &values, &self.state)?;
                self.effects.call_framed(&step.label, agent, value);
            }
            Does::Fork { branches, join } => {
                let parts = self.parts_of_agents(step, branches, &values)?;
                self.fork(step, parts, join, &values)?;
            }
            Does::Each(each) => {
                let parts = self.parts_of_list(step, each, &values)?;
                self.fork(step, parts, &each.join, &values)?;
            }
            Does::Route { by, cases, otherwise } => {
                let value = self.word(step, by, &values)?;
                let case = cases.iter().find(|(case, _)| case.value == value).map(|(_, to)| to);
                let to = case.or(otherwise.as_ref());
                let to = to.ok_or_else(|| self.fault(step, format!("no case for {value:?}")))?;
                return self.at(step, to);
            }
            Does::Repeat { step: to, condition, at_most } => {
                let came = i64::from(self.state.round(&step.label));
                let holds = came <= *at_most && self.evaluate(step, condition, &values)?.is_true();
                return if holds { self.at(step, to) } else { Ok(Next::Step(index + 1)) };
            }
            Does::Reply(message) => {
                let value = self.logic.build(step, message, &values, &self.state)?;
                self.effects.reply_framed(value);
            }
            Does::Fail(sentence) => {
                let sentence = self.render(step, sentence, &values)?;
                let remedy = format!("agent {} says so in step {}", self.logic.agent.name, step.label);
                self.effects.fail(Failure::new(FailureCode::AgentFailed, sentence, remedy));
            }
            Does::Delegate { agent, send } => {
                let value = self.logic.build(step, send, &values, &self.state)?;
                self.effects.delegate_framed(agent, value);
            }
        }
        Ok(Next::Rest)
    }

    fn at(&self, step: &Step, name: &str) -> Result<Next, Fault> {
        let index = self.logic.agent.steps.iter().position(|one| one.label == name);
        index.map(Next::Step).ok_or_else(|| self.fault(step, format!("there is no step {name:?}")))
    }

    /// The manifest cannot go on here.
    fn fault(&self, step: &Step, message: impl std::fmt::Display) -> Fault {
        self.logic.fault(step, FailureCode::AgentFailed, message)
    }

    fn render(&self, step: &Step, template: &str, values: &Values) -> Result<String, Fault> {
        let rendered = self.logic.engine.render(template, &values.context());
        rendered.map_err(|error| self.fault(step, error))
    }

    fn evaluate(&self, step: &Step, expression: &str, values: &Values) -> Result<Value, Fault> {
        let value = self.logic.engine.evaluate(expression, &values.context());
        value.map_err(|error| self.fault(step, error))
    }

    /// A value that a route compares: text, or a number or truth value as text.
    fn word(&self, step: &Step, expression: &str, values: &Values) -> Result<String, Fault> {
        let value = self.evaluate(step, expression, values)?;
        match to_json(&value) {
            Ok(Json::String(text)) => Ok(text),
            Ok(Json::Bool(value)) => Ok(value.to_string()),
            Ok(Json::Number(number)) => Ok(number.to_string()),
            Ok(Json::Null) => Ok("none".to_owned()),
            _ => Err(self.fault(step, format!("{expression} is no text, number or truth value"))),
        }
    }
}
