//! Every decoder of bytes that come from outside, as a function of bytes that must return: it may refuse, but
//! not panic, not run away with memory or time, and not say something else when asked again.
//!
//! The targets are in [`targets`]. What runs them:
//!
//! - `cargo test -p tests-fuzz` replays the seeds and `corpus/`, and changes each a few hundred times by a
//!   fixed seed: no tool, no luck. A crash that was found becomes a file there.
//! - `scripts/fuzz` searches with libFuzzer, guided by coverage of our own crates, on stable Rust: see its
//!   `--help`. It builds `src/fuzz.rs`, one program for all targets, since each would link the whole house.
//!
//! Nothing here asserts what a decoder makes of good bytes; that is its own tests' matter.

pub mod bytes;
pub mod memory;
pub mod mutation;
pub mod targets;

pub use targets::{TARGETS, Target, find};
