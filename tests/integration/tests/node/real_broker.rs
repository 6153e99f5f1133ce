//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

// What the tests stand on.
mod broker;
mod house;
mod ledger;
mod life;
mod producer;
mod tasks;

// The tests.
mod agents;
mod commands;
mod faults;
mod input;
mod kills;
mod moments;
