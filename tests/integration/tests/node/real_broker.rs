//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

// What the tests stand on.
mod house;
mod ledger;
mod life;
mod producer;
mod tasks;

// The tests.
mod agents;
mod commands;
mod desk;
mod faults;
mod input;
mod kills;
mod long_texts;
mod migrations;
mod models;
mod moments;
mod shared;
mod upkeep;
