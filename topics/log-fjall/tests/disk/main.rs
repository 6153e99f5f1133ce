//! What only a log on disk can show: opened again, held, damaged, full, killed, and what retention leaves.
//! What every log must keep is in the conformance suite.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod damaged;
mod full;
mod held;
mod killed;
mod reopened;
mod retained;
mod stage;
