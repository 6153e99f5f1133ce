//! Tributary: a Kafka-native runtime for teams of LLM agents that must grow.
//!
//! **Agents decide. Gateways act. The log remembers.** An [`Agent`] is a pure function of an event and a
//! state; what it wants done it returns as effects; model calls are made by a gateway, and every answer
//! comes back as a record. This crate is what a user names: it re-exports what an agent is written with,
//! and gives a team the command line.
//!
//! ```no_run
//! use tributary::{Agent, Effects, Event, Fault, ModelRequest, Stateless, Text, What};
//!
//! struct Haiku;
//!
//! impl Agent for Haiku {
//!     type Input = Text;
//!     type State = Stateless;
//!
//!     fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
//!         match event.what {
//!             What::Input(topic) => effects.call_model("haiku", ModelRequest::new("You write haiku.", topic.text, 60)),
//!             What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
//!             _ => {}
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     tributary::node().agent("haiku", Haiku).main()
//! }
//! ```

mod acls;
mod app;
mod args;
mod ask;
mod desk;
mod group;
mod inbox;
mod kept;
mod model;
mod patience;
mod progress;
mod replay;
mod results;
mod run;
mod schemas;
mod state;
mod status;
mod submit;
mod teams;
mod topics;

pub mod briefing;

pub use agents_agent::{Agent, Answer, Driver, Effects, Event, Fault, Fork, Part, Parts, What};
pub use app::{App, Presentation, node};
pub use schemas_records::{Failure, FailureCode, Message, ModelAnswer, ModelRequest, Stateless, Text};
