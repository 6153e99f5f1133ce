//! What every test of the house is made with: the seams' conformance suites, a clock moved by hand, the
//! simulation of a whole house under a seed, a probe that kills, and the verifier that judges what lies in the
//! topics.
//!
//! It looks into every room; no room looks into it but in its tests.

pub mod deadly;
pub mod hand_clock;
pub mod keyed_conformance;
pub mod log_conformance;
pub mod recorded_log;
pub mod simulation;
pub mod state_conformance;
pub mod verify;
