//! (to be written)

pub mod hand_clock;
pub mod keyed_conformance;
pub mod log_conformance;
pub mod state_conformance;
