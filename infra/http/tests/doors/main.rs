//! The doors as those meet them who come with bad requests, too much, too slowly, or without a token. The desk
//! behind them is a made-up one: what a task is, is not theirs to know.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test what fails must fail the test")]

mod admin;
mod described;
mod desk;
mod public;
mod raw;
