//! What the figures in the closing notes come from. Read [`figures`] for how they are kept, then one
//! module a question; `scripts/bench` asks them all.
//!
//! A figure here is a median over interleaved rounds of one run, and every ratio is taken round by round
//! within it: these machines are shared. Nothing here passes or fails.

// What is asked.
pub mod hop;
pub mod latency;
pub mod nodes;
pub mod restart;
pub mod rows;
pub mod steps;
pub mod tasks;
pub mod waiting;
// What is measured.
pub mod children;
pub mod cql;
pub mod keys;
pub mod message;
pub mod raw;
pub mod traffic;
pub mod worker;
// What it is measured with.
pub mod arena;
pub mod feed;
pub mod figures;
pub mod machine;
pub mod pace;
pub mod watch;
