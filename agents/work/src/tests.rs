//! The protocol case by case: each record against each state of a work, without a broker or store.
//!
//! A `House` holds the rows of several agents and routes what they send, so that whole tasks can be
//! walked record by record; an agent here is a script of effects.

mod beginnings;
mod budget;
mod endings;
mod external;
mod forks;
mod gateways;
mod house;
mod moves;
mod strange;
