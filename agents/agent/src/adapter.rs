//! From a typed agent to the protocol's bytes, and back.

use std::sync::Arc;

use agents_work::{Effects, Fault, Happened, Logic, event};
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::Message;

use crate::agent::{Agent, Event, Parts, What};

/// A typed agent as [`Logic`].
pub struct Typed<A> {
    agent: Arc<A>,
    codec: Codec,
}

/// Makes the schemas of an agent's messages known; before the codec is made.
///
/// # Errors
/// The registry's own: a schema that cannot be parsed, or that breaks an earlier version.
pub fn register<A: Agent>(registry: &Registry) -> Result<(), schemas_codec::Error> {
    registry.register::<A::Input>()?;
    registry.register_state::<A::State>()?;
    Ok(())
}

impl<A: Agent> Typed<A> {
    /// Adapts an agent.
    #[must_use]
    pub fn new(agent: Arc<A>, codec: Codec) -> Self {
        Self { agent, codec }
    }

    fn read_input(&self, bytes: &Bytes) -> Result<A::Input, Fault> {
        self.codec
            .decode(bytes)
            .map_err(|error| Fault::bad_input(format!("read the input as {}: {error}", A::Input::NAME)))
    }

    fn what(&self, happened: Happened) -> Result<What<A::Input>, Fault> {
        Ok(match happened {
            Happened::Input(bytes) => What::Input(self.read_input(&bytes)?),
            Happened::Answer(answer) => What::Answer(answer),
            Happened::Gathered(gathered) => {
                let input = self.read_input(&gathered.context)?;
                What::Gathered(input, Parts::new(gathered, self.codec.clone()))
            }
            Happened::Timer(name) => What::Timer(name),
        })
    }
}

impl<A: Agent> Logic for Typed<A> {
    fn step(&self, event: &event::Event, state: &Bytes) -> Result<(Bytes, Effects), Fault> {
        let mut held: A::State = if state.is_empty() {
            A::State::default()
        } else {
            self.codec
                .decode_state(state)
                .map_err(|error| Fault::failed(format!("read the state as {}: {error}", A::State::NAME)))?
        };
        let what = self.what(event.happened.clone())?;
        let event = Event { at: event.at, task: event.task.clone(), what };
        let mut effects = Effects::new(self.codec.clone());
        self.agent.step(event, &mut held, &mut effects)?;
        let state = self
            .codec
            .encode_state(&held)
            .map_err(|error| Fault::failed(format!("write the state as {}: {error}", A::State::NAME)))?;
        Ok((state, effects))
    }

    fn version(&self) -> String {
        format!("{} {}", env!("CARGO_PKG_VERSION"), self.agent.configuration())
    }
}
