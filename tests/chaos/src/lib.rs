//! Chaos on real servers: real nodes on a real broker and a real store, killed, frozen, scaled, upgraded and cut off
//! while tasks flow; and the verifier, which judges from the topics alone whether anything of that shows.
//!
//! `scripts/chaos` runs it. Read [`run`] for what happens, [`plan`] for what goes wrong, [`mod@verify`] for what must
//! hold.

// What is worked on.
pub mod tasks;
pub mod team;
// Who works, and on what.
pub mod fleet;
pub mod node;
pub mod servers;
// What goes wrong, and while what.
pub mod load;
pub mod plan;
pub mod strike;
pub mod watch;
// The run, and who judges it.
pub mod report;
pub mod run;
pub mod verify;
