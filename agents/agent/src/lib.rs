//! The typed agent: what users write, and how they test it without a broker.
//!
//! An agent is a pure function of an event and a state. This crate turns types into the bytes that the
//! life of a work is made of, and back; the rules of that life stand in `agents-work`.

mod adapter;
mod agent;
mod driver;

pub use adapter::{Typed, register};
pub use agent::{Agent, Event, Part, Parts, What};
pub use agents_work::{Answer, Effects, Fault, Fork};
pub use driver::{Driver, Gathering, Said};

#[cfg(test)]
mod tests;
