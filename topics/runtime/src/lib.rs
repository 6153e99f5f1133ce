//! The runtime: how records become steps and answers, and what is committed with what.
//!
//! Two loops live here. The [`worker`] takes a batch, steps every record through a pure [`Handler`],
//! writes state, and commits outputs and offsets in one transaction of milliseconds. The [`gateway`]
//! reads ahead, does slow things concurrently, completes out of order and commits a watermark.
//! This room knows records, keys, positions and epochs. It does not know what a task, a work, a fork or
//! a model is.

pub mod broker_clock;
pub mod dead_letters;
pub mod error;
pub mod gateway;
pub mod handler;
pub mod names;
pub mod probe;
mod shutdown;
mod spans;
pub mod worker;

pub use broker_clock::BrokerClock;
pub use dead_letters::DeadReason;
pub use error::{Error, Remedy};
pub use handler::{Beside, Handler, Input, NewState, Step, Stopped};
pub use probe::{Moment, NoProbe, Probe};
pub use shutdown::overdue;
