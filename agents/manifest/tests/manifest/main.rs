//! Teams from folders: loaded, refused, drawn, and run agent by agent without a broker.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

mod folder;
mod stage;

mod answers;
mod bad;
mod bounds;
mod outline;
mod readme;
mod skeleton;
mod steps;
