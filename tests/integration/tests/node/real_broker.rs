//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

// What the tests stand on.
mod broker;
mod house;
mod ledger;
mod life;
mod tasks;

// The tests.
mod faults;
mod kills;
mod moments;
