//! The node and the `tributary` command as a user meets them: whole processes on a real broker, killed, fed
//! with bad input, started wrongly.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test what fails must fail the test")]

mod real_broker;
