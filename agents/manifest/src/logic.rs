//! An agent's manifest as the protocol's `Logic`: pure, deterministic, without a clock.
//!
//! A step that asks waits for its answer, which becomes its result; every other step is taken at once,
//! until the work waits or ends. Values are JSON inside a step and framed Avro at every border.

mod answer;
mod message;
mod run;
mod state;

use std::sync::Arc;

use agents_work::{Effects, Event, Fault, Happened, Logic};
use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{Failure, FailureCode};

use crate::engine::Engine;
use crate::manifest::{Agent, Step};
use crate::team::Join;
use run::Run;

pub use state::ManifestState;

/// One agent of a team, ready to step.
pub(crate) struct ManifestLogic {
    pub(crate) agent: Arc<Agent>,
    /// The full name of what it takes.
    pub(crate) takes: String,
    /// The team's joins.
    pub(crate) joins: Arc<Vec<Join>>,
    pub(crate) engine: Engine,
    pub(crate) codec: Codec,
    pub(crate) version: String,
}

impl Logic for ManifestLogic {
    fn step(&self, event: &Event, state: &Bytes) -> Result<(Bytes, Effects), Fault> {
        let held: ManifestState = if state.is_empty() {
            ManifestState::default()
        } else {
            self.codec.decode_state(state).map_err(|error| {
                Fault::failed(format!("read the state of agent {}: {error}", self.agent.name))
            })?
        };
        let mut run = Run::new(self, event.task.as_str(), held);
        match &event.happened {
            Happened::Input(input) => run.begin(input)?,
            Happened::Gathered(gathered) => run.gather(gathered)?,
            Happened::Answer(answer) => run.answer(answer)?,
            Happened::Timer(name) => {
                return Err(Fault::failed(format!("agent {} set no timer {name:?}", self.agent.name)));
            }
        }
        let (held, effects) = run.end();
        let state = self.codec.encode_state(&held).map_err(|error| {
            Fault::failed(format!("write the state of agent {}: {error}", self.agent.name))
        })?;
        Ok((state, effects))
    }

    fn version(&self) -> String {
        self.version.clone()
    }
}

impl ManifestLogic {
    /// A failure of one of its steps.
    pub(crate) fn fault(&self, step: &Step, code: FailureCode, message: impl std::fmt::Display) -> Fault {
        let Agent { name, file, .. } = &*self.agent;
        let message = format!("step {} of agent {name}: {message}", step.label);
        let remedy = format!("see {file}, line {}", step.place.line);
        Fault { failure: Failure::new(code, message, remedy), is_bad_record: false }
    }
}
