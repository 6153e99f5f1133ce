//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

// What the tests stand on.
mod house;
mod ledger;
mod life;
mod producer;
mod program;
mod tasks;

// The tests.
mod adoption;
mod agents;
mod audit;
mod commands;
mod desk;
mod examples;
mod external;
mod faults;
mod input;
mod kills;
mod long_texts;
mod migrations;
mod models;
mod moments;
mod replicas;
mod shared;
mod status;
mod stores;
mod strangers;
mod upkeep;
