//! Intake's loop on the log in memory, under virtual time: what it writes, what it refuses, the bound N,
//! crashes at every await.

pub mod house;
mod stumble;

mod bound;
mod crashes;
mod outcomes;
mod trouble;
