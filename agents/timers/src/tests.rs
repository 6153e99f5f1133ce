//! The gateway's loop on the log and the store in memory, under virtual time: on time, over crashes, over
//! owners.

pub mod house;
mod stumble;

mod crashes;
mod firing;
mod owners;
mod trouble;
